import Foundation

/// CIFAR-10 or CIFAR-100 in their binary files: 32 × 32 pixels in three colors, 0 to 255 become 0 to 1.
///
/// A record is a byte with the class (in CIFAR-100 one with the coarse class before it) and 3072 bytes, a plane for
/// each color. Files are mapped, and images are read one by one.
public struct CIFAR: ImageDataset, Sendable {
  /// Which of the two.
  public enum Kind: Sendable {
    /// Ten classes.
    case cifar10
    /// A hundred classes.
    case cifar100
    /// CIFAR-100's twenty classes of classes.
    case cifar100Coarse
  }

  /// Which half of the distribution.
  public enum Split: String, Sendable {
    /// 50,000 images.
    case train
    /// 10,000 images.
    case test
  }

  /// The number of classes.
  public let classCount: Int
  /// The size of an image: `[3, 32, 32]`.
  public let imageShape = [3, 32, 32]
  /// Where the files are.
  public let paths: [String]
  private let files: [Data]
  private let starts: [Int]
  private let labelBytes, labelByte: Int

  private static let pixelBytes = 3072

  /// Opens binary files, gzip or plain, one after another.
  /// - Throws: ``DataError`` where a file is missing, no whole number of records, or has a class that there is not.
  public init(paths: [String], kind: Kind = .cifar10) throws(DataError) {
    self.paths = paths
    (classCount, labelBytes, labelByte) =
      switch kind {
      case .cifar10: (10, 1, 0)
      case .cifar100: (100, 2, 1)
      case .cifar100Coarse: (20, 2, 0)
      }
    var (files, starts): ([Data], [Int]) = ([], [0])
    let size = labelBytes + Self.pixelBytes
    for path in paths {
      let data = try SourceFile.contents(of: path)
      guard data.count % size == 0 else {
        throw DataError(
          .truncated, path: path,
          "its \(data.count) bytes are no whole number of records of \(size) bytes",
          remedy: "Check which file this is, and copy it again")
      }
      for record in 0..<data.count / size {
        let label = data[data.startIndex + record * size + labelByte]
        guard label < classCount else {
          throw DataError(
            .outOfRange, path: path, at: "record \(record)",
            "the class \(label) is not below \(classCount)", remedy: "Check which file this is")
        }
      }
      files.append(data)
      starts.append((starts.last ?? 0) + data.count / size)
    }
    guard starts.last ?? 0 > 0 else {
      throw DataError(
        .empty, path: paths.first ?? "", "there are no images", remedy: "Copy the files again")
    }
    (self.files, self.starts) = (files, starts)
  }

  /// Opens a split in a folder, by the names under which the files are distributed.
  /// - Throws: ``DataError``; for missing files it says which, and where to get them.
  public init(folder: String, split: Split, kind: Kind = .cifar10) throws(DataError) {
    let names: [String] =
      switch (kind, split) {
      case (.cifar10, .train): (1...5).map { "data_batch_\($0).bin" }
      case (.cifar10, .test): ["test_batch.bin"]
      case (_, .train): ["train.bin"]
      case (_, .test): ["test.bin"]
      }
    let found = names.map { name in
      ["", ".gz"].map { "\(folder)/\(name)\($0)" }.first {
        FileManager.default.fileExists(atPath: $0)
      }
    }
    if let missing = Swift.zip(names, found).first(where: { $0.1 == nil })?.0 {
      throw DataError(
        .missing, path: folder, "there is no \(missing)",
        remedy: "Unpack the binary version there, from https://www.cs.toronto.edu/~kriz/cifar.html")
    }
    try self.init(paths: found.compactMap { $0 }, kind: kind)
  }

  /// The number of images.
  public var count: Int { starts[starts.count - 1] }

  /// The image at `index` with its class.
  public subscript(index: Int) -> LabelledImage {
    let file = (starts.firstIndex { $0 > index } ?? starts.count - 1) - 1
    let data = files[file]
    let record =
      data.startIndex + (index - starts[file]) * (labelBytes + Self.pixelBytes)
    let first = record + labelBytes
    return LabelledImage(
      pixels: data[first..<first + Self.pixelBytes].map { Float($0) / 255 },
      label: Int(data[record + labelByte]))
  }

  /// The files and the number of records.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(
      records: count,
      files: Swift.zip(paths, Swift.zip(starts, starts.dropFirst())).map { path, range in
        SourceFingerprint.File(
          name: SourceFile.name(of: path), bytes: (try? SourceFile.size(of: path)) ?? 0,
          records: range.1 - range.0)
      })
  }
}
