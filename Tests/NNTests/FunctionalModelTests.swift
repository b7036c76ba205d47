import NN
import Tensors
import Testing

/// Models made by calling layers on tensors that are not there yet.
@Suite("Functional models")
struct FunctionalModelTests {
  @Test("several inputs and outputs, open sizes, and shared layers")
  func graph() throws {
    let (image, words) = (Input(1, 4, 4), Input(nil, dtype: .int64))
    let flat = Flatten()(image)
    let shared = Linear(16, 8)
    let seen = ReLU()(shared(flat)) + shared(flat, named: "unused")
    let read = Embedding(10, 8)(words).map { $0.mean(dim: 1) }
    let both = SymbolicTensor.cat([seen, read])
    #expect(both.shape == [nil, 16] && words.shape == [nil, nil] && words.dtype == .int64)
    let model = FunctionalModel(
      inputs: [image, words],
      outputs: [Linear(16, 3)(both, named: "topic"), Linear(16, 1)(both)])
    #expect(
      model.stateDict().names == [
        "linear.weight", "linear.bias", "embedding.weight", "topic.weight", "topic.bias",
        "linear_1.weight", "linear_1.bias",
      ])
    #expect(model.outputShapes == [[nil, 3], [nil, 1]] && model["linear"] === shared)
    let outputs = model([Tensor.randn([5, 1, 4, 4]), Tensor.zeros([5, 7], dtype: .int64)])
    #expect(outputs.map(\.shape) == [[5, 3], [5, 1]])
    (outputs[0].sum() + outputs[1].sum()).backward()
    #expect(model.parameters().allSatisfy { $0.grad != nil })
    let summary = model.summary(batchSize: 2)
    #expect(summary["topic"]?.outputShape == [2, 3] && summary["linear"]?.calls == 2)
    #expect(summary.parameters == 16 * 8 + 8 + 80 + 51 + 17)
  }

  @Test("one of one input and output is a layer, also in another model")
  func nested() throws {
    let x = Input(4)
    let encoder = FunctionalModel(inputs: x, outputs: Tanh()(Linear(4, 3)(x)))
    let y = Input(4)
    let model = FunctionalModel(inputs: y, outputs: Linear(3, 2)(Dropout(0.5)(encoder(y))))
    #expect(
      model.namedParameters().map(\.name) == [
        "functional_model.linear.weight", "functional_model.linear.bias", "linear.weight",
        "linear.bias",
      ])
    #expect(model.modules().filter { !$0.isTraining }.isEmpty)
    var seen: [Int] = []
    encoder.registerForwardHook { _, _, output in seen = output.shape }
    #expect(Sequential(model, ReLU())(Tensor.ones([6, 4])).shape == [6, 2] && seen == [6, 3])
  }

  @Test("what does not fit is said where it is written")
  func refused() async {
    let shapes = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Linear(5, 2)(Input(4))
    }
    let said = String(decoding: shapes?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("[1, 4]"))
    let missing = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let (a, b) = (Input(4), Input(4))
      _ = FunctionalModel(inputs: a, outputs: a + b)
    }
    let lacking = String(decoding: missing?.standardErrorContent ?? [], as: UTF8.self)
    #expect(lacking.contains("an Input of [any, 4] that is not among the inputs"))
    let wide = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let a = Input(4)
      _ = FunctionalModel(inputs: a, outputs: Linear(4, 2)(a))(Tensor.zeros(3, 5))
    }
    let other = String(decoding: wide?.standardErrorContent ?? [], as: UTF8.self)
    #expect(other.contains("an input of [3, 5] is none of [any, 4]"))
  }
}
