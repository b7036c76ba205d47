import Base
import Foundation
import Tensors

/// Images in a folder for each class (`torchvision.datasets.ImageFolder`).
///
/// ```swift
/// let train = try ImageFolder(path: "train", transform: Compose(RandomResizedCrop(224), RandomHorizontalFlip()))
/// for (x, y) in DataLoader(train, batchSize: 32, shuffle: true, workers: 4) { … }
/// ```
///
/// Classes are the folders in the order of their names' bytes; images are found in them at any depth and read when
/// they are asked for.
public struct ImageFolder: Dataset, Sendable {
  /// The folder.
  public let path: String
  /// The names of the classes, by their numbers.
  public let classes: [String]
  /// Each image's path within the folder, and its class.
  public let samples: [(name: String, label: Int)]
  private let transform: any ImageTransform

  /// Finds the images of a folder.
  /// - Parameters:
  ///   - path: The folder, with a folder for each class.
  ///   - transform: What is made of each image, `float32 [3, height, width]` from 0 to 1.
  /// - Throws: ``DataError`` where there are no classes, or a class has no images.
  public init(path: String, transform: any ImageTransform = Compose()) throws(DataError) {
    func missing(_ path: String, _ message: String) -> DataError {
      DataError(
        .missing, path: path, message,
        remedy: "Put the images of each class into a folder of its own: \(path)/cat/1.png")
    }
    guard SourceFile.isFolder(path) else { throw missing(path, "there is no such folder") }
    let folders = Self.entries(of: path).filter { SourceFile.isFolder("\(path)/\($0)") }
    guard !folders.isEmpty else { throw missing(path, "there are no folders of classes") }
    var samples: [(name: String, label: Int)] = []
    for (label, folder) in folders.enumerated() {
      let found = Self.images(in: folder, of: path)
      guard !found.isEmpty else {
        throw missing("\(path)/\(folder)", "there are no images that end with \(Self.endings)")
      }
      samples += found.map { ($0, label) }
    }
    (self.path, classes, self.samples, self.transform) = (path, folders, samples, transform)
  }

  /// Finds images whose classes are those of a model, or not known: of a folder with folders, each of which
  /// is one of `classes`, or of one that holds images alone, whose labels are 0 and whose ``classes`` are none.
  /// - Throws: ``DataError`` where there are no images, or there is a class that is none of those.
  package init(
    unlabelledOr path: String, classes known: [String], transform: any ImageTransform = Compose()
  ) throws(DataError) {
    guard SourceFile.isFolder(path) else {
      throw DataError(
        .missing, path: path, "there is no such folder",
        remedy: "Name a folder of images, or of folders of them")
    }
    let entries = Self.entries(of: path)
    if entries.contains(where: { SourceFile.isFolder("\(path)/\($0)") }) {
      let folder = try ImageFolder(path: path, transform: transform)
      var samples: [(name: String, label: Int)] = []
      for (name, label) in folder.samples {
        guard let number = known.firstIndex(of: folder.classes[label]) else {
          throw DataError(
            .mismatch, path: "\(path)/\(folder.classes[label])",
            "this is none of the classes that were trained",
            remedy: "They are \(known.prefix(20).joined(separator: ", "))")
        }
        samples.append((name, number))
      }
      (self.path, classes, self.samples, self.transform) = (path, known, samples, transform)
      return
    }
    let names = entries.filter {
      ImageFile.extensions.contains(($0 as NSString).pathExtension.lowercased())
    }
    guard !names.isEmpty else {
      throw DataError(
        .missing, path: path, "there are no images that end with \(Self.endings)",
        remedy: "Name a folder of images, or of folders of them")
    }
    (self.path, classes, self.transform) = (path, [], transform)
    samples = names.map { ($0, 0) }
  }

  private static let endings = ImageFile.extensions.map { ".\($0)" }.joined(separator: ", ")

  /// The names in a folder, by their bytes; hidden ones are left out.
  private static func entries(of path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [])
      .filter { !$0.hasPrefix(".") }
      .sortedByBytes()
  }

  private static func images(in folder: String, of root: String) -> [String] {
    entries(of: "\(root)/\(folder)").flatMap { entry -> [String] in
      let name = "\(folder)/\(entry)"
      if SourceFile.isFolder("\(root)/\(name)") { return images(in: name, of: root) }
      let ending = (entry as NSString).pathExtension.lowercased()
      return ImageFile.extensions.contains(ending) ? [name] : []
    }
  }

  /// The number of images.
  public var count: Int { samples.count }

  /// The image at `index` with its class.
  public subscript(index: Int) -> (Tensor, Int) {
    get throws(DataError) {
      let (name, label) = samples[index]
      let image = try ImageFile.read(path: "\(path)/\(name)", mode: .rgb)
      return (noGrad { transform(image.to(.float32) / 255) }, label)
    }
  }

  /// The images' names and sizes, for the shard plan.
  public var fingerprint: SourceFingerprint {
    SourceFingerprint(
      records: count,
      files: samples.map {
        SourceFingerprint.File(
          name: $0.name, bytes: (try? SourceFile.size(of: "\(path)/\($0.name)")) ?? 0, records: 1)
      })
  }
}
