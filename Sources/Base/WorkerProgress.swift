import Foundation

/// How far a worker's program has come, as it tells the launcher: in the file that `TORUS_PROGRESS_FILE`
/// names, which it overwrites as often as it likes.
///
/// `{"begin": 40, "source": "memory", "step": 43, "saved": 42}`
package struct WorkerProgress: Sendable, Equatable, Codable {
  /// Where a program has its state from.
  package enum Source: String, Sendable, Codable {
    /// From nowhere: it began anew.
    case start
    /// From a checkpoint in memory that outlived the workers before.
    case memory
    /// From a checkpoint on disk.
    case disk
  }

  /// The variable with the file's path.
  package static let variable = "TORUS_PROGRESS_FILE"

  /// The step after which it went on; 0 where it began.
  package var begin: Int
  /// Where its state came from.
  package var source: Source
  /// The last step that it has done.
  package var step: Int
  /// The step of the newest checkpoint that it has made since it began; nil for none.
  package var saved: Int?

  /// A program that has done nothing yet.
  package init(begin: Int, source: Source) {
    self.begin = begin
    self.source = source
    step = begin
  }

  /// Reads the file's contents, which may end in blanks; nil where they are not complete, or are no
  /// program's progress.
  package init?(file contents: Data) {
    guard let value = try? JSONReading.decode(Self.self, from: contents),
      value.begin >= 0, value.step >= value.begin, value.saved ?? 0 >= 0
    else { return nil }
    self = value
  }

  /// The file's contents, always as many bytes, so that one text replaces another as a whole.
  package var contents: Data {
    let saved = saved.map { ",\"saved\":\($0)" } ?? ""
    let text = "{\"begin\":\(begin),\"source\":\"\(source.rawValue)\",\"step\":\(step)\(saved)}"
    let blanks = max(0, Self.length - text.utf8.count - 1)
    return Data((text + String(repeating: " ", count: blanks) + "\n").utf8)
  }

  private static let length = 128
}
