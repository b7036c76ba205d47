import Base
import CProcess
import Foundation

/// Runs one worker's program: gives it its variables, passes its output on as frames, says how it
/// ended, and sees to it that it does not outlive mpirun.
///
/// The launcher's request to stop comes as USR1, the only signal besides USR2 that mpirun hands on, and
/// to the keeper alone, which sends the program's stop signal to its process group. TERM and KILL, by
/// which mpirun ends a job, it sends to the whole group itself, so that the keeper only has to stay
/// alive for TERM.
///
/// Where a job has several hosts and a program is killed or crashes, its keeper says so and stays: once a keeper
/// ends, mpirun takes seconds to end the others, in which it hands nothing on. The launcher answers by
/// ``endOrder``, which mpirun hands to all keepers; each ends its program at once, says so, and stays until mpirun
/// itself is ended.
struct RankKeeper {
  /// The signal that orders keepers to end their programs now. By itself it ends nobody, should an mpirun keep it.
  static let endOrder = SIGURG
  /// Signals after which a program has left the others nothing to say: it was killed, or has crashed.
  static let strikes: Set<Int32> = [
    SIGKILL, SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGABRT, SIGFPE,
  ]
  /// Seconds for which a keeper whose program has ended waits for the launcher.
  private static let patience = 5.0
  /// Seconds between two looks at the program's progress.
  private static let look = 0.25

  let plan: KeeperPlan
  private var splitters: [OutputStream: LineSplitter] = [
    .out: LineSplitter(), .error: LineSplitter(),
  ]
  private var shown: [OutputStream: [UInt8]] = [:]
  private let report: ReportFile
  private var hasReported = false
  private let progress = ProgressFile()
  private var lastProgress: WorkerProgress?
  private var lastLook = Date.distantPast

  init(_ plan: KeeperPlan) {
    self.plan = plan
    report = ReportFile(mark: plan.mark, keeper: getpid())
    report.remove()
  }

  /// Runs the program to its end and returns the exit code for mpirun: 128 + n after signal n, and 0
  /// where it was asked to stop.
  mutating func run() -> Int32 {
    signal(SIGPIPE, SIG_IGN)
    let parent = getppid()
    let signals = SignalPipe(
      [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, Self.endOrder])
    // mpirun may end without a word; SIGHUP then comes from the kernel.
    torus_signal_on_parent_death(SIGHUP)
    let output = OutputPipe()
    let errors = OutputPipe()
    var environment = plan.environment(inherited: ProcessInfo.processInfo.environment)
      .merging(report.variables.merging(progress.variables) { $1 }) { $1 }
    let memory = plan.memoryFolder(environment: environment).flatMap(MemoryFolder.init(joining:))
    if let memory { environment[MemoryFolder.variable] = memory.path }
    defer { memory?.leave() }
    defer { report.remove() }
    let started = Date()
    let child: ChildProcess
    do {
      child = try ChildProcess(
        plan.command[0], Array(plan.command.dropFirst()), environment: environment,
        output: output.input, error: errors.input, diesWith: SIGKILL)
    } catch {
      send(.line(.error, Array("ddp-launch: \(error)".utf8)))
      return 127
    }
    output.closeInput()
    errors.closeInput()
    send(
      .started(
        RankStart(
          host: Machine.hostName, pid: child.pid, keeper: getpid(),
          job: environment["PMIX_NAMESPACE"].flatMap { UInt32($0) }, progress: progress.place)))
    var open: [OutputStream: Int32] = [.out: output.output, .error: errors.output]
    var wasAsked = false
    var isStopping = false
    var isOrdered = false
    var status: Int32?
    // After the program's end its own children may keep the pipes open: wait for them a moment.
    while status == nil || !open.isEmpty {
      let streams = OutputStream.allCases.filter { open[$0] != nil }
      let ready = poll(
        streams.compactMap { open[$0] } + [signals.descriptor],
        milliseconds: status != nil ? 200 : hasUnshown ? 50 : 500)
      if status != nil, ready.isEmpty { break }
      if ready.isEmpty { showUnfinished() }
      for stream in streams {
        guard let descriptor = open[stream], ready.contains(descriptor) else { continue }
        if !pass(stream, descriptor) { open[stream] = nil }
      }
      // A program that fails leaves its report before it speaks, and mpirun may end both at once.
      if ready.contains(errors.output) || status != nil { passReport(child.pid, started) }
      if Date().timeIntervalSince(lastLook) >= Self.look { passProgress() }
      for number in signals.received() {
        if number == SIGTERM || number == SIGINT || number == SIGUSR1 { wasAsked = true }
        // mpirun may end the keeper together with its program next.
        if number == SIGTERM {
          passProgress()
          passReport(child.pid, started)
          report.remove()
        }
        if number == Self.endOrder {
          isOrdered = true
          if status == nil {
            wasAsked = true
            passProgress()
            kill(child.pid, SIGKILL)
          }
        }
        if number == SIGUSR1 {
          isStopping = true
          handOn(plan.stopSignal.number, to: child)
        } else if number == SIGUSR2 {
          handOn(number, to: child)
        }
      }
      if getppid() != parent {
        // mpirun is gone, and nobody is left to hear of it: end the whole group.
        kill(child.pid, SIGKILL)
        var ignored: Int32 = 0
        waitpid(child.pid, &ignored, 0)
        memory?.leave()
        report.remove()
        SessionFiles.removeOwn(environment: environment)
        if getpgrp() == getpid() { kill(0, SIGKILL) }
        return 1
      }
      while status == nil, let change = child.change() {
        switch change {
        case .ended(let number): status = number
        case .stopped: send(.stopped(true))
        case .resumed: send(.stopped(false))
        }
      }
    }
    for stream in OutputStream.allCases {
      if let rest = splitters[stream]?.finish() { send(.line(stream, rest)) }
    }
    passReport(child.pid, started)
    passProgress()
    MemoryFolder.removeOrphan(environment: environment)
    let code = torus_exit_code(status ?? 0)
    send(
      .ended(
        RankEnd(
          host: Machine.hostName, pid: child.pid, code: code, wasAsked: wasAsked,
          time: Date().timeIntervalSince1970, seconds: Date().timeIntervalSince(started))))
    let isStruck = plan.layout.counts.count > 1 && Self.strikes.contains(-code) && !wasAsked
    if isStruck, !isOrdered { isOrdered = waits(for: Self.endOrder, signals, parent) }
    if isOrdered {
      memory?.leave()
      report.remove()
      _ = waits(for: SIGTERM, signals, parent)
      SessionFiles.removeOwn(environment: environment)
      // What the program started is to end as well.
      if getpgrp() == getpid() { kill(0, SIGKILL) }
    }
    // mpirun would end the other ranks, which may still be saving, where one ends with a code.
    return isStopping ? 0 : code < 0 ? 128 - code : code
  }

