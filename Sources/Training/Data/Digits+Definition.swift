import Datasets
import Models
import Settings
import Tensors

extension DataDefinition {
  /// `digits`: the handwritten digits that the project ships.
  static let digits = DataDefinition(
    "digits", "the handwritten digits that the project ships", DigitsOptions.self,
    judged: { _, other, context in
      let digits = try Digits(path: other.path)
      return try context.images(digits, shape: digits.imageShape, for: other)
    }
  ) { options, context in
    let digits = try options.path.map { try Digits(path: $0) } ?? Digits()
    let (training, heldOut) = try digits.split(
      heldOut: options.heldOut, seed: UInt64(options.heldOutSeed))
    let source = SourceFingerprint(
      records: training.count,
      files: digits.fingerprint.files.map { .init(name: $0.name, bytes: $0.bytes) })
    let records = ImageRecords(shape: digits.imageShape, classes: digits.classCount)
    return try RunData(
      records, training: training, heldOut: heldOut, source: source,
      path: options.path ?? "digits",
      contents: DataContents(onHostsOf: context.group) { DataContents(digits) }, context,
      inOrder: training)
  }
}

extension RunData {
  /// Labelled images, judged in batches of 256.
  /// - Parameter inOrder: The training images without random transforms.
  init<Training: Dataset & Sendable, HeldOut: Dataset, Plain: Dataset>(
    _ records: ImageRecords, training: Training, heldOut: HeldOut, source: SourceFingerprint,
    path: String, contents: DataContents, _ context: RunContext, inOrder: Plain
  ) throws
  where
    Training.Element == LabelledImage, HeldOut.Element == LabelledImage,
    Plain.Element == LabelledImage
  {
    let plan = try context.plan(source, path: path)
    let collate: ([LabelledImage]) -> [Tensor] = { images in
      let batch = Collate.images(images, shape: records.shape)
      return [batch.images, batch.labels]
    }
    self.init(
      records, plan: plan, training: context.trainingLoader(training, plan, collate: collate),
      heldOut: context.imageLoader(heldOut, shape: records.shape), contents: contents)
    trainingInOrder = { context.imageLoader(inOrder, shape: records.shape) }
  }
}

extension RunContext {
  /// Images to judge by.
  func imageLoader<Source: Dataset>(_ source: Source, shape: [Int]) -> RunData.Loader
  where Source.Element == LabelledImage {
    evaluationLoader(source, batchSize: 256) { images in
      let batch = Collate.images(images, shape: shape)
      return [batch.images, batch.labels]
    }
  }

  /// Other images for a trained model, of the size that it takes.
  func images<Source: Dataset>(
    _ source: Source, shape: [Int], for other: OtherData
  ) throws -> JudgedRecords where Source.Element == LabelledImage {
    guard let records = other.records as? ImageRecords, records.shape == shape else {
      throw DataError(
        .mismatch, path: other.path, "its images of \(shape) are not what the model takes",
        remedy: "Name images of the size that it was trained with")
    }
    return JudgedRecords(
      evaluationLoader(source, batchSize: 256) { images in
        if let label = images.first(where: { $0.label >= records.classes })?.label {
          throw DataError(
            .outOfRange, path: other.path,
            "the label \(label) is not below the model's \(records.classes) classes",
            remedy: "Name images of the classes that it was trained with")
        }
        let batch = Collate.images(images, shape: shape)
        return [batch.images, batch.labels]
      })
  }
}

/// Keys of `digits`: the 1,797 handwritten digits that the project ships.
public struct DigitsOptions: ConfigurationSection {
  /// Another copy of the CSV file, gzip or plain; nil for the shipped one.
  public var path: String?
  /// Records held out for the test.
  public var heldOut = 360
  /// Seed of the permutation that picks them.
  public var heldOutSeed = 0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, "another copy of the CSV file; null for the shipped one"),
    Field("held_out", \.heldOut, in: .count(), "records held out for the test"),
    Field("held_out_seed", \.heldOutSeed, in: .atLeast(0), "seed of the draw that holds them out"),
  ]
}
