import Archives
import Datasets
import Foundation
import Testing

@Suite("Image sources")
struct ImageSourceTests {
  @Test("the digits come with the package and are split by seed, never by the file's tail")
  func digits() throws {
    let digits = try Digits()
    #expect(digits.count == 1_797)
    #expect(digits.imageShape == [1, 8, 8] && digits[0].pixels.count == 64)
    // The first line begins 0,0,5,13,9,1 and is a zero.
    #expect(digits[0].pixels.prefix(6).map { $0 * 16 } == [0, 0, 5, 13, 9, 1] as [Float])
    #expect(digits[0].label == 0 && digits[2].label == 2)
    let counts = (0..<10).map { label in (0..<digits.count).count { digits[$0].label == label } }
    #expect(counts == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])

    let split = try digits.split(seed: 0)
    #expect(split.heldOut.count == 360 && split.training.count == 1_437)
    let all = Set(split.heldOut.indices).union(split.training.indices)
    #expect(all.count == 1_797)
    #expect(split.heldOut.indices.count { $0 >= 1_437 } < 150)
    #expect(try digits.split(seed: 0).heldOut.indices == split.heldOut.indices)
    #expect(try digits.split(seed: 1).heldOut.indices != split.heldOut.indices)
    expectDataError(.tooSmall, "1797 of 1797") { _ = try digits.split(heldOut: 1_797, seed: 0) }
  }

  @Test("digits in a file of the user's are checked line by line")
  func digitsFile() throws {
    let folder = try TemporaryFolder()
    let good = (Array(repeating: "16", count: 64) + ["9"]).joined(separator: ",")
    let path = try folder.write("d.csv.gz", good + "\n" + good + "\n", gzip: true)
    #expect(try Digits(path: path)[1].pixels == Array(repeating: 1, count: 64))

    func file(_ second: String) throws -> String {
      try folder.write("bad.csv", good + "\n" + second)
    }
    let high = try file(good.replacingOccurrences(of: ",9", with: ",10"))
    expectDataError(.outOfRange, "bad.csv, line 2", "label 10") { _ = try Digits(path: high) }
    let dark = try file("17" + good.dropFirst(2))
    expectDataError(.outOfRange, "line 2", "pixel 17") { _ = try Digits(path: dark) }
    let short = try file("1,2,3")
    expectDataError(.malformed, "line 2", "3 fields where 65") { _ = try Digits(path: short) }
    let word = try file(good.replacingOccurrences(of: ",9", with: ",x"))
    expectDataError(.malformed, "line 2, column 65", "“x” is no number") {
      _ = try Digits(path: word)
    }
  }

  /// A folder with a tiny distribution of 3 images of 2 × 2 pixels.
  func distribution(
    gzip: Bool, images: [UInt8]? = nil, labels: [UInt8]? = nil
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let suffix = gzip ? ".gz" : ""
    try folder.write(
      "train-images-idx3-ubyte" + suffix,
      images ?? ([0, 0, 8, 3] + bigEndian(3, 2, 2) + Array(0..<12)), gzip: gzip)
    try folder.write(
      "train-labels-idx1-ubyte" + suffix,
      labels ?? ([0, 0, 8, 1] + bigEndian(3) + [7, 0, 9]), gzip: gzip)
    return folder
  }

  @Test("IDX pairs are read plain and compressed", arguments: [false, true])
  func idx(gzip: Bool) throws {
    let folder = try distribution(gzip: gzip)
    let images = try IDXImages(folder: folder.path, split: .train)
    #expect(images.count == 3 && images.imageShape == [1, 2, 2])
    #expect(images[1] == LabelledImage(pixels: [4, 5, 6, 7].map { $0 / 255 }, label: 0))
    #expect(images.fingerprint.records == 3 && images.fingerprint.files.count == 2)
  }

  @Test("missing IDX files are listed with where to get them")
  func idxMissing() throws {
    let folder = try distribution(gzip: false)
    expectDataError(
      .missing, folder.path, "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
      "http://yann.lecun.com/exdb/mnist/", "https://github.com/zalandoresearch/fashion-mnist"
    ) { _ = try IDXImages(folder: folder.path, split: .test) }
    expectDataError(.missing, "no such folder") {
      _ = try IDXImages(folder: "/nowhere/at/all", split: .test)
    }
  }

