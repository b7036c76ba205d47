import Foundation

/// CIFAR-10 or CIFAR-100: 32 × 32 pixels in three colors, 0 to 255 become 0 to 1.
///
/// The files are those of the binary version (`data_batch_1.bin`), whose records are read one by one
/// from mapped files, or of the Python version (`data_batch_1`, pickles of arrays; what torchvision
/// downloads), which are read as a whole.
public struct CIFAR: ImageDataset, Sendable {
  /// Which of the two.
  public enum Kind: Sendable {
    /// Ten classes.
    case cifar10
    /// A hundred classes.
    case cifar100
    /// CIFAR-100's twenty classes of classes.
    case cifar100Coarse

    /// How many classes there are.
    var classCount: Int {
      switch self {
      case .cifar10: 10
      case .cifar100: 100
      case .cifar100Coarse: 20
      }
    }
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
  /// The classes' names in their order; empty where the files that list them are not beside the
  /// images.
  public let classNames: [String]
  /// The size of an image: `[3, 32, 32]`.
  public let imageShape = [3, 32, 32]
  /// Where the files are.
  public let paths: [String]
  private let files: [CIFARFile]
  private let starts: [Int]

  /// Opens files of either version, gzip or plain, one after another.
  /// - Throws: ``DataError`` where a file is missing, damaged, or has a class that there is not.
  public init(paths: [String], kind: Kind = .cifar10) throws(DataError) {
    try self.init(paths: paths, kind: kind, classNames: [])
  }

  private init(paths: [String], kind: Kind, classNames: [String]) throws(DataError) {
    (self.paths, classCount, self.classNames) = (paths, kind.classCount, classNames)
    var (files, starts): ([CIFARFile], [Int]) = ([], [0])
    for path in paths {
      let file = try CIFARFile(path: path, kind: kind)
      files.append(file)
      starts.append((starts.last ?? 0) + file.count)
    }
    guard starts.last ?? 0 > 0 else {
      throw DataError(
        .empty, path: paths.first ?? "", "there are no images", remedy: "Copy the files again")
    }
    (self.files, self.starts) = (files, starts)
  }

  /// Opens a split in a folder, by the names under which the files are distributed.
  ///
  /// The files are looked for in the folder itself and in the folder of the distribution in it, such
  /// as `cifar-10-batches-py`; of the two versions the binary one is preferred.
  /// - Throws: ``DataError``; for missing files it says which, and where to get them.
  public init(folder: String, split: Split, kind: Kind = .cifar10) throws(DataError) {
    let layout = CIFARLayout(kind, split)
    guard let found = layout.files(in: folder) else {
      throw DataError(
        .missing, path: folder, layout.missing(in: folder),
        remedy: "Unpack the binary or the Python version there, from "
          + "https://www.cs.toronto.edu/~kriz/cifar.html")
    }
    try self.init(
      paths: found.paths, kind: kind, classNames: try layout.classNames(in: found.folder))
  }

  /// The number of images.
  public var count: Int { starts[starts.count - 1] }

  /// The image at `index` with its class.
  public subscript(index: Int) -> LabelledImage {
    let file = (starts.firstIndex { $0 > index } ?? starts.count - 1) - 1
    let record = index - starts[file]
    return LabelledImage(
      pixels: files[file].pixels(record).map { Float($0) / 255 }, label: files[file].label(record))
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
