import Base
import Collectives
import Settings
import Synchronization

/// A kind of run beside those that a ``RunConfiguration`` describes. Its configurations have a key by which
/// they are told, and a command of their own trains them.
package protocol RunKind: Sendable {
  /// The key that only configurations of this kind have.
  static var key: String { get }
  /// The command of `ddp-train` that trains such a run.
  static var command: String { get }
  /// Reads a command line, to see whether it can be run.
  static func check(_ arguments: [String]) throws
  /// Trains what a command line asks for, stopped after a step as if somebody had asked.
  /// - Returns: The exit code.
  static func train(_ arguments: [String], until step: Int?) -> Int32
  /// The finished or broken-off run that is to be judged.
  static func judged(_ request: JudgementRequest, file: String) throws -> any JudgedRun
}

/// The kinds of runs that this program knows.
package enum RunKinds {
  private static let known = Mutex<[any RunKind.Type]>([])

  /// Adds a kind; once is enough.
  package static func register(_ kind: any RunKind.Type) {
    known.withLock { kinds in
      if !kinds.contains(where: { $0 == kind }) { kinds.append(kind) }
    }
  }

  /// The kind of a configuration's file; nil for one that a ``RunConfiguration`` describes.
  package static func kind(of path: String) throws -> (any RunKind.Type)? {
    let kinds = known.withLock { $0 }
    let text = try RunConfiguration.text(path)
    let keys = try ConfigurationNode(yaml: text, path: path).entries?.map(\.key) ?? []
    return kinds.first { keys.contains($0.key) }
  }
}

/// A run whose model is judged, or tells something of records.
package protocol JudgedRun: LaunchedConfiguration, Sendable {
  /// The figures of the records that were asked for; every rank takes part.
  func evaluation(_ request: JudgementRequest, _ world: World) throws -> EvaluationFacts
  /// What is told of each record, on rank 0; every rank takes part.
  func predictions(
    _ request: JudgementRequest, _ wanted: Judgement.Predictions, _ world: World
  ) throws -> PredictionTable?
}
