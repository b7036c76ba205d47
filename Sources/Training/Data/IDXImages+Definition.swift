import Datasets
import Models
import Settings

extension DataDefinition {
  /// `idx`: MNIST or Fashion-MNIST files.
  static let idx = DataDefinition(
    "idx", "MNIST or Fashion-MNIST files", IDXOptions.self,
    judged: { _, other, context in
      let images = try IDXImages(folder: other.path, split: .test)
      return try context.images(images, shape: images.imageShape, for: other)
    }
  ) { options, context in
    let training = try IDXImages(folder: options.path, split: .train)
    let heldOut = try IDXImages(folder: options.path, split: .test)
    let files = training.fingerprint.files + heldOut.fingerprint.files
    return try RunData(
      ImageRecords(shape: training.imageShape, classes: training.classCount), training: training,
      heldOut: heldOut, source: training.fingerprint, path: options.path,
      contents: context.contents(of: files.map { "\(options.path)/\($0.name)" }), context,
      inOrder: training)
  }
}

/// Keys of `idx`: a folder with the four IDX files of MNIST or Fashion-MNIST, gzip or plain.
public struct IDXOptions: ConfigurationSection {
  /// The folder.
  public var path = ""
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, required: true, "the folder that holds the four IDX files")
  ]
}
