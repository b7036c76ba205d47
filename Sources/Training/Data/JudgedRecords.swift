import Datasets
import Foundation
import Models

/// Records that a trained model is judged by, or that it tells something of.
public struct JudgedRecords {
  /// Each record once, over all ranks.
  public var loader: RunData.Loader
  /// What each record is called, such as an image's file; none where they are told by their numbers.
  public var names: [String]
  /// Whether the targets are known; what stands in their place otherwise counts for nothing.
  public var areLabelled: Bool

  /// Records from their parts.
  public init(_ loader: RunData.Loader, names: [String] = [], areLabelled: Bool = true) {
    (self.loader, self.names, self.areLabelled) = (loader, names, areLabelled)
  }
}

/// What a source is told to read other records by than a run's own.
public struct OtherData {
  /// The file or folder.
  public let path: String
  /// What the run's records are.
  public let records: any RecordFormat
  /// The names of the run's classes; none where they have numbers alone.
  public let classes: [String]
  /// The run's folder, with what it saved besides its weights.
  public let runDirectory: String

  /// A file that the run saved, such as a vocabulary.
  public func artifact<Value: Decodable>(_ name: String, as type: Value.Type = Value.self) throws
    -> Value
  {
    try RunFile.read(name, of: runDirectory)
  }
}

extension RunData {
  /// The records of a split.
  func judged(_ split: JudgementRequest.Split, source: String) throws -> JudgedRecords {
    let isTest = heldOutName == JudgementRequest.Split.test.rawValue
    let names = recordNames[split] ?? []
    switch split {
    case .test where isTest: return JudgedRecords(heldOut, names: names)
    case .validation:
      // Runs are judged by the held-out records where there are no others.
      let own = validation == nil ? recordNames[.test] ?? names : names
      return JudgedRecords(validation ?? heldOut, names: own)
    case .train:
      if let trainingInOrder { return JudgedRecords(try trainingInOrder(), names: names) }
    case .test: break
    }
    let known =
      (isTest ? ["test"] : []) + ["validation"] + (trainingInOrder == nil ? [] : ["train"])
    throw JudgementError.noSplit(split, known: known, source: source)
  }
}
