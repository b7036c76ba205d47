import Datasets
import Models
import Settings
import Tensors

extension DataDefinition {
  /// `digits`: the handwritten digits that the project ships.
  static let digits = DataDefinition(
    "digits", "the handwritten digits that the project ships", DigitsOptions.self
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
      contents: DataContents(onHostsOf: context.group) { DataContents(digits) }, context)
  }
}

extension RunData {
  /// Labelled images, judged in batches of 256.
  init<Training: Dataset & Sendable, HeldOut: Dataset>(
    _ records: ImageRecords, training: Training, heldOut: HeldOut, source: SourceFingerprint,
    path: String, contents: DataContents, _ context: RunContext
  ) throws
  where Training.Element == LabelledImage, HeldOut.Element == LabelledImage {
    let plan = try context.plan(source, path: path)
    let collate: ([LabelledImage]) -> [Tensor] = { images in
      let batch = Collate.images(images, shape: records.shape)
      return [batch.images, batch.labels]
    }
    self.init(
      records, plan: plan, training: context.trainingLoader(training, plan, collate: collate),
      heldOut: context.evaluationLoader(heldOut, batchSize: 256, collate: collate),
      contents: contents)
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
