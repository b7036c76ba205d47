import Archives
import Datasets
import Foundation
import Testing

/// CIFAR's Python version, in tiny files from Golden/make_cifar.py.
@Suite struct CIFARTests {
  /// The pickles by name.
  private static let pickles: [String: Data] = {
    let folder = Bundle.module.url(forResource: "Golden", withExtension: nil)
    guard let file = folder?.appending(path: "cifar.pickles.gz"),
      let packed = FileManager.default.contents(atPath: file.path),
      var rest = try? Gzip.decompress(packed)[...]
    else { return [:] }
    var result: [String: Data] = [:]
    while let end = rest.firstIndex(of: 10) {
      let words = String(decoding: rest[..<end], as: UTF8.self).split(separator: " ")
      guard words.count == 2, let count = Int(words[1]) else { break }
      result[String(words[0])] = Data(rest[(end + 1)...].prefix(count))
      rest = rest[(end + 1)...].dropFirst(count)
    }
    return result
  }()

  private func pickle(_ name: String) throws -> Data { try #require(Self.pickles[name]) }

  private func labels(_ images: CIFAR) -> [Int] { (0..<images.count).map { images[$0].label } }

  @Test("files of Python 2 and of each protocol have the same images and classes")
  func versions() throws {
    let folder = try TemporaryFolder()
    for name in ["python2", "protocol2", "protocol4", "protocol5"] {
      for gzip in [false, true] {
        let images = try CIFAR(
          paths: [folder.write("\(name)-\(gzip)", try pickle(name), gzip: gzip)])
        #expect(images.count == 2 && labels(images) == [3, 9], "\(name)")
        #expect(images[0].pixels[0] == 0.2 && images[0].pixels[1024] == 0.4, "\(name)")
        #expect(images[1].pixels == [Float](repeating: 1, count: 3072), "\(name)")
      }
    }
    let hundred = try folder.write("train", try pickle("hundred"))
    #expect(try labels(CIFAR(paths: [hundred], kind: .cifar100)) == [99, 40])
    #expect(try labels(CIFAR(paths: [hundred], kind: .cifar100Coarse)) == [19, 4])
  }

  @Test("both versions are found in a folder and in the distribution's folder in it, with names")
  func folders() throws {
    let folder = try TemporaryFolder()
    let (ten, hundred) = ("cifar-10-batches-py", "cifar-100-python")
    for batch in 1...5 {
      try folder.write("\(ten)/data_batch_\(batch)", try pickle("protocol2"), gzip: batch == 3)
    }
    try folder.write("\(ten)/batches.meta", try pickle("meta10"))
    try folder.write("\(hundred)/train", try pickle("hundred"))
    try folder.write("\(hundred)/meta", try pickle("meta100"))
    for place in [folder.path, "\(folder.path)/\(ten)"] {
      let train = try CIFAR(folder: place, split: .train)
      #expect(train.count == 10 && train[9].label == 9 && train[8].pixels[0] == 0.2)
      #expect(train.classNames == (0..<10).map { "thing \($0)" })
      #expect(train.fingerprint.files.map(\.records) == [2, 2, 2, 2, 2])
    }
    for (kind, name) in [(CIFAR.Kind.cifar100, "fine 99"), (.cifar100Coarse, "coarse 19")] {
      let train = try CIFAR(folder: folder.path, split: .train, kind: kind)
      #expect(train.classNames.last == name && train.classNames.count == train.classCount)
    }
    // Of the two versions the binary one is read.
    try folder.write("train.bin", [1, 2] + [UInt8](repeating: 0, count: 3072))
    #expect(try labels(CIFAR(folder: folder.path, split: .train, kind: .cifar100)) == [2])
    expectDataError(.missing, "no test_batch.bin, and no test_batch") {
      _ = try CIFAR(folder: folder.path, split: .test)
    }
    try FileManager.default.removeItem(atPath: "\(folder.path)/\(ten)/data_batch_4")
    expectDataError(.missing, "there is no data_batch_4.", "Python version") {
      _ = try CIFAR(folder: "\(folder.path)/\(ten)", split: .train)
    }
  }

  @Test("files that do not fit are refused with what is wrong")
  func refusals() throws {
    let folder = try TemporaryFolder()
    let faults: [(String, DataError.Problem, String)] = [
      ("python2-wide", .malformed, "6144 bytes do not fill an array of [2, 3071]"),
      ("one-label", .mismatch, "1 classes for 2 images"),
      ("big-label", .outOfRange, "record 1: the class 10 is not below 10"),
      ("negative-label", .outOfRange, "the class -1"),
      ("floats", .malformed, "an array of >f4"),
      ("no-data", .malformed, "no array “data” of [images, 3072]"),
      ("hundred", .malformed, "no list “labels”"),
      ("meta10", .malformed, "no array “data”"),
    ]
    for (name, problem, words) in faults {
      expectDataError(problem, name, words) {
        _ = try CIFAR(paths: [try folder.write(name, try pickle(name))])
      }
    }
    let whole = try pickle("python2")
    for count in [2, 30, 60, 100, 150, 200, 3000, whole.count - 1] {
      expectDataError(.truncated, "cut") {
        _ = try CIFAR(paths: [try folder.write("cut", whole.prefix(count))])
      }
    }
    expectDataError(.malformed, "calls os.system") {
      let call = Array("\u{2}cos\nsystem\n(U\u{2}lstR.".utf8)
      _ = try CIFAR(paths: [try folder.write("call", [0x80] + call)])
    }
  }
}
