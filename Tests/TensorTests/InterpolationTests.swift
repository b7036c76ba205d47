import Foundation
import TensorTesting
import Testing
import Torus

/// Factors that make a size, or twice a size, only after rounding. Values are PyTorch 2.13's.
@Suite("Interpolation by odd factors")
struct InterpolationTests {
  @Test("lines and volumes take the nearest by the factor, images by the sizes")
  func nearest() {
    let line = Tensor([0.0, 1, 2], shape: [1, 1, 3]).requiringGrad()
    let longer = F.interpolate(line, scaleFactor: 2.03, mode: .nearest)
    #expect(longer.array(of: Float.self) == [0, 0, 0, 1, 1, 2])
    longer.sum().backward()
    #expect(line.grad?.array(of: Float.self) == [3, 2, 1])
    let image = Tensor((0..<6).map { Float($0) }, shape: [1, 1, 2, 3])
    let larger = F.interpolate(image, scaleFactor: 2.4, mode: .nearest)
    #expect(
      larger.array(of: Float.self) == [
        0, 0, 0, 1, 1, 2, 2, 0, 0, 0, 1, 1, 2, 2, 3, 3, 3, 4, 4, 5, 5, 3, 3, 3, 4, 4, 5, 5,
      ])
    let volume = image.reshaped([1, 1, 1, 2, 3])
    let deeper = F.interpolate(volume, scaleFactor: [1.2, 1.2, 1.2], mode: .nearest)
    #expect(deeper.array(of: Float.self) == [0, 0, 1, 0, 0, 1])
  }

  @Test("an antialiasing filter leaves a dimension alone whose size stays")
  func antialias() {
    let x = Tensor.arange(12, dtype: .float32).square().reshaped([1, 1, 4, 3])
    for mode in [InterpolationMode.bicubic, .bilinear] {
      let both = F.interpolate(x, scaleFactor: [2.04, 1.14], mode: mode, antialias: true)
      let rows = F.interpolate(x, scaleFactor: [2.04, 1], mode: mode, antialias: true)
      #expect(both.shape == [1, 1, 8, 3] && both.equal(rows))
    }
  }

  @Test("circular padding takes no more than is left")
  func circular() async {
    let x = Tensor((0..<6).map { Float($0) }, shape: [1, 2, 3])
    #expect(
      F.pad(x, [2, -1], mode: .circular).array(of: Float.self) == [0, 1, 0, 1, 3, 4, 3, 4])
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = F.pad(Tensor.zeros([1, 2, 3]), [2, -2], mode: .circular)
    }
    #expect(
      says("pad: mode circular takes at most 1 elements beside dimension 2 of size 3", result))
  }
}
