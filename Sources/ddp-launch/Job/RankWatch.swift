import Base
import CProcess
import Foundation

/// What is known of the ranks' processes, by which a job is ended that would not end by itself: mpirun
/// waits for ever for a rank that is stopped, and sometimes for itself when a rank is killed early.
struct RankWatch {
  /// Why a job is to be ended now.
  enum Finding {
    /// A rank's keeper is gone and has said nothing.
    case lost(rank: Int, RankStart)
    /// All ranks have ended but this one, which is stopped.
    case stopped(rank: Int, RankStart)
    /// The same of a rank whose keeper was stopped before it said anything.
    case silent(rank: Int)
    /// All ranks have ended, or no process of the job is left here, and mpirun goes on.
    case over
  }

  /// Seconds that a keeper's last words and mpirun's own end may take, and for which a stopped rank is
  /// waited for once all others have ended.
  private static let patience = 5.0, stoppedPatience = 10.0
  /// Seconds that the ends of what was killed may take.
  private static let killPatience = 1.0

  private let workers: Int
  /// That of the launcher's files.
  private let mark: String
  private let host = Machine.hostName
  private var starts: [Int: RankStart] = [:]
  private var startTimes: [Int: Date] = [:]
  private var ends: [Int: Int32] = [:]
  private var stopped: Set<Int> = []
  private var hadChildren = false
  /// Since when something is so.
  private var since: [String: Date] = [:]
  private var lastLook = Date.distantPast

  init(workers: Int, mark: String) { (self.workers, self.mark) = (workers, mark) }

  /// The numbers that Open MPI has given to the job.
  var jobs: Set<UInt32> { Set(starts.values.compactMap(\.job)) }

  /// Whether every rank has ended well, however mpirun itself has ended.
  var allEndedWell: Bool { ends.count == workers && ends.values.allSatisfy { $0 == 0 } }

  /// Whether every rank has told of its end.
  var allHaveEnded: Bool { ends.count == workers }

  /// Whether a rank has told of its end.
  func hasEnded(_ rank: Int) -> Bool { ends[rank] != nil }

  /// Where a rank runs, as far as it has said so.
  func start(of rank: Int) -> RankStart? { starts[rank] }

  /// How far the programs on this host have come, as far as one says so that has not ended.
  var progress: WorkerProgress? {
    starts.filter { ends[$0.key] == nil && $0.value.host == host }.values
      .compactMap(ProgressFile.read).max { $0.step < $1.step }
  }

  /// What programs on this host that have not ended have left of the cause, whether their keepers' words came here
  /// or not.
  var reports: [(rank: Int, report: RankReport)] {
    starts.filter { ends[$0.key] == nil && $0.value.host == host }.inKeyOrder
      .compactMap { rank, start in
        ReportFile(mark: mark, keeper: start.keeper)
          .read(pid: start.pid, started: startTimes[rank] ?? Date()).map { (rank, $0) }
      }
  }

  /// Kills all programs on this host that have not ended, once mpirun is killed, and waits until they and their
  /// keepers, which clean up behind them, are gone.
  func killRest() {
    let running = starts.filter { ends[$0.key] == nil && $0.value.host == host }.values
    for start in running {
      kill(start.keeper, SIGCONT)
      kill(start.pid, SIGKILL)
    }
    let end = Date().addingTimeInterval(Self.killPatience)
    let processes = running.flatMap { [$0.pid, $0.keeper] }
    while processes.contains(where: { !Self.isGone($0) }), Date() < end { usleep(2000) }
  }

  /// Whether a process is none any more.
  private static func isGone(_ process: Int32) -> Bool {
    let state = UInt8(bitPattern: torus_process_state(process))
    return state == 0 || state == UInt8(ascii: "Z")
  }

  mutating func add(_ frame: Frame, of rank: Int) {
    switch frame {
    case .started(let start):
      starts[rank] = start
      startTimes[rank] = Date()
    case .stopped(let isStopped):
      if isStopped { stopped.insert(rank) } else { stopped.remove(rank) }
    case .ended(let end): ends[rank] = end.code
    default: break
    }
  }

  /// Looks once a second; returns a reason to end the job now.
  mutating func look(_ mpirun: Int32, now: Date = Date()) -> Finding? {
    guard now.timeIntervalSince(lastLook) >= 1 else { return nil }
    lastLook = now
    let running = starts.keys.filter { ends[$0] == nil }.sorted()
    for rank in running {
      guard let start = starts[rank], start.host == host else { continue }
      let state = torus_process_state(start.keeper)
      let isGone = Self.isGone(start.keeper)
      if holds("lost \(rank)", isGone, Self.patience, now) { return .lost(rank: rank, start) }
      let isStopped = stopped.contains(rank) || UInt8(bitPattern: state) == UInt8(ascii: "T")
      let isAlone = isStopped && ends.count == workers - 1
      if holds("stopped \(rank)", isAlone, Self.stoppedPatience, now) {
        return .stopped(rank: rank, start)
      }
    }
    if let silent = (0..<workers).first(where: { starts[$0] == nil }) {
      let isAlone = ends.count == workers - 1 && hasStoppedChild(mpirun)
      if holds("silent", isAlone, Self.stoppedPatience, now) { return .silent(rank: silent) }
    }
    if holds("over", ends.count == workers, Self.patience, now) { return .over }
    // While all have begun and none has ended there is nothing to look for.
    guard starts.count < workers || !ends.isEmpty else { return nil }
    let hasChildren = torus_has_children(mpirun) != 0
    hadChildren = hadChildren || hasChildren
    return holds("childless", hadChildren && !hasChildren, Self.patience, now) ? .over : nil
  }

  /// Whether a process that mpirun started here is stopped.
  private func hasStoppedChild(_ mpirun: Int32) -> Bool {
    let path = "/proc/\(mpirun)/task/\(mpirun)/children"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return false }
    return text.split(separator: " ").contains { child in
      Int32(child).map { UInt8(bitPattern: torus_process_state($0)) } == UInt8(ascii: "T")
    }
  }

  /// Whether a condition has held for some seconds.
  private mutating func holds(
    _ name: String, _ condition: Bool, _ seconds: Double, _ now: Date
  ) -> Bool {
    guard condition else {
      since[name] = nil
      return false
    }
    let begin = since[name] ?? now
    since[name] = begin
    return now.timeIntervalSince(begin) >= seconds
  }
}

extension RankWatch.Finding {
  /// Whether a rank was stopped, which fails a job even if the rank ends well when it is ended.
  var isStop: Bool {
    switch self {
    case .stopped, .silent: true
    case .lost, .over: false
    }
  }

  /// The failure that it tells of; nil where it tells of none.
  var failure: Failure? {
    switch self {
    case .lost(let rank, let start):
      Failure(
        rank: rank, reason: "its keeper was killed (host \(start.host), process \(start.keeper))",
        exitCode: 128 + SIGKILL, lastLines: [])
    case .stopped(let rank, let start):
      Failure(
        rank: rank,
        reason:
          "it is stopped, and all others have ended (host \(start.host), process \(start.pid))",
        exitCode: 1, lastLines: [])
    case .silent(let rank):
      Failure(
        rank: rank, reason: "it is stopped, and all others have ended", exitCode: 1, lastLines: [])
    case .over: nil
    }
  }
}
