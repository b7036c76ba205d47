import Base
import Foundation

/// What a run folder says of its run: its configuration, and the lines of `metrics.jsonl`.
package struct RunRecord: Sendable {
  /// A line of `metrics.jsonl`.
  package struct Line: Sendable {
    /// What happened, such as `step` or `evaluation`.
    package let event: String
    /// The step at which it did; nil where the line names none.
    package let step: Int?
    /// The values beside the event, in their order.
    package let values: [JSONValue.Member]

    /// The value of a name.
    package subscript(name: String) -> JSONValue? { JSONValue.object(values)[name] }
  }

  /// How a run ended.
  package enum Status: String, Sendable {
    /// All its steps were done.
    case finished
    /// It was asked to stop.
    case stopped
    /// It ended by an error.
    case failed
    /// It goes on, or was ended before its last line.
    case open
  }

  /// What it is called among those it is shown with.
  package var name: String
  /// The folder.
  package let folder: String
  /// Every key of `config.yaml` with its value, as in `optimizer.lr`; nil where there is no such file.
  package var configuration: [ConfigurationFacts.Entry]?
  /// The lines in their order.
  package var lines: [Line]
  /// What is wrong with the folder's files, in words.
  package var faults: [String]

  /// Reads a run folder.
  /// - Throws: ``ReportError`` where there is no folder, or no `metrics.jsonl` in it that can be read.
  package init(folder: String) throws(ReportError) {
    self.folder = folder
    var path = folder
    while path.utf8.count > 1, path.hasSuffix("/") { path.removeLast() }
    let last = (path as NSString).lastPathComponent
    // The name of `.` is what stands in the folder's full path.
    name =
      last == "." || last == ".." || last.isEmpty
      ? URL(fileURLWithPath: path).standardizedFileURL.lastPathComponent : last
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) else {
      throw .noFolder(folder)
    }
    guard isFolder.boolValue else { throw .notAFolder(folder) }
    let metrics = "\(path)/metrics.jsonl"
    guard FileManager.default.fileExists(atPath: metrics) else { throw .noMetrics(metrics) }
    guard let data = FileManager.default.contents(atPath: metrics) else {
      throw .unreadable(metrics, errno: errno == 0 ? EACCES : errno)
    }
    (lines, faults) = Self.read([UInt8](data))
    let file = "\(path)/config.yaml"
    guard FileManager.default.fileExists(atPath: file) else {
      faults.append("there is no config.yaml")
      return
    }
    do throws(ConfigurationFacts.Fault) {
      guard let text = FileManager.default.contents(atPath: file) else {
        throw ConfigurationFacts.Fault("it cannot be opened")
      }
      configuration = try ConfigurationFacts.read(text)
    } catch {
      faults.append("config.yaml is left out: \(error)")
    }
  }

  /// The lines that are whole, and what is wrong with the others.
  package static func read(_ bytes: [UInt8]) -> (lines: [Line], faults: [String]) {
    var lines: [Line] = []
    var faults: [String] = []
    var damaged: [(number: Int, reason: String)] = []
    let pieces = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, piece) in pieces.enumerated() {
      // A file that ends with its newline has an empty piece behind it.
      let isLast = index == pieces.count - 1
      if piece.allSatisfy({ $0 == 0x20 || $0 == 0x0d || $0 == 0x09 }) { continue }
      do throws(JSONParser.Fault) {
        guard let line = Line(try JSONParser.parse(Array(piece))) else {
          throw JSONParser.Fault(message: "it is no object with an event", position: 0)
        }
        lines.append(line)
      } catch {
        // The last line may be half written while the run goes on.
        if isLast {
          faults.append("the last line of metrics.jsonl is not complete yet and is left out")
        } else {
          damaged.append((index + 1, error.message))
        }
      }
    }
    if let first = damaged.first {
      faults.insert(
        damaged.count == 1
          ? "line \(first.number) of metrics.jsonl is damaged and left out: \(first.reason)"
          : "\(damaged.count) lines of metrics.jsonl are damaged and left out; the first is line"
            + " \(first.number): \(first.reason)", at: 0)
    }
    return (lines, faults)
  }

  /// How the run ended.
  package var status: Status {
    switch lines.last(where: { Self.turns.contains($0.event) })?.event {
    case "finished": .finished
    case "stopped": .stopped
    case "failed": .failed
    default: .open
    }
  }

  /// What begins and ends a run, or an attempt at it.
  private static let turns: Set = ["started", "stopped", "failed", "finished"]

  /// The last step that a line names.
  package var lastStep: Int? { lines.compactMap(\.step).max() }
}

extension RunRecord.Line {
  /// The line that an object with an `event` spells; nil for anything else.
  init?(_ value: JSONValue) {
    guard let members = value.members, let event = value["event"]?.string else { return nil }
    self.event = event
    step = value["step"]?.int
    values = members.filter { $0.name != "event" }
  }
}

/// A run folder that cannot be shown.
package enum ReportError: Error, Equatable, CustomStringConvertible {
  /// There is nothing at the path.
  case noFolder(String)
  /// Something else is there.
  case notAFolder(String)
  /// There is no log of metrics.
  case noMetrics(String)
  /// A file cannot be read.
  case unreadable(String, errno: Int32)
  /// A file cannot be written.
  case unwritable(String, errno: Int32)
  /// No run has a metric of that name.
  case noMetric(String, known: [String])
  /// A port cannot be listened on.
  case port(Int, errno: Int32)

  /// What is wrong, and what to do.
  package var description: String {
    switch self {
    case .noFolder(let path): "there is no run folder \(path); name one as in runs/digits-cnn"
    case .notAFolder(let path): "\(path) is no folder; name a run's folder, as in runs/digits-cnn"
    case .noMetrics(let path):
      "there is no \(path): the folder is no run's, or the run has not begun"
    case .unreadable(let path, let code):
      "\(path) cannot be read: \(String(cString: strerror(code)))"
    case .unwritable(let path, let code):
      "\(path) cannot be written: \(String(cString: strerror(code))); name another file with --output"
    case .noMetric(let name, let known):
      known.isEmpty
        ? "there are no numbers yet"
        : "there is no metric \(name); there are \(known.joined(separator: ", "))"
    case .port(let port, let code):
      "port \(port) of 127.0.0.1 cannot be listened on: \(String(cString: strerror(code)));"
        + " choose another with --port, or 0 for one that is free"
    }
  }
}
