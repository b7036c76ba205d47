import Base
import Collectives
import Foundation
import Settings
import Tensors

/// The command line's side of a run.
extension TrainingRun {
  /// Exit codes: 0 for a finished run, 143 for one that was asked to stop and saved a checkpoint, 2
  /// for a configuration that cannot be run, 1 for everything else.
  public static func main(_ arguments: [String]) -> Int32 { main(arguments, observer: nil) }

  /// A run whose moments are observed, on every rank.
  package static func main(_ arguments: [String], observer: TrainingObserver?) -> Int32 {
    // A reader of the output that went away is no reason to end.
    signal(SIGPIPE, SIG_IGN)
    let configuration: RunConfiguration
    let threads: Int?
    do {
      let parsed = try RunArguments(arguments)
      configuration = try RunConfiguration(parsed)
      if parsed.printsConfiguration {
        let isWritten = launchedRank != 0 || StandardStream.output.write(configuration.yaml())
        return isWritten ? 0 : 1
      }
      threads = try configuration.threads(in: ProcessInfo.processInfo.environment)
    } catch {
      complain(error, rank: launchedRank)
      return 2
    }
    let world: World
    do {
      var options = World.Options(timeout: .seconds(configuration.distributed.timeoutS))
      options.calibration = configuration.distributed.calibration
      options.records = configuration.distributed.records
      world = try World.initialize(options)
    } catch {
      complain(error, rank: launchedRank)
      return 1
    }
    if world.size > 1 { Failure.prefix = "[rank \(world.rank)] " }
    Failure.handlesAbort = true
    world.recordFailures(in: "\(configuration.runDirectory)/flight", request: SIGUSR2)
    StopRequest.install()
    do {
      let end = try TrainingRun(configuration, world, threads: threads, observer).run()
      try world.finalize()
      return end == .finished ? 0 : 143
    } catch {
      if world.size == 1 {
        world.expectExit()
        complain(error, rank: 0)
        LastAct.perform("\(error)")
        return status(of: error)
      }
      // What all ranks meet alike (a missing file), rank 0 says; its end is the others'. What ranks
      // met with each other, each of them says.
      if world.rank != 0, !(error is CollectiveError) {
        LastAct.perform("\(error)")
        awaitEnd(seconds: 3, world)
      }
      world.group.end(error, during: "ddp-train", code: status(of: error))
    }
  }

  /// 2 for what the configuration asks for and cannot have, 1 for everything else.
  private static func status(of error: any Error) -> Int32 { error is ConfigurationError ? 2 : 1 }

  /// The rank that mpirun or srun gave this process, before MPI is there to ask.
  private static var launchedRank: Int {
    LaunchVariables(environment: ProcessInfo.processInfo.environment).rank
  }

  /// Waits for the end that another rank's failure brings, as mpirun's TERM; returns where none came,
  /// or where rank 0 is seen to wait for this rank, so that it cannot have met the same.
  private static func awaitEnd(seconds: Double, _ world: World) {
    let first = world.flight(of: 0)
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      if StopRequest.isPending { _exit(1) }
      if let last = first?.operations(last: 1).last, last.isPending, last.seconds > 0.3 { return }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// Prints an error that every rank meets alike; only one says it.
  private static func complain(_ error: any Error, rank: Int) {
    guard rank == 0 else {
      Thread.sleep(forTimeInterval: 0.5)
      return
    }
    StandardStream.error.write("ddp-train: \(error)\n")
  }
}
