import Foundation
import Models
import NN
import Optimizers
import Tensors
import Testing

/// PyTorch programs and their ports, statement by statement. The seed alone ties them: data, initial
/// weights, batches and dropout are drawn on both sides, and no weight is copied. The programs, and the
/// losses that PyTorch had, stand in `Curves`.
@Suite("Ported programs have PyTorch's curves", .serialized)
struct CurveTests {
  @Test("a multilayer perceptron")
  func mlp() throws {
    try Generator(seed: 1).asDefault {
      let patterns = Tensor.randn(10, 64)
      let labels = Tensor.randint(0, 10, [512])
      let inputs = patterns[labels] + 2 * Tensor.randn(512, 64)

      let model = Sequential(
        Linear(64, 128), ReLU(), Linear(128, 64), Tanh(), Linear(64, 10))
      let optimizer = AdamW(model.parameters(), lr: 1e-3, weightDecay: 0.01)
      let scheduler = CosineAnnealingLR(optimizer, tMax: 100)

      try compare("mlp") {
        let rows = Tensor.randint(0, 512, [32])
        optimizer.zeroGrad()
        let loss = F.crossEntropy(model(inputs[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss
      }
    }
  }

  final class Net: Module, Layer {
    let conv1 = Conv2d(3, 16, 3, padding: 1)
    let bn1 = BatchNorm2d(16)
    let conv2 = Conv2d(16, 32, 3, padding: 1)
    let bn2 = BatchNorm2d(32)
    let dropout1 = Dropout2d(0.1)
    let fc1 = Linear(32 * 3 * 3, 64)
    let dropout2 = Dropout(0.5)
    let fc2 = Linear(64, 10)

    func forward(_ x: Tensor) -> Tensor {
      var x = F.maxPool2d(bn1(conv1(x)).relu(), [2])
      x = F.maxPool2d(bn2(conv2(x)).relu(), [2])
      x = dropout1(x).flattened(from: 1)
      return fc2(dropout2(fc1(x).relu()))
    }
  }

  @Test("convolutions with batch norm and dropout")
  func cnn() throws {
    try Generator(seed: 2).asDefault {
      let patterns = Tensor.randn(10, 3, 12, 12)
      let labels = Tensor.randint(0, 10, [256])
      let images = patterns[labels] + 2 * Tensor.randn(256, 3, 12, 12)

      let model = Net()
      let optimizer = SGD(
        model.parameters(), lr: 0.02, momentum: 0.9, weightDecay: 5e-4, nesterov: true)
      let scheduler = StepLR(optimizer, stepSize: 40, gamma: 0.5)

      try compare("cnn") {
        let rows = Tensor.randperm(256)[..<32]
        optimizer.zeroGrad()
        let loss = F.crossEntropy(model(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        scheduler.step()
        return loss
      }
    }
  }

  final class Classifier: Module {
    let embedding = Embedding(61, 32, paddingIdx: 0)
    let lstm = LSTM(32, 48, numLayers: 2, batchFirst: true, dropout: 0.3, bidirectional: true)
    let dropout = Dropout(0.3)
    let output = Linear(96, 3)

    func callAsFunction(_ words: Tensor, _ lengths: Tensor) -> Tensor {
      let packed = packPaddedSequence(
        dropout(embedding(words)), lengths: lengths.array(of: Int.self), batchFirst: true,
        enforceSorted: false)
      let hidden = lstm(packed).state.hidden
      return output(dropout(Tensor.cat([hidden[-2], hidden[-1]], dim: 1)))
    }
  }

  @Test("an LSTM over sequences of different lengths")
  func lstm() throws {
    try Generator(seed: 3).asDefault {
      let lengths = Tensor.randint(4, 13, [256])
      let labels = Tensor.randint(0, 3, [256])
      let own = 1 + 16 * labels[.all, .newAxis] + Tensor.randint(0, 16, [256, 12])
      let mixed = Tensor.where(Tensor.rand(256, 12) < 0.5, own, Tensor.randint(1, 61, [256, 12]))
      let words = mixed * (Tensor.arange(12) < lengths[.all, .newAxis])

      let model = Classifier()
      let optimizer = Adam(model.parameters(), lr: 2e-3)

      try compare("lstm") {
        let rows = Tensor.randint(0, 256, [16])
        optimizer.zeroGrad()
        let loss = F.crossEntropy(model(words[rows], lengths[rows]), labels[rows])
        loss.backward()
        clipGradNorm(model.parameters(), maxNorm: 1)
        optimizer.step()
        return loss
      }
    }
  }

  final class Block: Module, Layer {
    let heads: Int
    let ln1: LayerNorm
    let qkv: Linear
    let proj: Linear
    let ln2: LayerNorm
    let fc: Linear
    let out: Linear
    let dropout: Dropout

    init(_ width: Int, _ heads: Int, _ dropout: Double) {
      self.heads = heads
      ln1 = LayerNorm([width])
      qkv = Linear(width, 3 * width)
      proj = Linear(width, width)
      ln2 = LayerNorm([width])
      fc = Linear(width, 4 * width)
      out = Linear(4 * width, width)
      self.dropout = Dropout(dropout)
    }

    func attention(_ x: Tensor) -> Tensor {
      let (n, t, width) = (x.size(0), x.size(1), x.size(2))
      let parts = qkv(x).split(width, dim: 2).map {
        $0.view(n, t, heads, width / heads).transposed(1, 2)
      }
      let y = F.scaledDotProductAttention(parts[0], parts[1], parts[2], isCausal: true)
      return proj(y.transposed(1, 2).reshaped(n, t, width))
    }

    func forward(_ x: Tensor) -> Tensor {
      let y = x + dropout(attention(ln1(x)))
      return y + dropout(out(F.gelu(fc(ln2(y)))))
    }
  }

  final class GPT: Module, Layer {
    let wte: Embedding
    let wpe: Embedding
    let dropout: Dropout
    let blocks: [Block]
    let lnF: LayerNorm

    init(
      vocabulary: Int, context: Int, width: Int, heads: Int, layers: Int, dropout: Double
    ) {
      wte = Embedding(vocabulary, width)
      wpe = Embedding(context, width)
      self.dropout = Dropout(dropout)
      blocks = (0..<layers).map { _ in Block(width, heads, dropout) }
      lnF = LayerNorm([width])
      super.init()
      for (name, parameter) in namedParameters() {
        if parameter.shape.count == 2 {
          Init.normal(parameter, std: 0.02)
        } else if name.hasSuffix("bias") {
          Init.zeros(parameter)
        }
      }
    }

    func forward(_ x: Tensor) -> Tensor {
      let positions = wpe.weight.value[..<x.size(1)]
      let embedded = dropout(wte(x) + positions)
      return F.linear(lnF(blocks.reduce(embedded) { $1($0) }), wte.weight.value)
    }
  }

  @Test("a small GPT")
  func gpt() throws {
    try Generator(seed: 4).asDefault {
      let tokens = Tensor.randint(1, 5, [4096]).cumsum(dim: 0) % 48

      let model = GPT(vocabulary: 48, context: 32, width: 64, heads: 4, layers: 2, dropout: 0.1)
      let decayed = model.parameters().filter { $0.shape.count >= 2 }
      let others = model.parameters().filter { $0.shape.count < 2 }
      let optimizer = AdamW(
        [ParameterGroup(decayed, weightDecay: 0.1), ParameterGroup(others, weightDecay: 0)],
        lr: 3e-3, betas: (0.9, 0.95), eps: 1e-6)
      let scheduler = LambdaLR(optimizer) { step in
        min(1, Double(step + 1) / 10) * 0.5 * (1 + cos(Double.pi * Double(step) / 100))
      }

      try compare("gpt") {
        let starts = Tensor.randint(0, 4096 - 32, [8])
        let windows = tokens[starts[.all, .newAxis] + Tensor.arange(33)]
        optimizer.zeroGrad()
        let logits = model(windows[.all, ..<32])
        let loss = F.crossEntropy(logits.reshaped(-1, 48), windows[.all, 1...].reshaped(-1))
        loss.backward()
        clipGradNorm(model.parameters(), maxNorm: 1)
        optimizer.step()
        scheduler.step()
        return loss
      }
    }
  }

  @Test("ResNet-18")
  func resNet18() throws {
    try Generator(seed: 5).asDefault {
      let patterns = Tensor.randn(10, 3, 32, 32)
      let labels = Tensor.randint(0, 10, [64])
      let images = patterns[labels] + 2 * Tensor.randn(64, 3, 32, 32)

      let model = ResNet(classes: 10, zeroInitResidual: true)
      let optimizer = SGD(model.parameters(), lr: 0.005, momentum: 0.9, weightDecay: 5e-4)

      // Kernels of a debug build are not optimized, and its steps take seconds.
      #if DEBUG
        let steps = 20
      #else
        let steps = 100
      #endif
      try compare("resnet18", steps: steps) {
        let rows = Tensor.randperm(64)[..<16]
        optimizer.zeroGrad()
        let loss = F.crossEntropy(model(images[rows]), labels[rows])
        loss.backward()
        optimizer.step()
        return loss
      }
    }
  }

  /// Takes steps and compares their losses with those in `Curves`: to 1e-4 of them in the first 20 steps,
  /// and from there to a tolerance that grows evenly to 1e-2 at step 100.
  private func compare(_ name: String, steps: Int = 100, step: () -> Tensor) throws {
    let folder = try #require(Bundle.module.url(forResource: "Curves", withExtension: nil))
    let text = try String(contentsOf: folder.appending(path: "\(name).csv"), encoding: .utf8)
    let rows = text.split(whereSeparator: \.isNewline)
    try #require(rows.count == 101 && rows[0] == "step,loss")
    for (index, row) in rows[1...steps].enumerated() {
      let fields = row.split(separator: ",")
      let expected = try #require(fields.last.flatMap { Double($0) })
      let tolerance = index < 20 ? 1e-4 : 1e-4 + (1e-2 - 1e-4) * Double(index - 19) / 80
      let loss = step().item(Double.self)
      try #require(
        abs(loss - expected) <= tolerance * expected,
        "\(name): step \(index + 1) has a loss of \(loss), and PyTorch \(expected)")
    }
  }
}
