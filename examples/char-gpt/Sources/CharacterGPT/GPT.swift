import Torus

/// A small GPT over characters, written out.
final class GPT: Module, Layer {
  let tokens: Embedding
  let positions: Embedding
  let blocks: [Block]
  let norm: LayerNorm
  let head: Linear
  let context: Int

  init(characters: Int, context: Int, width: Int = 128, layers: Int = 4, heads: Int = 4) {
    self.context = context
    tokens = Embedding(characters, width)
    positions = Embedding(context, width)
    blocks = (0..<layers).map { _ in Block(width, heads) }
    norm = LayerNorm(width)
    head = Linear(width, characters, bias: false)
  }

  /// The next character's logits at every place: `[N, T]` to `[N, T, characters]`.
  func forward(_ ids: Tensor) -> Tensor {
    var x = tokens(ids) + positions(Tensor.arange(ids.shape[1]))
    for block in blocks { x = block(x) }
    return head(norm(x))
  }

  /// Continues a text, a character at a time.
  func write(after prompt: [Int], count: Int) -> [Int] {
    noGrad {
      var text = prompt
      for _ in 0..<count {
        let window = Tensor([Array(text.suffix(context))])
        text.append(self(window)[0, -1].softmax(dim: -1).multinomial(1).item(Int.self))
      }
      return text
    }
  }
}

/// Attention to what came before, and a network at every place, each beside its input.
final class Block: Module, Layer {
  let norm1: LayerNorm
  let attention: CausalAttention
  let norm2: LayerNorm
  let network: Sequential

  init(_ width: Int, _ heads: Int) {
    (norm1, norm2) = (LayerNorm(width), LayerNorm(width))
    attention = CausalAttention(width, heads)
    network = Sequential(Linear(width, 4 * width), GELU(), Linear(4 * width, width))
  }

  func forward(_ x: Tensor) -> Tensor {
    let x = x + attention(norm1(x))
    return x + network(norm2(x))
  }
}

/// Several heads of attention, each place to itself and those before it.
final class CausalAttention: Module, Layer {
  let input: Linear
  let output: Linear
  let heads: Int

  init(_ width: Int, _ heads: Int) {
    self.heads = heads
    input = Linear(width, 3 * width)
    output = Linear(width, width)
  }

  func forward(_ x: Tensor) -> Tensor {
    let (n, t, width) = (x.shape[0], x.shape[1], x.shape[2])
    let parts = input(x).chunk(3, dim: -1).map {
      $0.reshaped(n, t, heads, width / heads).transposed(1, 2)
    }
    let y = F.scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
    return output(y.transposed(1, 2).reshaped(n, t, width))
  }
}
