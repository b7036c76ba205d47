import Datasets
import Foundation
import Models
import Settings
import Tensors

/// A data source that runs can train on, under the name by which configurations call it: its keys, and
/// how they become this rank's share of batches.
///
/// ```swift
/// extension DataDefinition {
///   static let spirals = DataDefinition("spirals", "points on two spirals", SpiralOptions.self) {
///     options, context in
///     let (training, heldOut) = (spirals(options.count, seed: 1), spirals(200, seed: 2))
///     let plan = try context.plan(SourceFingerprint(records: training.count), path: "spirals")
///     return RunData(
///       PointRecords(classes: 2), plan: plan,
///       training: context.trainingLoader(training, plan, collate: collate),
///       heldOut: context.evaluationLoader(heldOut, collate: collate),
///       contents: DataContents(name: "spirals", numbers: training.numbers))
///   }
/// }
/// DataDefinition.register(.spirals)
/// ```
public struct DataDefinition: Registrable {
  /// The data sources that configurations can name.
  public static let registry = Registry<DataDefinition>(
    "data source", [.digits, .idx, .cifar, .imageFolder, .text, .labelledText])

  /// Its name, its purpose and its keys.
  public let variant: Variant
  private let making: @Sendable (Selection, RunContext) throws -> RunData
  private let judging: (@Sendable (Selection, OtherData, RunContext) throws -> JudgedRecords)?

  /// A data source.
  /// - Parameters:
  ///   - name: The word in configurations.
  ///   - summary: One line for the help text.
  ///   - options: Its keys.
  ///   - judged: Reads other records for a trained model, on every rank; nil where there are none.
  ///   - make: Reads the data, on every rank.
  public init<Options: ConfigurationSection>(
    _ name: String, _ summary: String, _ options: Options.Type,
    judged: (@Sendable (Options, OtherData, RunContext) throws -> JudgedRecords)? = nil,
    make: @escaping @Sendable (Options, RunContext) throws -> RunData
  ) {
    variant = Variant(name, summary, options)
    making = { selection, context in try make(selection.options(Options.self), context) }
    if let judged {
      judging = { selection, other, context throws in
        try judged(selection.options(Options.self), other, context)
      }
    } else {
      judging = nil
    }
  }

  /// The configured data. Every rank takes part.
  public func make(_ selection: Selection, in context: RunContext) throws -> RunData {
    try making(selection, context)
  }

  /// Other records than the configured ones, in the same form. Every rank takes part.
  func judged(
    _ selection: Selection, _ other: OtherData, in context: RunContext
  ) throws -> JudgedRecords {
    guard let judging else { throw JudgementError.noOtherData(source: name) }
    return try judging(selection, other, context)
  }
}

/// This rank's share of a run's data.
public struct RunData {
  /// Batches of tensors, inputs first and targets last, each in the parts in which it is computed.
  public typealias Loader = any BatchLoading<[BatchPart<[Tensor]>]>

  /// What the records are.
  public let records: any RecordFormat
  /// Which records each rank reads; saved with the run as `shards.json`.
  public let plan: ShardPlan
  /// What is trained on.
  public let training: Loader
  /// What the run is judged by while it goes on; nil for the records that it is judged by at the end.
  public var validation: Loader?
  /// What the finished run is judged by.
  public let heldOut: Loader
  /// What figures of these are called: `test_loss`.
  public var heldOutName = "test"
  /// What a run calls the file with the names of its classes.
  static let classesFile = "classes.json"
  /// What is trained on, in its order, each record once and without random transforms: for who asks how
  /// well it was learnt.
  public var trainingInOrder: (() throws -> Loader)?
  /// The names of the classes; none where they have numbers alone.
  public var classes: [String] = []
  /// What the records of a split are called, such as images' files.
  public var recordNames: [JudgementRequest.Split: [String]] = [:]
  /// What the records are made of, which a resumed run must find again.
  public let contents: DataContents
  /// What a finished run needs besides its weights: file names with their contents.
  public var artifacts: [(name: String, contents: Data)] = []

  /// Data from their parts.
  public init(
    _ records: any RecordFormat, plan: ShardPlan, training: Loader, heldOut: Loader,
    contents: DataContents
  ) {
    self.records = records
    self.plan = plan
    self.training = training
    self.heldOut = heldOut
    self.contents = contents
  }
}
