import Collectives
import Foundation
import NN
import Tensors
import Training

/// `ddp-train` with a rank that breaks, for tests: `faulty-train --fault KIND:PHASE:RANK …`, all other
/// arguments being those of `ddp-train`. A file `fired` in the current folder says that it has broken
/// already and shall run in order, as a restarted job does.
@main
enum FaultyTrain {
  static func main() {
    var arguments = Array(CommandLine.arguments.dropFirst())
    var fault: Fault?
    if let place = arguments.firstIndex(of: "--fault"), place + 1 < arguments.count {
      fault = Fault(arguments[place + 1])
      guard fault != nil else {
        print("--fault \(arguments[place + 1]) is not KIND:PHASE:RANK")
        Foundation.exit(64)
      }
      arguments.removeSubrange(place...(place + 1))
    }
    noteProcess()
    if fault?.kind == .shrink, FileManager.default.fileExists(atPath: "fired") {
      Foundation.exit(TrainingRun.main(arguments, observer: Fault.awaitMore))
    }
    if FileManager.default.fileExists(atPath: "fired") { fault = nil }
    if let fault, fault.phase == "finish" { Foundation.exit(beginAndEnd(fault)) }
    Foundation.exit(TrainingRun.main(arguments) { try fault?.reached($0) })
  }

  /// A job that does nothing but begin and end, and breaks between the two.
  private static func beginAndEnd(_ fault: Fault) -> Int32 {
    do {
      try World.run(World.Options(timeout: .seconds(5))) { world in
        try world.group.barrier()
        if world.rank == fault.rank { kill(getpid(), SIGSTOP) }
      }
      return 0
    } catch {
      print("\(error)")
      return 1
    }
  }

  /// Leaves this process's number, its job's and its rank, so that the test can see what remains of it,
  /// and hit it.
  private static func noteProcess() {
    let job = ProcessInfo.processInfo.environment["PMIX_NAMESPACE"] ?? ""
    try? FileManager.default.createDirectory(atPath: "processes", withIntermediateDirectories: true)
    let rank = ProcessInfo.processInfo.environment["PMIX_RANK"] ?? "0"
    try? "\(job) \(rank)".write(toFile: "processes/\(getpid())", atomically: true, encoding: .utf8)
  }
}

/// What breaks, where.
struct Fault {
  enum Kind: String { case kill, shrink, stop, hang, exit, trap, exception, mismatch, drift, ask }

  let kind: Kind
  let phase: String
  let rank: Int

  /// The step that is broken, and the one after whose checkpoint it breaks.
  private static let step = 5, savedStep = 6

  init?(_ text: String) {
    let parts = text.split(separator: ":").map(String.init)
    guard parts.count == 3, let kind = Kind(rawValue: parts[0]), let rank = Int(parts[2]) else {
      return nil
    }
    (self.kind, phase, self.rank) = (kind, parts[1], rank)
  }

  /// In the job that goes on with fewer, waits in a step until it is to make room for more.
  static func awaitMore(_ moment: TrainingMoment) {
    guard ProcessInfo.processInfo.environment["TORUS_RESTART_COUNT"] == "1",
      moment.phase.name == "forward", moment.step == savedStep
    else { return }
    while !StopRequest.isPending { Thread.sleep(forTimeInterval: 0.005) }
  }

  /// Breaks the rank where this is the moment.
  func reached(_ moment: TrainingMoment) throws {
    guard moment.phase.name == phase else { return }
    switch phase {
    case "start": guard moment.step == 0 else { return }
    case "checkpoint": guard moment.step == Self.savedStep + 1 else { return }
    default: guard moment.step == Self.step else { return }
    }
    let isFaulty = moment.group.rank == rank
    if phase == "collective", kind != .exception, kind != .mismatch {
      // The others come late, so that it happens within the collective.
      guard isFaulty else { return Thread.sleep(forTimeInterval: 0.4) }
      // What strikes here touches nothing of the moment's.
      nonisolated(unsafe) let moment = moment
      let thread = Thread { [self] in
        Thread.sleep(forTimeInterval: 0.2)
        try? strike(moment)
      }
      return thread.start()
    }
    guard isFaulty else { return }
    if phase == "backward", kind != .exception, let model = moment.model {
      // In the middle of the walk.
      let parameters = model.parameters()
      _ = parameters[parameters.count / 2].value.onGradientReady { [self] in
        do { try strike(moment) } catch { moment.group.end(error, during: "backward") }
      }
      return
    }
    try strike(moment)
  }

  private func strike(_ moment: TrainingMoment) throws {
    try? Data().write(to: URL(fileURLWithPath: "fired"))
    switch kind {
    case .kill, .shrink: signal(SIGKILL)
    case .stop: signal(SIGSTOP)
    case .hang: Thread.sleep(forTimeInterval: 600)
    case .exit: Foundation.exit(1)
    case .trap:
      let places = [Int](repeating: 0, count: rank)
      print(places[rank + 1])
    case .exception: throw InjectedFault()
    case .drift:
      moment.model?.parameters().first?.value.lentMemory
        .assumingMemoryBound(to: UInt32.self).pointee ^= 1
    case .ask:
      kill(getpid(), SIGUSR1)
      while !StopRequest.isPending { Thread.sleep(forTimeInterval: 0.001) }
    case .mismatch: _ = try moment.group.allReduce([1.0], label: "stray")
    }
  }

  /// Sends a signal to this process and waits for it: another thread may be the one to take it.
  private func signal(_ number: Int32) {
    kill(getpid(), number)
    Thread.sleep(forTimeInterval: 1)
  }
}

struct InjectedFault: Error, CustomStringConvertible {
  let description = "an error that was injected"
}
