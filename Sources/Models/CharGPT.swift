import Foundation
import NN
import Tensors

/// A decoder-only transformer over characters, pre-norm, with learned positions and a head that
/// shares the embedding's weight (Radford et al. 2019; nanoGPT's shape and names).
///
/// `[N, T] → [N, T, vocabulary]` for T up to the context.
public final class CharGPT: Module, Layer {
  /// The character embedding, and the head's weight.
  public let wte: Embedding
  /// The position embedding.
  public let wpe: Embedding
  /// The transformer blocks.
  public let h: [Block]
  /// The last norm.
  public let lnF: LayerNorm
  let drop: Dropout
  /// The most characters that are seen at once.
  public let context: Int

  /// - Parameters:
  ///   - vocabulary: The number of characters.
  ///   - context: The most characters that are seen at once.
  ///   - layers: The number of transformer blocks.
  ///   - heads: The number of attention heads, which divides the width.
  ///   - width: The size of a token's state.
  ///   - dropout: The probability with which an activation is dropped.
  ///   - bias: Whether linear layers and norms have biases.
  ///   - dtype: The parameters' element type.
  public init(
    vocabulary: Int, context: Int, layers: Int = 4, heads: Int = 4, width: Int = 128,
    dropout: Double = 0, bias: Bool = false, dtype: DType = .float32
  ) {
    self.context = context
    wte = Embedding(vocabulary, width, dtype: dtype)
    wpe = Embedding(context, width, dtype: dtype)
    h = (0..<layers).map { _ in
      Block(width: width, heads: heads, dropout: dropout, bias: bias, dtype: dtype)
    }
    lnF = LayerNorm([width], bias: bias, dtype: dtype)
    drop = Dropout(dropout)
    super.init()
    initialize(layers)
  }

  /// Normal weights of deviation 0.02, projections back into the residual stream divided by
  /// √(2 layers), and zero biases (GPT-2's start).
  private func initialize(_ layers: Int) {
    for (name, parameter) in namedParameters() {
      if name.hasSuffix("c_proj.weight") {
        Init.normal(parameter, std: 0.02 / (2 * Double(layers)).squareRoot())
      } else if parameter.shape.count >= 2 {
        Init.normal(parameter, std: 0.02)
      } else if name.hasSuffix("bias") {
        Init.zeros(parameter)
      }
    }
  }

  /// The logits of the next character at every position.
  public func forward(_ characters: Tensor) -> Tensor {
    let length = characters.shape[1]
    require(
      length <= context, "CharGPT", "\(length) characters are more than the context of \(context)")
    var x = drop(wte(characters) + wpe.weight.value.sliced(to: length))
    for block in h { x = block(x) }
    return lnF(x).linear(wte.weight.value)
  }

  /// Continues a text, one drawn character after the other.
  /// - Parameters:
  ///   - prompt: At least one character.
  ///   - count: How many characters to add.
  ///   - temperature: Divides the logits; 0 takes the likeliest character.
  ///   - topK: Draw only among this many likeliest characters.
  ///   - generator: What is drawn from.
  /// - Returns: The prompt and its continuation.
  public func generate(
    from prompt: [Int], count: Int, temperature: Double = 1, topK: Int? = nil,
    generator: Generator? = nil
  ) -> [Int] {
    require(!prompt.isEmpty, "generate", "the prompt must hold at least one character")
    return noGrad {
      var text = prompt
      for _ in 0..<count {
        let window = Array(text.suffix(context))
        let logits = self(Tensor(window, shape: [1, window.count]))[0, -1]
        require(
          !logits.max().item(Double.self).isNaN, "generate",
          "the scores of character \(text.count - prompt.count + 1) are NaN: the model's weights are"
        )
        if temperature == 0 {
          text.append(logits.argmax().item(Int.self))
          continue
        }
        var scaled = CharGPT.scaled(logits, temperature)
        if let topK, topK < scaled.count {
          let sorted = scaled.array(of: Float.self).sorted(by: >)
          scaled = scaled.maskedFill(scaled.lt(sorted[topK - 1]), -Double.infinity)
        }
        let drawn = scaled.softmax(dim: -1).multinomial(1, generator: generator)
        text.append(drawn.item(Int.self))
      }
      return text
    }
  }

  /// logits / temperature, less a constant where the quotient itself would overflow: a temperature
  /// next to 0 leaves the likeliest character alone.
  private static func scaled(_ logits: Tensor, _ temperature: Double) -> Tensor {
    if temperature >= 1e-30 { return logits / temperature }
    let wide = logits.to(.float64)
    return ((wide - wide.max()) / temperature).to(logits.dtype)
  }

  /// One block: attention and a feed-forward layer, each behind a norm and around the residual.
  public final class Block: Module, Layer {
    let ln1: LayerNorm
    let attn: Attention
    let ln2: LayerNorm
    let mlp: FeedForward

    init(width: Int, heads: Int, dropout: Double, bias: Bool, dtype: DType) {
      ln1 = LayerNorm([width], bias: bias, dtype: dtype)
      attn = Attention(width: width, heads: heads, dropout: dropout, bias: bias, dtype: dtype)
      ln2 = LayerNorm([width], bias: bias, dtype: dtype)
      mlp = FeedForward(width: width, dropout: dropout, bias: bias, dtype: dtype)
    }

    /// GPT-2's names have a digit behind an underscore.
    public override class var stateNames: [String: String] { ["ln1": "ln_1", "ln2": "ln_2"] }

    /// The output of attention and of the layers behind it, each beside its input.
    public func forward(_ x: Tensor) -> Tensor {
      let y = x + attn(ln1(x))
      return y + mlp(ln2(y))
    }
  }

  /// Causal self-attention with one projection for queries, keys and values.
  final class Attention: Module, Layer {
    let cAttn: Linear
    let cProj: Linear
    let residDropout: Dropout
    private let heads: Int
    private let dropout: Double

    init(width: Int, heads: Int, dropout: Double, bias: Bool, dtype: DType) {
      cAttn = Linear(width, 3 * width, bias: bias, dtype: dtype)
      cProj = Linear(width, width, bias: bias, dtype: dtype)
      residDropout = Dropout(dropout)
      (self.heads, self.dropout) = (heads, dropout)
    }

    func forward(_ x: Tensor) -> Tensor {
      let (n, t, width) = (x.shape[0], x.shape[1], x.shape[2])
      let parts = cAttn(x).split(width, dim: 2).map {
        $0.view([n, t, heads, width / heads]).transposed(1, 2)
      }
      let y = F.scaledDotProductAttention(
        parts[0], parts[1], parts[2], dropoutP: isTraining ? dropout : 0, isCausal: true)
      return residDropout(cProj(y.transposed(1, 2).reshaped([n, t, width])))
    }
  }

  /// Four times as wide inside, with GELU.
  final class FeedForward: Module, Layer {
    let cFc: Linear
    let cProj: Linear
    let dropout: Dropout

    init(width: Int, dropout: Double, bias: Bool, dtype: DType) {
      cFc = Linear(width, 4 * width, bias: bias, dtype: dtype)
      cProj = Linear(4 * width, width, bias: bias, dtype: dtype)
      self.dropout = Dropout(dropout)
    }

    func forward(_ x: Tensor) -> Tensor { dropout(cProj(F.gelu(cFc(x)))) }
  }
}
