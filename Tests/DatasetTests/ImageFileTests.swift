import Datasets
import Foundation
import Tensors
import Testing

struct ImageGolden: Decodable {
  var name: String
  var shape, pixels, rgb, gray: [Int]
}

/// A committed image.
func goldenImage(_ name: String) throws -> URL {
  try #require(Bundle.module.url(forResource: "Golden", withExtension: nil))
    .appending(path: "images/\(name)")
}

@Suite("Image files")
struct ImageFileTests {
  static let cases: [ImageGolden] = (try? golden("images/images")) ?? []

  private static var readsJPEG: Bool {
    (try? ImageFile.read(path: goldenImage("smooth.jpg").path)) != nil
  }

  @Test("images have Pillow's pixels, in every mode")
  func pixels() throws {
    #expect(Self.cases.count == 11)
    for image in Self.cases where !image.name.hasSuffix("jpg") {
      let path = try goldenImage(image.name).path
      let read = try ImageFile.read(path: path)
      #expect(read.shape == image.shape && read.dtype == .uint8, "\(image.name)")
      #expect(read.array(of: Int.self) == image.pixels, "\(image.name)")
      let rgb = try ImageFile.read(path: path, mode: .rgb)
      #expect(rgb.array(of: Int.self) == image.rgb, "\(image.name)")
      #expect(
        try ImageFile.read(path: path, mode: .gray).array(of: Int.self) == image.gray,
        "\(image.name)")
    }
    let wide = try ImageFile.read(path: goldenImage("wide.png").path)
    #expect(wide.shape == [1, 5, 7])
  }

  @Test(
    "JPEG images have Pillow's pixels to within a rounding of the library",
    .enabled(if: readsJPEG, "libturbojpeg is not installed"))
  func jpeg() throws {
    for image in Self.cases where image.name.hasSuffix("jpg") {
      let read = try ImageFile.read(path: goldenImage(image.name).path)
      #expect(read.shape == image.shape)
      let far = zip(read.array(of: Int.self), image.pixels).map { abs($0 - $1) }.max()
      #expect(far ?? 255 <= 2, "\(image.name)")
    }
    let cut = try Data(contentsOf: goldenImage("smooth.jpg")).dropLast(60)
    expectDataError(.malformed, "JPEG") { _ = try ImageFile.decode(Data(cut), path: "x.jpg") }
  }

  @Test("damaged images are errors that name the file")
  func damaged() throws {
    let png = try Data(contentsOf: goldenImage("rgb.png"))
    for count in 0..<png.count {
      #expect(throws: DataError.self) { try ImageFile.decode(png.prefix(count), path: "x.png") }
    }
    var wrong = png
    wrong[png.count / 2] ^= 1
    expectDataError(.malformed, "x.png", "checksum") {
      _ = try ImageFile.decode(wrong, path: "x.png")
    }
    let ppm = try Data(contentsOf: goldenImage("rgb.ppm"))
    expectDataError(.truncated, "5") { _ = try ImageFile.decode(ppm.dropLast(), path: "x.ppm") }
    expectDataError(.malformed, "impossible") {
      _ = try ImageFile.decode(Data("P6 999999999 999999999 255\n".utf8), path: "x.ppm")
    }
    expectDataError(.malformed, "no PNG") { _ = try ImageFile.decode(Data("GIF89a".utf8)) }
    let text = try ImageFile.decode(Data("P3 # a comment\n2 1 15 0 5 15\n1 2 3".utf8))
    #expect(text.shape == [3, 1, 2] && text.array(of: Int.self) == [0, 17, 85, 34, 255, 51])
  }

  @Test("CIFAR's binary files give images and classes")
  func cifar() throws {
    let folder = try TemporaryFolder()
    func record(_ labels: [UInt8], _ first: UInt8) -> [UInt8] {
      labels + (0..<3072).map { $0 == 0 ? first : UInt8($0 / 1024 * 100) }
    }
    for batch in 1...5 {
      try folder.write(
        "data_batch_\(batch).bin", record([UInt8(batch)], 51) + record([9], 255), gzip: batch == 2)
    }
    let train = try CIFAR(folder: folder.path, split: .train)
    #expect(train.count == 10 && train.classCount == 10)
    #expect((0..<10).map { train[$0].label } == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
    #expect(train[6].pixels[0] == 0.2 && train[7].pixels[1024] == Float(100) / 255)
    #expect(train.fingerprint.files.map(\.records) == [2, 2, 2, 2, 2])
    try folder.write("train.bin", record([3, 77], 1))
    let hundred = try CIFAR(folder: folder.path, split: .train, kind: .cifar100)
    #expect(hundred[0].label == 77 && hundred.classCount == 100)
    let coarse = try CIFAR(paths: ["\(folder.path)/train.bin"], kind: .cifar100Coarse)
    #expect(coarse[0].label == 3)
    expectDataError(.missing, "test_batch.bin", "cifar") {
      _ = try CIFAR(folder: folder.path, split: .test)
    }
    expectDataError(.truncated, "3073") {
      _ = try CIFAR(paths: [try folder.write("cut.bin", record([1], 0).dropLast())])
    }
    expectDataError(.outOfRange, "record 0", "10") {
      _ = try CIFAR(paths: [try folder.write("wrong.bin", record([10], 0))])
    }
  }

  @Test("a folder for each class gives images in order, transformed with draws of their own")
  func folders() throws {
    let folder = try TemporaryFolder()
    let image = try Data(contentsOf: goldenImage("rgb.png"))
    for name in ["dog/2.png", "dog/1.PNG", "cat/deep/9.png", "dog/notes.txt", ".hidden/3.png"] {
      try folder.write(name, image)
    }
    let images = try ImageFolder(path: folder.path)
    #expect(images.classes == ["cat", "dog"])
    #expect(images.samples.map(\.name) == ["cat/deep/9.png", "dog/1.PNG", "dog/2.png"])
    let (x, y) = try images[1]
    #expect(x.shape == [3, 5, 7] && x.dtype == .float32 && y == 1)
    let crops = try ImageFolder(path: folder.path, transform: RandomCrop(4, padding: 2))
    func batch(_ workers: Int) -> [Float] {
      DataLoader(crops, batchSize: 3, shuffle: true, workers: workers, seed: 3)
        .flatMap { $0.0.array(of: Float.self) }
    }
    #expect(batch(0) == batch(3) && batch(0).count == 3 * 48)
    try folder.write("empty/notes.txt", "nothing")
    expectDataError(.missing, "empty", "no images") { _ = try ImageFolder(path: folder.path) }
    expectDataError(.missing, "no such folder") {
      _ = try ImageFolder(path: folder.path + "/none")
    }
  }
}
