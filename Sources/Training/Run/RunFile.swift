import Base
import Checkpoints
import Foundation

/// Small files of a run.
package enum RunFile {
  /// Reads a JSON file that a run saved.
  package static func read<Value: Decodable>(
    _ name: String, of run: String, as type: Value.Type = Value.self
  ) throws(CheckpointError) -> Value {
    let path = "\(run)/\(name)"
    guard let contents = FileManager.default.contents(atPath: path) else {
      throw CheckpointError(
        .missing, path: path, "the run has no such file",
        remedy: "Name the directory of a run that was started at least")
    }
    do throws(JSONReading.Fault) {
      return try JSONReading.decode(Value.self, from: contents)
    } catch {
      throw CheckpointError(
        .damaged, path: path, "it is not what a run saves: \(error)",
        remedy: "Run the training again")
    }
  }

  package static func write(_ contents: Data, to path: String) throws(RunLogError) {
    do {
      try contents.write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .cannotWrite(path, errno: error.errorNumber)
    }
  }
}
