import Base
import CCollectives
import Foundation

/// All ranks of a job, and this process's (or thread's) place among them.
///
///     let world = try World.initialize()
///     let sums = try world.group.allReduce([loss, count])
///     try world.finalize()
public final class World: Sendable {
  /// How the world behaves; the same on every rank.
  public struct Options: Sendable {
    /// How long any wait lasts before it is an error.
    public var timeout: Duration
    /// Whether the ranks of a node share memory.
    public var sharesMemory: Bool
    /// Which algorithm reduces what.
    public var algorithms: AlgorithmTable
    /// A file that `AlgorithmTable.save` wrote: rank 0 reads it, and all ranks use it.
    public var calibration: String?
    /// Longest single message; longer ones travel in pieces.
    public var messageBytes = 1 << 30
    /// Takes that many consecutive ranks for a node, for tests of several nodes on one machine.
    public var ranksPerNode: Int?
    /// How many operations the flight recorder keeps.
    public var records = 64
    /// Whether a thread of its own drives operations that nobody waits for.
    public var usesThread: Bool

    /// Creates options.
    public init(
      timeout: Duration = .seconds(300), sharesMemory: Bool = true,
      algorithms: AlgorithmTable = AlgorithmTable(), usesThread: Bool = true
    ) {
      self.timeout = timeout
      self.sharesMemory = sharesMemory
      self.algorithms = algorithms
      self.usesThread = usesThread
      calibration = nil
    }
  }

  /// What ranks are.
  public enum Kind: String, Sendable {
    /// One process alone; MPI is not started.
    case single
    /// Processes of an MPI job.
    case mpi
    /// Threads of this process.
    case threads
  }

  /// The group of all ranks.
  public let group: ProcessGroup
  /// What ranks are here.
  public let kind: Kind
  /// This rank's share of the node's cores: Σ over the cores that it may use of 1 ÷ (ranks there
  /// that may use them), or its part of the container's quota where that is less.
  public let coreShare: Double

  /// This rank's number.
  public var rank: Int { group.rank }
  /// Number of ranks.
  public var size: Int { group.size }
  /// This rank's number on its node.
  public var localRank: Int { group.localRank }
  /// Ranks on its node.
  public var localSize: Int { group.localSize }
  /// Nodes of the job.
  public var nodeCount: Int { group.topology.nodes }

  private init(group: ProcessGroup, kind: Kind, coreShare: Double) {
    self.group = group
    self.kind = kind
    self.coreShare = coreShare
  }

  /// Starts the world: with the job's other processes under mpirun or srun, else alone and without
  /// MPI. To be called once per process, on any thread; blocks until all ranks have called it. From then on
  /// standard output is written line by line, also into a pipe or a file.
  ///
  /// - Throws: `CollectiveError.launch` where MPI cannot be started, with the remedy.
  public static func initialize(_ options: Options = Options()) throws(CollectiveError) -> World {
    // A launcher reads a worker's output from a pipe.
    StandardStream.bufferLines()
    let launch = try Launch(environment: ProcessInfo.processInfo.environment)
    for note in launch.notes {
      StandardStream.error.write("\(ProcessInfo.processInfo.processName): \(note)\n")
    }
    guard launch.usesMPI else { return try alone(options) }
    torus_deadline_limit(options.timeout / .seconds(1))
    var text = [CChar](repeating: 0, count: 512)
    let status = torus_mpi_start(launch.oversubscribed ? 1 : 0, &text, text.count)
    guard status == Status.done else {
      throw .launch(reason: "MPI could not be started: \(words(text))")
    }
    let share = torus_mpi_core_share(Launch.quota)
    guard let transport = torus_mpi_world(Int32(options.ranksPerNode ?? 0)) else {
      throw .launch(reason: "MPI could not create the world's communicator")
    }
    return try open(transport, options, kind: .mpi, coreShare: share)
  }

  private static func alone(_ options: Options) throws(CollectiveError) -> World {
    guard let hub = torus_hub_create(1, nil), let transport = torus_hub_join(hub, 0) else {
      throw .launch(reason: "no memory to start with")
    }
    return try open(transport, options, kind: .single, coreShare: Launch.cores)
  }

  static func open(
    _ transport: UnsafeMutablePointer<torus_transport>, _ options: Options, kind: Kind,
    coreShare: Double
  ) throws(CollectiveError) -> World {
    let crowded = coreShare < 1
    torus_transport_limit(transport, max(1, options.messageBytes))
    guard
      let handle = torus_group_create(
        transport, options.sharesMemory ? 1 : 0, crowded ? 1 : 0, Int32(max(1, options.records)))
    else {
      throw .launch(reason: "the world's group could not be created")
    }
    guard let recorder = torus_group_flight(handle, torus_group_rank(handle)) else {
      throw .launch(reason: "the world's flight recorder could not be created")
    }
    let flight = FlightRecorder(handle: recorder)
    let engine = ProgressEngine(usesThread: options.usesThread, sparesCore: coreShare >= 2)
    let ranks = Array(0..<Int(torus_group_size(handle)))
    let group = ProcessGroup(
      handle: handle, ranks: ranks, name: "world", identity: "world", engine: engine,
      flight: flight, options: options)
    if ranks.count > 1 {
      engine.watch = FailureWatch(
        world: handle, rank: group.rank, size: group.size, flight: flight)
    }
    if kind != .threads { torus_fatal_install(handle) }
    if let path = options.calibration {
      do throws(CollectiveError) {
        try group.adoptCalibration(path)
      } catch {
        // Whoever asked says why; the process then ends by itself.
        torus_fatal_disarm()
        throw error
      }
    }
    return World(group: group, kind: kind, coreShare: coreShare)
  }

  /// Ends the world when all ranks are done. Blocks until all have called it; to be called only
  /// where nothing failed.
  public func finalize() throws(CollectiveError) {
    if kind != .threads { torus_fatal_forget() }
    group.engine.locked { group.engine.watch?.close(afterFailure: group.failure != nil) }
    try group.close()
    group.engine.stop()
    if kind == .mpi { _ = torus_mpi_stop() }
  }

  /// Prints `[rank r] message` and ends every process of the job, through MPI_Abort where MPI runs,
  /// so that no rank waits for one that failed.
  public func abort(_ message: String, code: Int32 = 1) -> Never {
    torus_fatal_disarm()
    torus_report(message, nil, 0)
    StandardStream.error.write("[rank \(rank)] \(message)\n")
    LastAct.perform(message)
    torus_mpi_abort(code)
  }

  /// Says that this process is about to call `exit` for a reason that was told; otherwise that would be
  /// reported as unexpected.
  public func expectExit() { torus_fatal_disarm() }

  /// Runs `body` and finalizes; an error of either is printed with the rank, and ends every process
  /// of the job.
  /// - Throws: `CollectiveError.launch` where the world cannot be started.
  public static func run<Result>(
    _ options: Options = Options(), _ body: (World) throws -> Result
  ) throws(CollectiveError) -> Result {
    let world = try initialize(options)
    let result: Result
    do {
      result = try body(world)
      try world.finalize()
    } catch {
      world.group.end(error)
    }
    return result
  }

  /// The MPI library in use.
  public static var mpiVersion: String {
    var text = [CChar](repeating: 0, count: 128)
    torus_mpi_version(&text, text.count)
    return words(text)
  }

  private static func words(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
