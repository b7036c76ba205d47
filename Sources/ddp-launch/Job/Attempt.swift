import Base
import CProcess
import Foundation

/// How an attempt ended.
enum Outcome {
  /// Every worker's program ended with 0.
  case succeeded
  /// The workers were asked to save and stop, so that the job goes on with more of them, and did.
  case stoppedToGrow
  /// The user's signal ended it; with a failure where a worker did not end as it was asked to.
  case stopped(signal: Int32, failure: Failure?)
  /// Something failed.
  case failed(Failure)
}

/// One run of mpirun with all workers, from its start to its end.
///
/// TERM, INT, HUP, QUIT and USR1 become SIGUSR1 for mpirun, which hands it to every worker's keeper, and
/// that the program's stop signal to the program, so that they save a checkpoint and stop together: sent
/// TERM itself, mpirun would kill them within two seconds. A second signal, or the grace period's end,
/// ends them without more ado. SIGUSR2 is handed on as it is.
struct Attempt {
  /// How many lines of a rank's standard error are kept for the report.
  private static let keptLines = 12
  /// Seconds until a job that has failed, or was told to end, is killed.
  private static let patience = 8.0
  /// Seconds in which another SIGTERM or SIGUSR1 is the same request: a batch system sends it to every
  /// process of a job, of which the script may hand it on.
  private static let sameRequest = 1.0
  /// Seconds for the last words of a job of which a worker was ended by a signal.
  private static let lastWords = 0.1
  /// How programs end that were asked to: well, as ddp-train does with a checkpoint saved, or by the
  /// signal (negative) that they do not handle.
  private static let goodStops: Set<Int32> = [
    0, 128 + SIGTERM, 128 + SIGINT, -SIGTERM, -SIGINT, -SIGHUP, -SIGQUIT, -SIGUSR1,
  ]

  /// What tells the files of its keepers from those of all others.
  let mark: String
  let grace: Double
  let monitorInterval: Double
  /// Which local ranks are shown; nil for all.
  let shownLocalRanks: Set<Int>?
  let redirects: StreamChoice
  let tee: StreamChoice
  /// Which ranks run where.
  var layout = HostLayout([1])
  /// When it is to end for one with more workers; nil where it has all it may have.
  var growth: Growth?
  /// The last step that an attempt before this one has done; nil for the first attempt.
  var reachedBefore: Int?
  /// How far the program has come, where it says so.
  private(set) var progress: WorkerProgress?

  private var decoder = OutputDecoder()
  private var failures = FailureRecord()
  private var errorLines: [Int: [String]] = [:]
  private var mpirunLines: [String] = []
  private var stopSignal: Int32?
  private var stopTime = Date.distantPast
  /// Whether the workers were asked to stop so that the job goes on with more.
  private var isGrowing = false
  /// The first worker that ended otherwise than it was asked to.
  private var badStop: (rank: Int, end: RankEnd)?
  /// Whether workers that were asked to stop were ended by force.
  private var isForced = false
  /// Whether a worker was ended by a signal that it could not answer, and the others with it.
  private var isStruck = false
  /// When the job is next pressed harder, and by which signal.
  private var pressure: (at: Date, signal: Int32)?
  private var watch = RankWatch(workers: 1, mark: "")
  /// Why the job is ended, where none of its ranks has said so.
  private var finding: RankWatch.Finding?

  init(
    mark: String, grace: Double, monitorInterval: Double, shownLocalRanks: Set<Int>?,
    redirects: StreamChoice,
    tee: StreamChoice
  ) {
    self.mark = mark
    self.grace = grace
    self.monitorInterval = monitorInterval
    self.shownLocalRanks = shownLocalRanks
    self.redirects = redirects
    self.tee = tee
  }

