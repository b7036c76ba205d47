import Base
import CCollectives
import Foundation

extension ProcessGroup {
  /// What every rank did last, as far as it is known here: by what the others told, and by the memory
  /// that the node's ranks share. One line per rank, and more for those that are missing.
  func lastOperations(after error: CollectiveError) -> [String] {
    guard let watch = engine.watch else { return [] }
    var missing: Set<Int> = []
    if case .timeout(let group, _, _, let ranks) = error, group == name {
      missing = Set(ranks.map { self.ranks[$0] })
    }
    let told = engine.locked { watch.statuses }
    var lines: [String] = []
    for rank in 0..<watch.size {
      let status: RankStatus
      if let recorder = torus_group_flight(watch.world, Int32(rank)) {
        status = RankStatus(rank: rank, FlightRecorder(handle: recorder), group: name)
      } else if let said = told[rank] {
        status = said.status
      } else {
        lines.append("rank \(rank): nothing was heard of it")
        continue
      }
      let place = [status.step > 0 ? "step \(status.step)" : "", status.phase]
        .filter { !$0.isEmpty }.joined(separator: ", ")
      let shown = status.operations.suffix(missing.contains(rank) ? 3 : 1)
      let title = "rank \(rank)" + (place.isEmpty ? "" : ", \(place)")
      if shown.isEmpty { lines.append("\(title): no operation yet") }
      lines += shown.reversed().enumerated().map { $0 == 0 ? "\(title): \($1)" : "  before: \($1)" }
      if !status.scheduled.isEmpty {
        let more = status.scheduledCount - status.scheduled.count
        lines.append(
          "  queued behind it: \(status.scheduled.map { "\($0.operation)" }.joined(separator: "; "))"
            + (more > 0 ? "; and \(more) more" : ""))
      }
    }
    return lines
  }

  /// Says what is wrong on standard error, with the last operations of all ranks, writes recorders
  /// down where that was asked for, and ends every process of the job through MPI_Abort.
  ///
  /// - Parameters:
  ///   - error: What is wrong.
  ///   - place: What stands before it, such as the program or what was being done.
  ///   - code: The exit status of the job.
  public func end(_ error: any Error, during place: String = "", code: Int32 = 1) -> Never {
    torus_fatal_disarm()
    let prefix = "[rank \(engine.watch?.rank ?? rank)] "
    var lines = [(place.isEmpty ? "" : "\(place): ") + "\(error)"]
    let failure = error as? CollectiveError
    report(lines[0], failure)
    if case .timeout = failure, let failure {
      lines += ["the last operations of each rank:"]
      lines += lastOperations(after: failure).map { "  \($0)" }
    }
    StandardStream.error.write(lines.map { prefix + $0 + "\n" }.joined())
    writeRecorders("\(error)", failure)
    LastAct.perform(lines[0])
    // All is said: mpirun's TERM, which the first one to end brings the others, may end this rank at
    // once, though a run takes it for a request to stop; mpirun would wait a second before it kills.
    signal(SIGTERM, SIG_DFL)
    if let failure { engine.takeLeave(failure, of: self) }
    torus_mpi_abort(code)
  }

  /// Leaves the cause for who started this process, as ``torus_report`` describes.
  private func report(_ cause: String, _ failure: CollectiveError?) {
    var missing: [Int32] = []
    if case .timeout(let group, _, _, let ranks) = failure, group == name {
      missing = ranks.map { Int32(self.ranks[$0]) }
    }
    torus_report(cause, missing, Int32(missing.count))
  }

  /// What ranks met with each other, each of them writes down, and the first one that is left for those
  /// that are missing; otherwise nobody else will come to it, and this rank writes what it can reach.
  private func writeRecorders(_ reason: String, _ failure: CollectiveError?) {
    let own = engine.watch?.rank ?? rank
    switch failure {
    case .mismatch, .timeout:
      if !FlightFolder.isTaken(rank: own) { torus_fatal_write(Int32(own), reason) }
      guard case .timeout(let group, _, _, let missing) = failure, group == name,
        rank == (0..<size).first(where: { !missing.contains($0) })
      else { return }
      for rank in missing { torus_fatal_write(Int32(ranks[rank]), "missing") }
    default: torus_fatal_write_all(reason)
    }
  }
}
