import Base
import Checkpoints
import Foundation
import NN
import TensorFiles
import Training

/// Saves a checkpoint after each epoch, or after those that are the best so far. On rank 0 alone.
final class CheckpointCallback: FitCallback {
  private let path: String
  private let initial: Monitor?
  private var monitor: Monitor?

  init(_ path: String, _ monitor: Monitor?) {
    (self.path, initial, self.monitor) = (path, monitor, monitor)
  }

  override func trainingBegins(_ session: FitSession) { monitor = initial }

  override func epochEnded(_ session: FitSession) throws {
    if let name = monitor?.name {
      let value = session.figure(name, "bestCheckpoint")
      guard monitor?.isBetter(value) == true, session.rank == 0 else { return }
      try save(
        [
          "model": session.model.stateDict(), "optimizer": session.optimizer.stateDict(),
          "epoch": session.epoch, name: value,
        ], to: path)
    } else if session.rank == 0 {
      try save(
        [
          "model": session.model.stateDict(), "optimizer": session.optimizer.stateDict(),
          "epoch": session.epoch,
        ], to: path)
    }
  }
}

/// Writes the figures of each epoch to a file. On rank 0 alone.
final class LoggingCallback: FitCallback {
  private let path: String
  private let isJSON: Bool
  private var lines: [String] = []

  init(_ path: String, isJSON: Bool) { (self.path, self.isJSON) = (path, isJSON) }

  override func trainingBegins(_ session: FitSession) throws {
    lines = []
    try write(session)
  }

  override func epochEnded(_ session: FitSession) throws {
    let names = session.history.names
    let values = names.map { session.history[$0].last ?? .nan }
    let rates = session.optimizer.groups.map(\.lr)
    let columns = ["epoch"] + names + ["learning_rate"]
    let cells = ["\(session.epoch)"] + (values + [rates.first ?? 0]).map { "\($0)" }
    if isJSON {
      // JSON knows no NaN.
      let members = zip(columns, cells).map { column, cell in
        "\"\(column)\": \(Double(cell)?.isFinite == true ? cell : "null")"
      }
      lines.append("{\(members.joined(separator: ", "))}")
    } else {
      if lines.isEmpty { lines.append(columns.joined(separator: ",")) }
      lines.append(cells.joined(separator: ","))
    }
    try write(session)
  }

  private func write(_ session: FitSession) throws {
    guard session.rank == 0 else { return }
    let text = lines.map { $0 + "\n" }.joined()
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      try sink.write(Data(text.utf8))
    }
  }
}