  @Test("broken IDX files are refused with what is wrong")
  func idxBroken() throws {
    func open(images: [UInt8]? = nil, labels: [UInt8]? = nil) throws {
      let folder = try distribution(gzip: false, images: images, labels: labels)
      _ = try IDXImages(folder: folder.path, split: .train)
    }
    let header = [0, 0, 8, 3] + bigEndian(3, 2, 2)
    expectDataError(.truncated, "train-images", "needs 12 bytes", "11 are there") {
      try open(images: header + Array(0..<11))
    }
    expectDataError(.truncated, "header of 3 dimensions") {
      try open(images: Array(header.prefix(9)))
    }
    expectDataError(.truncated, "too few") { try open(images: [0, 0]) }
    expectDataError(.truncated, "0 bytes") { try open(images: []) }
    expectDataError(.malformed, "1 bytes follow") { try open(images: header + Array(0..<13)) }
    expectDataError(.malformed, "no IDX file") { try open(images: Array("<!DOCTYPE html>".utf8)) }
    expectDataError(.truncated, "too many") {
      try open(images: [0, 0, 8, 3] + bigEndian(0xffff_ffff, 0xffff_ffff, 1))
    }
    expectDataError(.malformed, "impossible") {
      try open(images: [0, 0, 8, 4] + bigEndian(1, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff))
    }
    expectDataError(.malformed, "[count, rows, columns]") {
      try open(images: [0, 0, 8, 1] + bigEndian(2) + [1, 2])
    }
    expectDataError(.mismatch, "2 labels do not fit the 3 images") {
      try open(labels: [0, 0, 8, 1] + bigEndian(2) + [1, 2])
    }
    expectDataError(.outOfRange, "train-labels", "record 2", "label 10") {
      try open(labels: [0, 0, 8, 1] + bigEndian(3) + [1, 2, 10])
    }
    expectDataError(.empty, "no images") {
      try open(images: [0, 0, 8, 3] + bigEndian(0, 2, 2), labels: [0, 0, 8, 1] + bigEndian(0))
    }
  }

  @Test("all IDX element types are read big-endian")
  func idxTypes() throws {
    let folder = try TemporaryFolder()
    let cases: [(UInt8, [UInt8], Float)] = [
      (0x08, [200], 200), (0x09, [0xff], -1), (0x0b, [0xff, 0xfe], -2),
      (0x0c, [0, 1, 0, 0], 65_536), (0x0d, [0x3f, 0xc0, 0, 0], 1.5),
      (0x0e, [0xc0, 0, 0, 0, 0, 0, 0, 0], -2),
    ]
    for (type, bytes, value) in cases {
      let path = try folder.write("\(type).idx", [0, 0, type, 2] + bigEndian(1, 1) + bytes)
      #expect(try IDXFile(path: path).record(0) == [value])
    }
  }

  @Test("a truncated or damaged gzip file is refused by name")
  func gzip() throws {
    let folder = try distribution(gzip: true)
    let path = folder.path + "/train-images-idx3-ubyte.gz"
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in 2..<whole.count {
      try whole.prefix(length).write(to: URL(fileURLWithPath: path))
      expectDataError(.truncated, path, "Download or copy it again") {
        _ = try IDXImages(folder: folder.path, split: .train)
      }
    }
    var flipped = whole
    flipped[whole.count - 6] ^= 1
    try flipped.write(to: URL(fileURLWithPath: path))
    expectDataError(.malformed, path, "incorrect data check") {
      _ = try IDXImages(folder: folder.path, split: .train)
    }
    try (whole + [1]).write(to: URL(fileURLWithPath: path))
    expectDataError(.malformed, "1 bytes follow") {
      _ = try IDXImages(folder: folder.path, split: .train)
    }
    try (whole + [0, 0]).write(to: URL(fileURLWithPath: path))
    #expect(try IDXImages(folder: folder.path, split: .train).count == 3)
  }

  @Test("gzip members that follow one another are one file")
  func gzipMembers() throws {
    let joined = try Gzip.compress(Data("one ".utf8)) + Gzip.compress(Data("two".utf8))
    #expect(try Gzip.decompress(joined) == Data("one two".utf8))
    let long = Data((0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 7) })
    #expect(try Gzip.decompress(Gzip.compress(long)) == long)
  }
}
