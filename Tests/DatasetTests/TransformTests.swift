import Datasets
import Foundation
import Tensors
import Testing

private struct TransformGolden: Decodable {
  struct Case: Decodable {
    var name: String
    var seed: UInt64
    var shape: [Int]
    var values: [Float]
  }
  var shape: [Int]
  var image: [Float]
  var cases: [Case]
}

@Suite("Transforms of images")
struct TransformTests {
  private let cases: TransformGolden
  private let image: Tensor

  init() throws {
    cases = try golden("images/transforms")
    image = Tensor(cases.image, shape: cases.shape) / 255
  }

  private let transforms: [String: any ImageTransform] = [
    "CenterCrop(6)": CenterCrop(6), "CenterCrop(15)": CenterCrop(15),
    "RandomCrop(8)": RandomCrop(8), "RandomCrop(12, padding=4)": RandomCrop(12, padding: 4),
    "RandomCrop(10, reflect)": RandomCrop(10, padding: 3, paddingMode: .reflect),
    "RandomCrop(14, fill)": RandomCrop(14, padIfNeeded: true, fill: 0.5),
    "Resize(8)": Resize(8), "Resize(20, 10)": Resize(20, width: 10),
    "Resize(5, no antialias)": Resize(5, antialias: false),
    "RandomResizedCrop(9)": RandomResizedCrop(9),
    "RandomResizedCrop(7, narrow)": RandomResizedCrop(7, scale: 0.9...1, ratio: 3...4),
    "RandomHorizontalFlip": RandomHorizontalFlip(),
    "RandomVerticalFlip": RandomVerticalFlip(p: 0.3),
    "Normalize": Normalize(mean: [0.4, 0.5, 0.6], std: [0.2, 0.3, 0.4]),
    "ColorJitter(0.4, 0.3, 0.5, 0.1)": ColorJitter(
      brightness: 0.4, contrast: 0.3, saturation: 0.5, hue: 0.1),
    "ColorJitter(hue=0.5)": ColorJitter(hue: 0.5), "RandomErasing": RandomErasing(),
    "RandomErasing(random)": RandomErasing(p: 1, value: nil),
  ]

  @Test("the same seed gives torchvision's images")
  func torchvision() throws {
    var checked: Set<String> = []
    for item in cases.cases where !item.name.hasPrefix("RandAugment") {
      let transform = try #require(transforms[item.name])
      let result = Generator(seed: item.seed).asDefault { transform(image) }
      try #require(result.shape == item.shape, "\(item.name), seed \(item.seed)")
      let far = zip(result.array(of: Float.self), item.values).map { abs($0 - $1) }.max() ?? 1
      #expect(far < 2e-5, "\(item.name), seed \(item.seed)")
      checked.insert(item.name)
    }
    #expect(checked == Set(transforms.keys))
  }

  @Test("RandAugment makes torchvision's changes", arguments: [9, 24])
  func randAugment(magnitude: Int) {
    let transform = RandAugment(numOps: 2, magnitude: magnitude)
    let found = cases.cases.filter { $0.name == "RandAugment(2, \(magnitude))" }
    #expect(found.count == 12)
    for item in found {
      let result = Generator(seed: item.seed).asDefault { transform(image) }
      let values = (result * 255).round().array(of: Float.self)
      // A pixel that lies between two may be taken from either.
      let different = zip(values, item.values).count { abs($0 - $1) > 1 }
      #expect(different <= values.count / 50, "seed \(item.seed): \(different) of \(values.count)")
    }
  }

  @Test("transforms follow each other, and bytes become numbers from 0 to 1")
  func composed() {
    let bytes = (image * 255).round().to(.uint8)
    let both = Compose(ToFloat(), CenterCrop(4))(bytes)
    #expect(both.shape == [3, 4, 4] && both.dtype == .float32)
    #expect(ToFloat()(bytes).array(of: Float.self) == image.array(of: Float.self))
    #expect(Compose()(image).array(of: Float.self) == image.array(of: Float.self))
  }

  @Test("mixed batches share images and classes alike")
  func mixed() {
    let images = Tensor.stack((0..<3).map { Tensor.full([2, 8, 8], Double($0)) })
    let labels = Tensor([0, 1, 2])
    for seed in 0..<20 as Range<UInt64> {
      Generator(seed: seed).asDefault {
        let (x, y) = MixUp(numClasses: 3, alpha: 0.4)(images, labels)
        #expect(x.shape == images.shape && y.shape == [3, 3])
        let share = y.array(of: Float.self)
        // Image 1 is blended with image 0, whose pixels are 0.
        #expect(abs(x.array(of: Float.self)[128] - share[4]) < 1e-6)
        #expect(abs(share[3] + share[4] - 1) < 1e-6 && share[5] == 0)
        let (cut, shares) = CutMix(numClasses: 3)(images, labels)
        let own = cut.array(of: Float.self)[128..<192].count { $0 == 1 }
        #expect(abs(Float(own) / 64 - shares.array(of: Float.self)[4]) < 1e-6)
      }
    }
    let draws = (0..<200).map { seed in
      Generator(seed: UInt64(seed)).asDefault {
        MixUp(numClasses: 3, alpha: 2)(images, labels).labels.array(of: Float.self)[0]
      }
    }
    // Beta(2, 2) has mean 1/2 and variance 1/20.
    let mean = draws.reduce(0, +) / 200
    let variance = draws.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 200
    #expect(abs(mean - 0.5) < 0.06 && abs(variance - 0.05) < 0.015)
  }
}
