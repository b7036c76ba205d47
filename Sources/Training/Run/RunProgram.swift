import Base
import Collectives
import Foundation
import Settings
import Tensors

/// What every program that trains does around its run: it reads its arguments, meets the other workers,
/// listens for signals, and ends so that no worker is left waiting.
package struct RunProgram<Configuration: LaunchedConfiguration> {
  /// What the command is called, for messages that end a job.
  package let name: String
  /// The configuration that the arguments ask for, and whether it is only to be printed.
  package let read: ([String]) throws -> (configuration: Configuration, isPrinted: Bool)
  /// The run on this rank, with its number of compute threads.
  package let run: (Configuration, World, _ threads: Int?) throws -> TrainingEnd

  package init(
    name: String,
    read: @escaping ([String]) throws -> (configuration: Configuration, isPrinted: Bool),
    run: @escaping (Configuration, World, _ threads: Int?) throws -> TrainingEnd
  ) {
    self.name = name
    self.read = read
    self.run = run
  }

  /// Exit codes: 0 for a finished run, 143 for one that was asked to stop and saved a checkpoint
  /// (130 where that was Ctrl-C, sent to a single worker), 2 for a configuration that cannot be run, 74 where
  /// files cannot be written until somebody makes room or gives rights, 1 for everything else.
  package func main(_ arguments: [String]) -> Int32 {
    // A reader of the output that went away is no reason to end.
    signal(SIGPIPE, SIG_IGN)
    let configuration: Configuration
    let threads: Int?
    do {
      let asked = try read(arguments)
      configuration = asked.configuration
      if asked.isPrinted {
        let isWritten = launchedRank != 0 || StandardStream.output.write(configuration.yaml())
        return isWritten ? 0 : 1
      }
      threads = try configuration.launchThreads(in: ProcessInfo.processInfo.environment)
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
    StopRequest.install(speaks: world.rank == 0)
    do {
      let end = try run(configuration, world, threads)
      try world.finalize()
      // Ranks may have got signals of different kinds, and have one code.
      return end == .finished ? 0 : world.size > 1 ? 143 : StopRequest.exitCode
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
      world.group.end(error, during: name, code: status(of: error))
    }
  }

  /// 2 for what the configuration asks for and cannot have, 74 (EX_IOERR of sysexits.h) for a full disk or
  /// missing rights, 1 for everything else.
  private func status(of error: any Error) -> Int32 {
    error is ConfigurationError ? 2 : error.needsRoomOrRights ? 74 : 1
  }

  /// The rank that mpirun or srun gave this process, before MPI is there to ask.
  private var launchedRank: Int {
    LaunchVariables(environment: ProcessInfo.processInfo.environment).rank
  }

  /// Waits for the end that another rank's failure brings, as mpirun's TERM; returns where none came,
  /// or where rank 0 is seen to wait for this rank, so that it cannot have met the same.
  private func awaitEnd(seconds: Double, _ world: World) {
    let first = world.flight(of: 0)
    let end = Date(timeIntervalSinceNow: seconds)
    while Date() < end {
      if StopRequest.isPending { _exit(1) }
      if let last = first?.operations(last: 1).last, last.isPending, last.seconds > 0.3 { return }
      Thread.sleep(forTimeInterval: 0.02)
    }
  }

  /// Prints an error that every rank meets alike; only one says it.
  private func complain(_ error: any Error, rank: Int) {
    guard rank == 0 else {
      Thread.sleep(forTimeInterval: 0.5)
      return
    }
    StandardStream.error.write("ddp-train: \(error)\n")
  }
}
