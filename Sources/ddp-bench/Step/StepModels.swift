import ArgumentParser
import Torus

/// The models of `ddp-bench step`, each with a batch, a loss and an optimizer. `torch_step.py` beside
/// this file says the same in PyTorch.
package enum StepModels {
  /// A model's name, what it is, and how it is made.
  package struct Entry: Sendable {
    package let name: String
    let summary: String
    let make: @Sendable () -> StepBenchmark
  }

  package static let all: [Entry] = [
    Entry(name: "mlp_sgd", summary: "784-128-10, batch 64, SGD") {
      images([784], MLP(inputs: 784, hidden: [128], classes: 10)) { SGD($0, lr: 0.01) }
    },
    Entry(name: "mlp_adam", summary: "the same with Adam") {
      images([784], MLP(inputs: 784, hidden: [128], classes: 10)) { Adam($0, lr: 1e-3) }
    },
    Entry(
      name: "digits", summary: "the digits CNN: 32 and 64 channels, 128 hidden, batch 64, AdamW"
    ) {
      images([1, 8, 8], ImageCNN(size: 8), adamW)
    },
    Entry(name: "cnn", summary: "the same on 28 x 28 pixels without padding, pooled once, SGD") {
      images([1, 28, 28], cnn()) { SGD($0, lr: 0.01) }
    },
    Entry(name: "r18", summary: "ResNet-18 on 32 x 32 pixels, batch 64, SGD with momentum") {
      images([3, 32, 32], ResNet(classes: 10, stem: .small)) {
        SGD($0, lr: 0.01, momentum: 0.9, weightDecay: 5e-4)
      }
    },
    Entry(name: "lstm", summary: "256 cells over 64 of 10,000 words, batch 32, AdamW") {
      let model = LastStateClassifier()
      return benchmark(
        model, adamW(model.parameters()), .randint(0, 10000, [32, 64]), .randint(0, 2, [32]),
        unit: "samples"
      ) { model($0) }
    },
    Entry(name: "gptb", summary: "4 layers, 4 heads, 128 wide, context 64, batch 12, AdamW") {
      characters(CharGPT(vocabulary: 65, context: 64, bias: true), batch: 12)
    },
    Entry(name: "gpt", summary: "6 layers, 6 heads, 384 wide, context 256, batch 8, AdamW") {
      characters(
        CharGPT(vocabulary: 65, context: 256, layers: 6, heads: 6, width: 384, bias: true), batch: 8
      )
    },
    Entry(name: "bert", summary: "6 layers, 12 heads, 384 wide, 16 texts of 128 tokens, AdamW") {
      let model = bert()
      let mask = Tensor.ones([16, 128], dtype: .int64)
      return benchmark(
        model, adamW(model.parameters()), .randint(0, 30522, [16, 128]), .randint(0, 2, [16]),
        unit: "samples"
      ) { model(ModelInputs(inputIds: $0, attentionMask: mask), labels: nil).logits }
    },
  ]

  private static func adamW(_ parameters: [Parameter]) -> Optimizer {
    AdamW(parameters, lr: 1e-4, weightDecay: 0.01)
  }

  private static func benchmark(
    _ module: Module, _ optimizer: Optimizer, _ x: Tensor, _ y: Tensor, unit: String,
    _ forward: @escaping (Tensor) -> Tensor
  ) -> StepBenchmark {
    StepBenchmark(
      module: module, optimizer: optimizer, batch: (x, y),
      loss: { F.crossEntropy(forward(x), y) }, unit: unit, units: y.count)
  }

  /// 64 random images of ten classes.
  private static func images(
    _ shape: [Int], _ model: some Layer, _ optimizer: ([Parameter]) -> Optimizer
  ) -> StepBenchmark {
    benchmark(
      model, optimizer(model.parameters()), .randn([64] + shape), .randint(0, 10, [64]),
      unit: "samples"
    ) { model($0) }
  }

  /// As many characters at once as the model sees.
  private static func characters(_ model: CharGPT, batch: Int) -> StepBenchmark {
    benchmark(
      model, adamW(model.parameters()), .randint(0, 65, [batch, model.context]),
      .randint(0, 65, [batch * model.context]), unit: "tokens"
    ) { model($0).flattened(to: 1) }
  }

  private static func cnn() -> Sequential {
    Sequential(
      Conv2d(1, 32, 3), ReLU(), Conv2d(32, 64, 3), ReLU(), MaxPool2d(2), Flatten(),
      Linear(64 * 12 * 12, 128), ReLU(), Linear(128, 10))
  }

  private static func bert() -> BertForSequenceClassification {
    let fields = ConfigurationValue.object([
      .init("model_type", .string("bert")), .init("vocab_size", .int(30522)),
      .init("hidden_size", .int(384)), .init("num_hidden_layers", .int(6)),
      .init("num_attention_heads", .int(12)), .init("intermediate_size", .int(1536)),
    ])
    do {
      return try BertForSequenceClassification(ModelConfiguration(fields))
    } catch {
      fail("ddp-bench", "BERT's configuration is refused: \(error)")
    }
  }
}

/// An LSTM over words whose last output is classified.
final class LastStateClassifier: Module, Layer {
  let embedding = Embedding(10000, 128)
  let lstm = LSTM(128, 256, batchFirst: true)
  let head = Linear(256, 2)

  func forward(_ x: Tensor) -> Tensor { head(lstm(embedding(x)).output[0..., -1]) }
}

extension StepBenchmark {
  /// Refuses a name that no model has.
  static func check(_ name: String) throws {
    let names = StepModels.all.map(\.name)
    guard !names.contains(name) else { return }
    throw ValidationError(
      "there is no model \(name); known are \(names.joined(separator: ", "))")
  }
}
