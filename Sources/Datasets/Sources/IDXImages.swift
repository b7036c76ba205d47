import Foundation

/// Images and labels in a pair of IDX files: MNIST, Fashion-MNIST, KMNIST, EMNIST.
///
/// Pixels 0 to 255 become 0 to 1. Images are read one by one; labels are checked at once.
public struct IDXImages: ImageDataset, Sendable {
  /// Which half of the distribution.
  public enum Split: String, Sendable {
    /// `train-…`: 60,000 images in MNIST.
    case train
    /// `t10k-…`: 10,000 images in MNIST.
    case test = "t10k"
  }

  /// The number of classes.
  public let classCount: Int
  /// The size of an image: `[1, rows, columns]`.
  public let imageShape: [Int]
  private let images: IDXFile
  private let labels: [UInt8]
  private let labelFile: IDXFile

  /// Opens a pair of IDX files.
  /// - Throws: ``DataError`` where either is missing or broken, their counts differ, there are no
  ///   records, or a label is `classCount` or more.
  public init(images imagePath: String, labels labelPath: String, classCount: Int = 10)
    throws(DataError)
  {
    images = try IDXFile(path: imagePath)
    labelFile = try IDXFile(path: labelPath)
    self.classCount = classCount
    guard images.shape.count == 3, images.elementType == .uint8 else {
      throw DataError(
        .malformed, path: imagePath,
        "images are bytes of shape [count, rows, columns], but this holds "
          + "\(images.elementType) of shape \(images.shape)", remedy: "Check which file this is")
    }
    guard labelFile.shape.count == 1, labelFile.elementType == .uint8 else {
      throw DataError(
        .malformed, path: labelPath,
        "labels are bytes of shape [count], but this holds \(labelFile.elementType) of shape "
          + "\(labelFile.shape)", remedy: "Check which file this is")
    }
    guard images.count == labelFile.count else {
      throw DataError(
        .mismatch, path: labelPath,
        "\(labelFile.count) labels do not fit the \(images.count) images of \(imagePath)",
        remedy: "Use files of one distribution and split")
    }
    guard images.count > 0, images.elementsPerRecord > 0 else {
      throw DataError(
        .empty, path: imagePath, "there are no images", remedy: "Download or copy the file again")
    }
    imageShape = [1, images.shape[1], images.shape[2]]
    let file = labelFile
    labels = (0..<file.count).map { UInt8(file.record($0)[0]) }
    if let index = labels.firstIndex(where: { $0 >= classCount }) {
      throw DataError(
        .outOfRange, path: labelPath, at: "record \(index)",
        "the label \(labels[index]) is not below the \(classCount) classes",
        remedy: "Set the number of classes that the data have, or repair the file")
    }
  }

  /// Opens a split in a folder, by the names under which the files are distributed, gzip or plain.
  /// - Throws: ``DataError``; for missing files it lists the names and where to get them.
  public init(folder: String, split: Split, classCount: Int = 10) throws(DataError) {
    let names = ["\(split.rawValue)-images-idx3-ubyte", "\(split.rawValue)-labels-idx1-ubyte"]
    let found = names.map { name -> String? in
      // Unpacking by some tools turns the hyphen before idx into a dot.
      let dotted = name.replacingOccurrences(of: "-idx", with: ".idx")
      return [name, name + ".gz", dotted, dotted + ".gz"].map { "\(folder)/\($0)" }.first {
        FileManager.default.fileExists(atPath: $0)
      }
    }
    guard let imagePath = found[0], let labelPath = found[1] else {
      let missing = zip(names, found).filter { $0.1 == nil }.map { "\($0.0)[.gz]" }
      let place = SourceFile.isFolder(folder) ? "the folder lacks" : "there is no such folder with"
      throw DataError(
        .missing, path: folder, "\(place) \(missing.joined(separator: " and "))",
        remedy: "Put the four files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
          + "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz there, from "
          + "http://yann.lecun.com/exdb/mnist/ (MNIST) or "
          + "https://github.com/zalandoresearch/fashion-mnist (Fashion-MNIST)")
    }
    try self.init(images: imagePath, labels: labelPath, classCount: classCount)
  }

  /// The number of images.
  public var count: Int { labels.count }

  /// The image at `index` with its class.
  public subscript(index: Int) -> LabelledImage {
    LabelledImage(pixels: images.record(index).map { $0 / 255 }, label: Int(labels[index]))
  }

  /// The two files and the number of records.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(
      records: count,
      files: [images.path, labelFile.path].map {
        SourceFingerprint.File(
          name: SourceFile.name(of: $0), bytes: (try? SourceFile.size(of: $0)) ?? 0)
      })
  }
}