  /// Runs mpirun to its end.
  mutating func run(
    mpirun: String, arguments: [String], environment: [String: String], signals: SignalPipe,
    console: inout RankConsole, logs: RankLogs?
  ) throws(LaunchError) -> Outcome {
    let output = OutputPipe()
    let errors = OutputPipe()
    defer {
      close(output.output)
      close(errors.output)
    }
    // In a group of its own the terminal's Ctrl-C does not reach it; SIGTERM makes it end its
    // workers should this process die.
    let child = try ChildProcess(
      mpirun, arguments, environment: environment, output: output.input, error: errors.input,
      ownGroup: true, diesWith: SIGTERM)
    output.closeInput()
    errors.closeInput()
    watch = RankWatch(workers: layout.workers, mark: mark)
    let begin = Date()
    var ownLines = LineSplitter()
    var open = [output.output, errors.output]
    var status: Int32?
    while status == nil || !open.isEmpty {
      let wait = pressure.map { min(monitorInterval, max(0, $0.at.timeIntervalSinceNow)) }
      let ready = poll(
        open + [signals.descriptor],
        milliseconds: status == nil
          ? Int((wait ?? monitorInterval) * 1000) + 1 : isStruck && watch.allHaveEnded ? 0 : 500)
      if status != nil, ready.isEmpty { break }
      for number in signals.received() where number != SIGCHLD {
        heed(number, child, &console)
      }
      if ready.contains(output.output) {
        if let bytes = readAvailable(output.output) {
          for (rank, frame) in decoder.add(bytes) {
            take(frame, of: rank, &console, logs)
          }
        } else {
          open.removeAll { $0 == output.output }
        }
      }
      if ready.contains(errors.output) {
        if let bytes = readAvailable(errors.output) {
          mpirunLines += ownLines.add(bytes).map { String(decoding: $0, as: UTF8.self) }
          mpirunLines.removeFirst(max(0, mpirunLines.count - 200))
        } else {
          open.removeAll { $0 == errors.output }
        }
      }
      if status == nil, finding == nil, let found = watch.look(child.pid) {
        finding = found
        pressure = (Date(), SIGTERM)
      }
      if status == nil { grow(child, Date().timeIntervalSince(begin), &console) }
      if status == nil { press(child, &console) }
      if status == nil { status = child.exitStatus() }
    }
    console.finish()
    // Keepers that were killed could not do it.
    ReportFile.removeAll(mark: mark)
    for path in logs?.deleted ?? [] { console.note("\(path) was deleted while it was written") }
    if torus_exit_code(status ?? 0) != 0 {
      for job in watch.jobs {
        SessionFiles.removeSharedMemory(ofJob: job, environment: environment)
      }
    }
    if torus_exit_code(status ?? 0) < 0 {
      // Killed, it leaves its session behind.
      let folder = environment["TMPDIR"] ?? "/tmp"
      try? FileManager.default.removeItem(
        atPath: "\(folder)/ompi.\(Machine.hostName).\(geteuid())/pid.\(child.pid)")
    }
    return outcome(torus_exit_code(status ?? 0), &console)
  }

  /// Answers a signal of the user or the system.
  private mutating func heed(_ number: Int32, _ child: ChildProcess, _ console: inout RankConsole) {
    let name = Failure.signalName(number)
    // A request to write something down, which mpirun hands to every worker, ends nothing.
    if number == SIGUSR2 {
      kill(child.pid, number)
      return
    }
    if stopSignal == nil {
      stopSignal = number
      stopTime = Date()
      console.note("\(name): asked the workers to save and stop; again to end them now")
      if !isGrowing { kill(child.pid, SIGUSR1) }
      pressure = (Date().addingTimeInterval(grace), SIGTERM)
    } else if ![SIGTERM, SIGUSR1].contains(number)
      || Date().timeIntervalSince(stopTime) > Self.sameRequest
    {
      console.note("\(name) again: ending the workers")
      isForced = true
      pressure = (Date(), pressure?.signal ?? SIGTERM)
      press(child, &console)
    }
  }

  /// Asks the workers to save and stop where the job is to have more of them: once they have shown that they
  /// come on, by a checkpoint.
  private mutating func grow(
    _ child: ChildProcess, _ seconds: Double, _ console: inout RankConsole
  ) {
    guard let growth, !isGrowing, stopSignal == nil, pressure == nil, finding == nil,
      progress?.saved != nil, let reason = growth.reason(after: seconds)
    else { return }
    isGrowing = true
    console.note("\(reason): asked the workers to save and stop, to go on with more")
    kill(child.pid, SIGUSR1)
    pressure = (Date().addingTimeInterval(grace), SIGTERM)
  }

  /// Notes how far the program has come, and says once what it does again.
  private mutating func note(_ found: WorkerProgress, _ console: inout RankConsole) {
    if progress == nil, let reached = reachedBefore {
      let place =
        switch found.source {
        case .memory: "from the checkpoint in memory of step \(found.begin)"
        case .disk: "from the checkpoint on disk of step \(found.begin)"
        case .start: "from the beginning"
        }
      let again = max(0, reached - found.begin)
      console.note(
        "goes on \(place); \(again) \(again == 1 ? "step is" : "steps are") done twice")
    }
    progress = found
  }

  /// Ends a job that did not end by itself in time.
  private mutating func press(_ child: ChildProcess, _ console: inout RankConsole) {
    guard let due = pressure, due.at <= Date() else { return }
    if stopSignal != nil || isGrowing, !isForced {
      isForced = true
      console.note("the workers have not ended by themselves: ending them")
    }
    if due.signal == SIGKILL {
      for (rank, report) in watch.reports { failures.add(report, of: rank) }
    }
    kill(child.pid, due.signal)
    if due.signal == SIGKILL {
      watch.killRest()
      if !isStruck { console.note("mpirun did not end its workers: killed it") }
    }
    let next: [Int32: Int32] = [RankKeeper.endOrder: SIGTERM, SIGTERM: SIGKILL]
    pressure = next[due.signal].map { (Date().addingTimeInterval(Self.patience), $0) }
  }