  /// Waits for a signal; false where mpirun ends the job by itself or is gone, or none comes.
  private func waits(for number: Int32, _ signals: SignalPipe, _ parent: pid_t) -> Bool {
    let end = Date().addingTimeInterval(Self.patience)
    while getppid() == parent, end.timeIntervalSinceNow > 0 {
      _ = poll([signals.descriptor], milliseconds: Int(end.timeIntervalSinceNow * 1000) + 1)
      let received = signals.received()
      if received.contains(number) { return true }
      if received.contains(SIGTERM) { return false }
    }
    return false
  }

  /// Sends a signal to the program and to what it started.
  private func handOn(_ number: Int32, to child: ChildProcess) {
    if getpgrp() == getpid() { torus_signal_others(number) } else { kill(child.pid, number) }
  }

  /// Reads what there is and sends its lines; false at the stream's end.
  private mutating func pass(_ stream: OutputStream, _ descriptor: Int32) -> Bool {
    guard let bytes = readAvailable(descriptor) else { return false }
    let lines = splitters[stream]?.add(bytes) ?? []
    for line in lines { send(.line(stream, line)) }
    if !lines.isEmpty { shown[stream] = [] }
    return true
  }

  /// Sends what the program has left in its report's file, once. The file stays: where mpirun, which is ending the
  /// job, hands nothing on any more, the launcher reads it itself.
  private mutating func passReport(_ pid: Int32, _ started: Date) {
    guard !hasReported, let found = report.read(pid: pid, started: started) else { return }
    hasReported = true
    send(.failed(found))
  }

  /// Sends how far the program has come, where that is news.
  private mutating func passProgress() {
    lastLook = Date()
    guard let found = progress.read(), found != lastProgress else { return }
    lastProgress = found
    send(.progress(found))
  }

  private var hasUnshown: Bool {
    OutputStream.allCases.contains {
      let text = splitters[$0]?.unfinished ?? []
      return !text.isEmpty && text != shown[$0]
    }
  }

  /// Sends what stands in unfinished lines, once the program has paused.
  private mutating func showUnfinished() {
    for stream in OutputStream.allCases {
      guard let text = splitters[stream]?.unfinished, !text.isEmpty, text != shown[stream]
      else { continue }
      send(.unfinished(stream, text))
      shown[stream] = text
    }
  }

  private func send(_ frame: Frame) {
    _ = StandardStream.write(frame.encoded, to: STDOUT_FILENO)
  }
}
