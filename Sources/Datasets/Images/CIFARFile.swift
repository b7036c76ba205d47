import Foundation
import TensorFiles

/// The images and classes of one file.
struct CIFARFile: Sendable {
  /// The number of images.
  let count: Int
  /// The pixels, each image's 3072 bytes `step` behind those of the one before.
  private let data: Data
  private let firstPixel, step: Int
  /// Each image's class; where nil, the byte at `labelByte` of its record.
  private let labels: [Int]?
  private let labelByte: Int

  private static let pixelBytes = 3072

  /// Opens a file, gzip or plain, of the binary or the Python version.
  init(path: String, kind: CIFAR.Kind) throws(DataError) {
    let data = try SourceFile.contents(of: path)
    if PickleFile.isPickle(data) {
      try self.init(pickle: data, path: path, kind: kind)
    } else {
      try self.init(records: data, path: path, kind: kind)
    }
    for record in 0..<count where !(0..<kind.classCount).contains(label(record)) {
      throw DataError(
        .outOfRange, path: path, at: "record \(record)",
        "the class \(label(record)) is not below \(kind.classCount)",
        remedy: "Check which file this is")
    }
  }

  /// Records of a byte with the class (in CIFAR-100 one with the coarse class before it) and 3072
  /// bytes, a plane for each color.
  private init(records data: Data, path: String, kind: CIFAR.Kind) throws(DataError) {
    let labelBytes = kind.classCount == 10 ? 1 : 2
    let size = labelBytes + Self.pixelBytes
    guard data.count % size == 0 else {
      throw DataError(
        .truncated, path: path,
        "its \(data.count) bytes are no whole number of records of \(size) bytes",
        remedy: "Check which file this is, and copy it again")
    }
    (self.data, firstPixel, step) = (data, labelBytes, size)
    (labels, labelByte) = (nil, kind.classCount == 100 ? 1 : 0)
    count = data.count / size
  }

  /// A pickled dict with an array `data` of `[images, 3072]` and a list of classes.
  private init(pickle: Data, path: String, kind: CIFAR.Kind) throws(DataError) {
    let key =
      switch kind {
      case .cifar10: "labels"
      case .cifar100: "fine_labels"
      case .cifar100Coarse: "coarse_labels"
      }
    let batch = try CIFARLayout.unpickled(pickle, path: path)
    func wrong(_ what: String) -> DataError {
      DataError(.malformed, path: path, what, remedy: "Check which file this is")
    }
    guard case .tensor(let array)? = batch.member("data"), array.dtype == .uint8,
      array.shape.count == 2, array.shape[1] == Self.pixelBytes
    else { throw wrong("it has no array “data” of [images, \(Self.pixelBytes)] bytes") }
    guard case .list(let list)? = batch.member(key) else {
      throw wrong("it has no list “\(key)” of classes")
    }
    var labels: [Int] = []
    for (index, element) in list.enumerated() {
      guard case .int(let label) = element else {
        throw wrong("element \(index) of “\(key)” is no whole number")
      }
      labels.append(label)
    }
    guard labels.count == array.shape[0] else {
      throw DataError(
        .mismatch, path: path, "there are \(labels.count) classes for \(array.shape[0]) images",
        remedy: "Copy it again")
    }
    (data, firstPixel, step) = (array.bytes, 0, Self.pixelBytes)
    (self.labels, labelByte) = (labels, 0)
    count = labels.count
  }

  /// An image's bytes: a plane for each color.
  func pixels(_ record: Int) -> Data {
    let first = data.startIndex + record * step + firstPixel
    return data[first..<first + Self.pixelBytes]
  }

  /// An image's class.
  func label(_ record: Int) -> Int {
    labels?[record] ?? Int(data[data.startIndex + record * step + labelByte])
  }
}
