/// What the launcher tells each worker's keeper, on its command line, since the environment does
/// not reach other hosts.
package struct KeeperPlan: Sendable, Equatable {
  /// The argument by which `ddp-launch` knows that it is to be a keeper.
  package static let marker = "--keep-rank"

  /// Where a program may meet its peers by TCP, as torchrun says it; Torus itself uses MPI.
  package var masterAddress = "127.0.0.1"
  /// The port there; nil for one that is free on the launcher's machine when an attempt starts.
  package var masterPort: Int?
  /// A name for the job.
  package var runID = "none"
  /// Which ranks run where.
  package var layout = HostLayout([1])
  /// How often the job was restarted.
  package var restart = 0
  /// How often it may be.
  package var maxRestarts = 0
  /// Whether the launcher's standard output is a terminal, and so the worker's.
  package var isTerminal = false
  /// Characters in a line there, the prefix left out.
  package var columns = 80
  /// Threads for each worker's libraries; nil for its share of the cores.
  package var threads: Int?
  /// The signal that asks the program to save and stop.
  package var stopSignal = StopSignal.term
  /// Where hosts keep checkpoints in memory; nil where they keep none, or the launcher does it itself.
  package var memory: MemoryPlan?
  /// What tells the files of the launcher's keepers from those of all others.
  package var mark = "0"
  /// The program's path and arguments.
  package var command: [String] = []

  /// torchrun's port, for where no free one can be found out.
  private static let standardPort = 29_500

  package init() {}

  /// The keeper's arguments. mpirun takes a word `:` wherever it stands for the end of one program's
  /// arguments and the start of another's options, so that such words are written `\:`.
  package var arguments: [String] {
    let settings = [
      Self.marker, masterAddress, String(masterPort ?? Self.standardPort), runID, layout.text,
      String(restart), String(maxRestarts), isTerminal ? "1" : "0", String(columns),
      threads.map(String.init) ?? "-", stopSignal.rawValue, memory?.text ?? "-",
      mark,
    ]
    return (settings + command).map { Self.isColon($0) ? "\\" + $0 : $0 }
  }

  /// Whether a word is a colon, behind any number of backslashes.
  private static func isColon(_ word: String) -> Bool {
    word.utf8.last == UInt8(ascii: ":")
      && word.utf8.dropLast().allSatisfy { $0 == UInt8(ascii: "\\") }
  }

  /// Reads a keeper's arguments; nil where they are not a keeper's.
  package init?(arguments words: [String]) {
    let arguments = words.map {
      Self.isColon($0) && $0.utf8.count > 1 ? String($0.dropFirst()) : $0
    }
    guard arguments.count > 13, arguments[0] == Self.marker, let port = Int(arguments[2]),
      let layout = HostLayout(arguments[4]), let restart = Int(arguments[5]),
      let maxRestarts = Int(arguments[6]), let columns = Int(arguments[8]),
      let stopSignal = StopSignal(rawValue: arguments[10])
    else { return nil }
    masterAddress = arguments[1]
    masterPort = port
    runID = arguments[3]
    self.layout = layout
    self.restart = restart
    self.maxRestarts = maxRestarts
    isTerminal = arguments[7] == "1"
    self.columns = columns
    threads = Int(arguments[9])
    self.stopSignal = stopSignal
    if arguments[11] != "-" {
      guard let plan = MemoryPlan(arguments[11]) else { return nil }
      memory = plan
    }
    mark = arguments[12]
    command = Array(arguments[13...])
  }

  /// The name of the folder for checkpoints in memory on a worker's host; nil for none.
  package func memoryFolder(environment: [String: String]) -> String? {
    let rank = environment["RANK"].flatMap(Int.init) ?? 0
    return memory?.folder(ofHost: layout.place(ofRank: rank).host, attempt: restart)
  }

  /// The variables that a worker finds besides those it inherits: torchrun's, and two that say
  /// what its standard output leads to.
  ///
  /// - Parameters:
  ///   - inherited: The keeper's environment, in which Open MPI says which rank this is.
  ///   - share: The cores of each of so many workers on this host.
  package func environment(
    inherited: [String: String], share: (_ workers: Int) -> Int = Machine.cores(ofEach:)
  ) -> [String: String] {
    func number(_ name: String, or standard: Int) -> Int {
      inherited[name].flatMap(Int.init) ?? standard
    }
    let rank = number("OMPI_COMM_WORLD_RANK", or: 0)
    let size = number("OMPI_COMM_WORLD_SIZE", or: 1)
    let localRank = number("OMPI_COMM_WORLD_LOCAL_RANK", or: 0)
    let localSize = max(1, number("OMPI_COMM_WORLD_LOCAL_SIZE", or: 1))
    var result = inherited
    let ours = [
      "RANK": rank, "LOCAL_RANK": localRank, "WORLD_SIZE": size, "LOCAL_WORLD_SIZE": localSize,
      "GROUP_RANK": layout.place(ofRank: rank).host, "GROUP_WORLD_SIZE": layout.counts.count,
      "ROLE_RANK": rank, "ROLE_WORLD_SIZE": size, "MASTER_PORT": masterPort ?? Self.standardPort,
      "TORUS_RESTART_COUNT": restart, "TORUS_MAX_RESTARTS": maxRestarts,
      "TORCHELASTIC_RESTART_COUNT": restart, "TORCHELASTIC_MAX_RESTARTS": maxRestarts,
      "TORUS_TERMINAL": isTerminal ? 1 : 0, "TORUS_COLUMNS": columns,
    ]
    for (name, value) in ours { result[name] = String(value) }
    result["MASTER_ADDR"] = masterAddress
    // torchrun's word for workers of one role, the only one here.
    result["ROLE_NAME"] = "default"
    result["TORUS_RUN_ID"] = runID
    result["TORCHELASTIC_RUN_ID"] = runID
    if let threads {
      result["OMP_NUM_THREADS"] = String(threads)
    } else if result["OMP_NUM_THREADS"] == nil {
      result["OMP_NUM_THREADS"] = String(share(localSize))
    }
    return result
  }
}
