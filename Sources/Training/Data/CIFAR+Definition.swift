import Datasets
import Foundation
import Models
import Settings
import Tensors

extension DataDefinition {
  /// `cifar`: CIFAR-10 or CIFAR-100.
  static let cifar = DataDefinition(
    "cifar", "CIFAR-10 or CIFAR-100, in their binary or Python files", CIFAROptions.self,
    judged: { options, other, context in
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: other.path, isDirectory: &isFolder)
      let images =
        isFolder.boolValue
        ? try CIFAR(folder: other.path, split: .test, kind: options.kind.files)
        : try CIFAR(paths: [other.path], kind: options.kind.files)
      return try context.images(
        images.transformed(options.transforms.judged()), shape: images.imageShape, for: other)
    }
  ) { options, context in
    let path = context.files.resolve(options.path)
    let training = try CIFAR(folder: path, split: .train, kind: options.kind.files)
    let heldOut = try CIFAR(folder: path, split: .test, kind: options.kind.files)
    let size = training.imageShape[1]
    var data = try RunData(
      ImageRecords(shape: training.imageShape, classes: training.classCount),
      training: training.transformed(options.transforms.training(size)),
      heldOut: heldOut.transformed(options.transforms.judged()), source: training.fingerprint,
      path: path, contents: context.contents(of: training.paths + heldOut.paths), context,
      inOrder: training.transformed(options.transforms.judged()))
    data.classes = training.classNames
    return data
  }
}

extension CIFAR {
  /// The images as a transform leaves them.
  fileprivate func transformed(
    _ transform: Compose
  ) -> MappedDataset<CIFAR, LabelledImage> {
    let shape = imageShape
    return mapped { image in
      guard !transform.transforms.isEmpty else { return image }
      let changed = noGrad { transform(Tensor(image.pixels, shape: shape)) }
      return LabelledImage(
        pixels: changed.contiguous().array(of: Float.self), label: image.label)
    }
  }
}

/// Keys of `cifar`: the folder of the files.
public struct CIFAROptions: ConfigurationSection {
  /// Which of the two, and by which classes.
  public enum Kind: String, ConfigurationChoice {
    /// Ten classes.
    case cifar10
    /// A hundred classes.
    case cifar100
    /// CIFAR-100's twenty classes of classes.
    case cifar100Coarse = "cifar100-coarse"

    fileprivate var files: CIFAR.Kind {
      switch self {
      case .cifar10: .cifar10
      case .cifar100: .cifar100
      case .cifar100Coarse: .cifar100Coarse
      }
    }
  }

  /// The folder.
  public var path = ""
  /// Which of the two.
  public var kind = Kind.cifar10
  /// How images are changed.
  public var transforms = ImageTransformOptions()
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      path: "path", \.path, required: true,
      "the folder that holds the files, or the distribution's folder"),
    Field("kind", \.kind, "which of the two, and by which classes"),
    Field("transforms", \.transforms),
  ]
}
