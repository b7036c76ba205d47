import Datasets
import Foundation
import Models
import Settings
import Tensors

extension DataDefinition {
  /// `image-folder`: images in a folder for each class.
  static let imageFolder = DataDefinition(
    "image-folder", "images in a folder for each class: train/cat/1.png", ImageFolderOptions.self,
    judged: { options, other, context in
      let images = try ImageFolder(
        unlabelledOr: other.path, classes: other.classes, transform: options.judged)
      var judged = try context.images(images.flat, shape: options.shape, for: other)
      judged.names = images.samples.map(\.name)
      judged.areLabelled = !images.classes.isEmpty
      return judged
    }
  ) { options, context in
    let root = context.files.resolve(options.path)
    func folder(_ name: String, _ transform: Compose) throws -> ImageFolder {
      try ImageFolder(
        path: name.utf8.first == UInt8(ascii: "/") ? name : "\(root)/\(name)",
        transform: transform)
    }
    let training = try folder(options.train, options.training)
    let plain = try folder(options.train, options.judged)
    func judged(_ name: String) throws -> ImageFolder {
      let images = try folder(name, options.judged)
      try images.check(classes: training.classes)
      return images
    }
    let test = try judged(options.test)
    let validation = try options.validation.map(judged)
    let all = [training, test] + (validation.map { [$0] } ?? [])
    var data = try RunData(
      ImageRecords(shape: options.shape, classes: training.classes.count),
      training: training.flat, heldOut: test.flat, source: training.summary, path: training.path,
      contents: DataContents(onHostsOf: context.group) {
        DataContents(listings: all.map { ($0.path, $0.fingerprint.listing) })
      }, context, inOrder: plain.flat)
    data.validation = validation.map { context.imageLoader($0.flat, shape: options.shape) }
    data.classes = training.classes
    data.recordNames = [
      .train: training.samples.map(\.name), .test: test.samples.map(\.name),
    ]
    if let validation { data.recordNames[.validation] = validation.samples.map(\.name) }
    return data
  }
}

extension ImageFolder {
  /// The images with their pixels as plain numbers, which threads hand on.
  fileprivate var flat: MappedDataset<ImageFolder, LabelledImage> {
    mapped { image, label in
      LabelledImage(pixels: image.contiguous().array(of: Float.self), label: label)
    }
  }

  /// The folder as one file, of which the plan says little however many images there are.
  fileprivate var summary: SourceFingerprint {
    let files = fingerprint.files
    return SourceFingerprint(
      records: count,
      files: [
        .init(name: (path as NSString).lastPathComponent, bytes: files.reduce(0) { $0 + $1.bytes })
      ])
  }

  /// Refuses other classes than those that are trained.
  fileprivate func check(classes: [String]) throws {
    guard self.classes != classes else { return }
    let other =
      self.classes.first { !classes.contains($0) }.map { "there is \($0), which is not" }
      ?? classes.first { !self.classes.contains($0) }.map { "there is no \($0), which is" }
      ?? "they differ from those"
    throw DataError(
      .mismatch, path: path, "the classes are not those that are trained: \(other) among them",
      remedy: "Give every split a folder for each class")
  }
}

extension SourceFingerprint {
  /// Every file's name and size, a line each.
  fileprivate var listing: String { files.map { "\($0.bytes) \($0.name)\n" }.joined() }
}

/// Keys of `image-folder`: a folder for each split, with one for each class in it.
public struct ImageFolderOptions: ConfigurationSection {
  /// The folder of the splits.
  public var path = ""
  /// The training images' folder in it.
  public var train = "train"
  /// The folder by which a run is judged while it goes on; nil for the test's.
  public var validation: String?
  /// The folder by which the finished run is judged.
  public var test = "test"
  /// Rows and columns that images get.
  public var size = 224
  /// The shorter side of an image before its middle is cut out; nil for the size.
  public var resize: Int?
  /// How images are changed.
  public var transforms = ImageTransformOptions()
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, required: true, "the folder that holds the splits' folders"),
    Field(path: "train", \.train, "the training images' folder"),
    Field(path: "validation", \.validation, "the folder judged by during the run"),
    Field(path: "test", \.test, "the folder judged by at the end"),
    Field("size", \.size, in: .between(1, 10_000), "rows and columns that images get"),
    Field(
      "resize", \.resize, in: .between(1, 10_000), standard: "that of size",
      "the shorter side before the middle is cut out"),
    Field("transforms", \.transforms),
  ]

  /// A middle that is larger than the image.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    guard let resize, resize < size else { return [] }
    return [("resize", "\(resize) pixels have no middle of \(size)", "set it to \(size) or more")]
  }

  fileprivate var shape: [Int] { [3, size, size] }
  private var sizing: [any ImageTransform] { [Resize(resize ?? size), CenterCrop(size)] }
  fileprivate var training: Compose { transforms.training(size, sizing) }
  fileprivate var judged: Compose { transforms.judged(sizing) }
}
