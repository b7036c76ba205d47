import Collectives
import DataParallel
import NN
import Optimizers
import Tensors
import Testing
import Transformers

/// Adapters of a model that several ranks train.
@Suite("Adapters on several ranks")
struct AdapterTests {
  private static func model() throws -> any LabelledModel {
    try AutoModelForSequenceClassification.fromConfiguration(
      ModelConfiguration([
        "model_type": "bert", "vocab_size": 40, "hidden_size": 16, "num_hidden_layers": 2,
        "num_attention_heads": 2, "intermediate_size": 24, "max_position_embeddings": 12,
      ]))
  }

  @Test("only adapters travel, and two ranks learn what one does from the whole batch")
  func adaptersAlone() throws {
    @Sendable func train(_ rows: Range<Int>, _ group: ProcessGroup?) throws -> (
      bytes: Int, [[Float]]
    ) {
      let model = try Self.model()
      model.eval()
      let peft = try PeftModel(model, LoraConfig(r: 2, targetModules: ["query", "value"]))
      let parallel = try group.map { try DistributedDataParallel(model, group: $0) }
      let optimizer = SGD(peft.trainableParameters, lr: 0.5)
      let ids = Tensor.randint(40, [4, 6]).sliced(from: rows.lowerBound, to: rows.upperBound)
      let labels = Tensor([0, 1, 1, 0]).sliced(from: rows.lowerBound, to: rows.upperBound)
      for _ in 0..<3 {
        optimizer.zeroGrad()
        let loss =
          try parallel?.forward { _ in model(inputIds: ids, labels: labels).loss }
          ?? model(inputIds: ids, labels: labels).loss
        loss?.backward()
        optimizer.step()
      }
      return (
        parallel?.statistics.parameterBytes ?? 0,
        peft.trainableParameters.map { $0.value.array(of: Float.self) }
      )
    }
    let alone = try Generator(seed: 5).asDefault { try train(0..<4, nil) }
    let together = try onRanks(2) { try train(($0.rank * 2)..<($0.rank * 2 + 2), $0) }
    for result in together {
      // Two layers, two projections each, 2 · (16 + 16) numbers of 4 bytes.
      #expect(result.bytes == 4 * 2 * 32 * 4)
      #expect(distance(alone.1, result.1) < 1e-4)
    }
  }
}
