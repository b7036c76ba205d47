import Checkpoints
import NN
import Tensors
import Testing

@Suite("Tied weights")
struct TiedWeightTests {
  final class Tied: Module {
    let embedding = Linear(2, 2, bias: false)
    let head: Linear

    override init() {
      head = embedding
      super.init()
    }
  }

  @Test("a parameter with two names is filled from either")
  func either() throws {
    for name in ["embedding.weight", "head.weight"] {
      let model = Tied()
      let state = StateDict([(name, Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]))])
      let report = try model.load(state)
      #expect(report.missing.isEmpty && report.unexpected.isEmpty)
      #expect(model.head.weight.value.array(of: Float.self) == [1, 2, 3, 4])
    }
    let error = #expect(throws: StateDictError.self) { try Tied().load(StateDict()) }
    #expect(error?.missing == ["embedding.weight", "head.weight"])
  }

  @Test("two values for one parameter are an error that names both")
  func contradiction() throws {
    let model = Tied()
    let value = Tensor([1, 2, 3, 4] as [Float], shape: [2, 2])
    try model.load(StateDict([("embedding.weight", value), ("head.weight", value.clone())]))
    let error = #expect(throws: StateDictError.self) {
      try model.load(
        StateDict([("embedding.weight", value), ("head.weight", value + 1)]), strict: false)
    }
    #expect(error?.contradictions.first?.name == "embedding.weight")
    #expect(error?.description.contains("embedding.weight and head.weight") == true)
    #expect(model.head.weight.value.array(of: Float.self) == [1, 2, 3, 4])
  }
}