  private mutating func take(
    _ frame: Frame, of rank: Int, _ console: inout RankConsole, _ logs: RankLogs?
  ) {
    let localRank = layout.place(ofRank: rank).local
    watch.add(frame, of: rank)
    switch frame {
    case .started, .stopped: break
    case .line(let stream, let text):
      if stream == .error {
        var lines = errorLines[rank] ?? []
        lines.append(String(decoding: text, as: UTF8.self))
        errorLines[rank] = lines.suffix(Self.keptLines)
      }
      let isRedirected = redirects.contains(stream, ofLocalRank: localRank)
      if isRedirected || tee.contains(stream, ofLocalRank: localRank) {
        if let problem = logs?.write(text, stream, ofRank: rank) {
          console.note("\(problem). The job goes on; lines are missing from its logs")
        }
      }
      if !isRedirected, shownLocalRanks?.contains(localRank) ?? true {
        console.show(frame, of: rank)
      }
    case .unfinished(let stream, _):
      if !redirects.contains(stream, ofLocalRank: localRank),
        shownLocalRanks?.contains(localRank) ?? true
      {
        console.show(frame, of: rank)
      }
    case .progress(let found): note(found, &console)
    case .failed(let report): failures.add(report, of: rank)
    case .ended(let end):
      failures.add(end, of: rank)
      if stopSignal != nil || isGrowing, !isForced, badStop == nil,
        !Self.goodStops.contains(end.code)
      {
        badStop = (rank, end)
      }
      if isStruck {
        // Nobody is left to whom mpirun would have to give time.
        if watch.allHaveEnded { pressure = (Date(), SIGKILL) }
      } else if strikes(end) {
        // The others know nothing of it, and mpirun would give them two seconds, in which it hands nothing on, and
        // those of other hosts two more.
        isStruck = true
        if let found = watch.progress { note(found, &console) }
        pressure = (
          Date().addingTimeInterval(Self.lastWords),
          layout.counts.count == 1 && end.host == Machine.hostName ? SIGKILL : RankKeeper.endOrder
        )
      } else if end.code != 0, pressure == nil {
        // mpirun ends the others by itself; this is for the case that it does not.
        pressure = (Date().addingTimeInterval(Self.patience), SIGTERM)
      }
    }
  }

  /// Whether a worker's end leaves the others nothing to say: it was killed, or has crashed.
  private func strikes(_ end: RankEnd) -> Bool {
    RankKeeper.strikes.contains(-end.code) && !end.wasAsked && pressure == nil && finding == nil
  }

  private func outcome(_ code: Int32, _ console: inout RankConsole) -> Outcome {
    let lastLines = { (rank: Int) in errorLines[rank] ?? [] }
    if let stopSignal {
      let failure = badStop.map {
        Failure(rank: $0.rank, end: $0.end, lastLines: lastLines($0.rank))
      }
      return .stopped(signal: stopSignal, failure: failure)
    }
    if isGrowing {
      if let badStop {
        return .failed(
          Failure(rank: badStop.rank, end: badStop.end, lastLines: lastLines(badStop.rank)))
      }
      // All may have come to the run's end before they were asked.
      if code == 0, !isForced { return watch.allEndedWell ? .succeeded : .stoppedToGrow }
    }
    // Who called MPI_Abort first need not be who failed first, but that is all that is known of ranks
    // that do not explain themselves.
    let abort = Failure.abort(in: mpirunLines, lastLines: lastLines)
    if let finding, finding.isStop, let failure = finding.failure { return .failed(failure) }
    if code != 0, watch.allEndedWell { return .succeeded }
    // Keepers that have the order to end are killed in the end.
    let killed =
      isStruck
      ? nil
      : Failure.killedKeeper(in: mpirunLines).flatMap { failure in
        failure.rank.map { watch.hasEnded($0) } == true ? nil : failure
      }
    if code != 0,
      let failure = Failure.lostHost(in: mpirunLines) ?? killed
        ?? (failures.hasReports ? nil : abort)
        ?? failures.first(exitCode: abort?.exitCode ?? 1, lastLines: lastLines)
    {
      return .failed(failure)
    }
    if let failure = finding?.failure { return .failed(failure) }
    let said = mpirunLines.filter { !$0.isEmpty && !$0.allSatisfy { $0 == "-" } }
    guard code == 0 else {
      return .failed(
        Failure(
          rank: nil, reason: Failure.reason(code), exitCode: code < 0 ? 128 - code : code,
          lastLines: Array(said.suffix(40))))
    }
    for line in said { console.note("mpirun: \(line)") }
    return .succeeded
  }
}
