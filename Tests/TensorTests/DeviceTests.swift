import Testing
import Torus

/// Where tensors lie.
@Suite("Devices")
struct DeviceTests {
  @Test("every tensor lies on the CPU, which its views and its text do not change")
  func cpu() {
    let x: Tensor = [[1, 2], [3, 4]]
    #expect(x.device == .cpu)
    #expect(x.transposed(0, 1).device == .cpu)
    #expect("\(Device.cpu)" == "cpu")
    #expect(!"\(x)".contains("cpu"))
  }

  @Test("a move to where a tensor lies is the tensor itself, with its graph")
  func to() {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let moved = x.to(.cpu)
    #expect(moved.storage === x.storage)
    (moved * 3).sum().backward()
    #expect(x.grad?.array(of: Float.self) == [3, 3])
  }
}
