import Base
import Foundation
import Settings

/// A model that runs can train, under the name by which configurations call it: its keys, the records
/// that it takes, and how it is made and fed.
///
/// ```swift
/// extension ModelDefinition {
///   static let spiralNet = ModelDefinition(
///     "spiral-net", "two layers over points", SpiralNetOptions.self, records: PointRecords.self
///   ) { options, records in
///     let model = SpiralNet(hidden: options.hidden, classes: records.classes)
///     return PreparedModel(classifier: model) { model($0[0]) }
///   }
/// }
/// ModelDefinition.register(.spiralNet)
/// ```
public struct ModelDefinition: Registrable {
  /// The models that configurations can name.
  public static let registry = Registry<ModelDefinition>(
    "model", [.mlp, .digitsCNN, .mnistCNN, .resNet, .charGPT, .textLSTM])

  /// Its name, its purpose and its keys.
  public let variant: Variant
  /// What messages call the records that it takes.
  public let recordName: String
  /// Whether it continues texts.
  public let generates: Bool

  private let sizing: @Sendable (Selection, any RecordFormat) throws -> ModelSize?
  private let making: @Sendable (Selection, any RecordFormat) throws -> PreparedModel
  private let decoding: @Sendable (Data) throws -> any RecordFormat

  /// A model.
  /// - Parameters:
  ///   - name: The word in configurations.
  ///   - summary: One line for the help text.
  ///   - options: Its keys.
  ///   - records: What records it takes.
  ///   - generates: Whether what is made has a ``PreparedModel/generate``.
  ///   - size: A lower bound of what it takes, where that is known before it is made.
  ///   - make: Makes it, on every rank from the same random numbers.
  public init<Options: ConfigurationSection, Records: RecordFormat>(
    _ name: String, _ summary: String, _ options: Options.Type, records: Records.Type,
    generates: Bool = false,
    size: (@Sendable (Options, Records) -> ModelSize)? = nil,
    make: @escaping @Sendable (Options, Records) throws -> PreparedModel
  ) {
    variant = Variant(name, summary, options)
    recordName = Records.name
    self.generates = generates
    @Sendable func matched(_ records: any RecordFormat) throws(ModelMismatch) -> Records {
      guard let records = records as? Records else {
        throw ModelMismatch(model: name, needs: Records.name, given: type(of: records).name)
      }
      return records
    }
    sizing = { selection, records in
      let records = try matched(records)
      return try size?(selection.options(Options.self), records)
    }
    making = { selection, records in
      let records = try matched(records)
      return try make(selection.options(Options.self), records)
    }
    decoding = { try JSONReading.decode(Records.self, from: $0) }
  }

  /// How large the configured model is at least; nil where that is not known.
  /// - Throws: ``ModelMismatch`` where it takes other records.
  public func size(_ selection: Selection, for records: any RecordFormat) throws -> ModelSize? {
    try sizing(selection, records)
  }

  /// The configured model for some records.
  /// - Throws: ``ModelMismatch`` where it takes other records.
  public func make(_ selection: Selection, for records: any RecordFormat) throws -> PreparedModel {
    try making(selection, records)
  }

  /// The records that a run has saved as `records.json`.
  public func records(json: Data) throws -> any RecordFormat { try decoding(json) }
}

/// A model and data that do not fit each other.
public struct ModelMismatch: Error, CustomStringConvertible {
  /// The model's name.
  public let model: String
  /// The records that it takes.
  public let needs: String
  /// Those that the data are.
  public let given: String

  /// What does not fit, and what to change.
  public var description: String {
    "model \(model) needs data of \(needs), and the configured data are \(given); change model.name or data.name"
  }
}
