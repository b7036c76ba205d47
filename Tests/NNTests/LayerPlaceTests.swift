import NN
import Tensors
import Testing

/// Failures name the layer that computes.
@Suite("The layer of a failure")
struct LayerPlaceTests {
  private final class Net: Module, Layer {
    let stem = Sequential(Linear(4, 6), ReLU())
    let head = Linear(5, 2)
    func forward(_ x: Tensor) -> Tensor { head(stem(x)) }
  }

  @Test("it is named by its place in the model, and by its type")
  func inside() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Sequential(["body": Net(), "act": ReLU()])(.ones([3, 4]))
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("[3, 6]") && said.contains("(layer body.head: Linear)"), "\(said)")
  }

  @Test("a layer that is called by itself is not, nor one whose pass has ended")
  func outside() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let x = Net().stem(.ones([3, 4]))
      _ = Linear(5, 2)(x)
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("[3, 6]") && !said.contains("(layer"), "\(said)")
    let ended = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Net().stem(.ones([3, 4])) + Tensor.ones([5])
    }
    let later = String(decoding: ended?.standardErrorContent ?? [], as: UTF8.self)
    #expect(later.contains("[5]") && !later.contains("(layer"), "\(later)")
  }

  private final class Unmade: Module, Layer {
    let head = Linear(5, 2)
    lazy var later = Linear(2, 2)
    func forward(_ x: Tensor) -> Tensor { later(head(x)) }
  }

  @Test("a model that cannot be searched hides no failure")
  func unmade() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Unmade()(.ones([3, 6]))
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.contains("[3, 6] does not fit") && !said.contains("later"), "\(said)")
  }
}
