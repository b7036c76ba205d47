import ArgumentParser
import Base
import Collectives
import Foundation

/// `ddp-bench allreduce`: every all-reduce algorithm beside MPI's own, in one run.
struct AllReduceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "allreduce",
    abstract: "Times all-reduce by every algorithm; run it under mpirun.",
    discussion: """
      Buffers live in the window that ranks of a node share, as gradients do (--memory plain takes \
      ordinary memory); MPI_Allreduce gets ordinary memory. "auto" is what a user gets. A time is \
      that of the slowest rank; algorithms take turns, so that all meet the same machine.
      """)

  enum Memory: String, ExpressibleByArgument, CaseIterable {
    case window, plain
  }

  @Option(help: "Bytes to reduce; may be repeated.")
  var bytes: [Int] = []

  @Option(help: "Algorithms; may be repeated. All where none is named, with mpi and auto.")
  var algorithm: [String] = []

  @Option(help: "Where the buffers live.")
  var memory = Memory.window

  @Option(help: "Measurements of each case; fewer are taken of long buffers.")
  var repeats = 21

  @Flag(help: "One JSON object a line instead of a table.")
  var json = false

  @Flag(
    name: [.long, .customLong("calibrate")],
    help: """
      Choose the fastest algorithm for each size and save the table. Under Open MPI write \
      --calibrate: mpirun takes --tune for itself.
      """)
  var tune = false

  @Option(
    help: "The table that --calibrate writes (allreduce.json if not given) and auto reads.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var calibration: String?

  static let standardSizes = [
    4, 64, 1 << 10, 8 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 25 << 20, 100 << 20,
  ]

  mutating func validate() throws {
    guard bytes.allSatisfy({ $0 > 0 && $0 % 4 == 0 }) else {
      throw ValidationError("--bytes must be positive multiples of 4")
    }
    guard repeats > 0 else { throw ValidationError("--repeats must be positive") }
    for name in algorithm where name != "auto" && AllReduceAlgorithm(rawValue: name) == nil {
      let known = AllReduceAlgorithm.allCases.map(\.rawValue) + ["auto"]
      throw ValidationError(
        "there is no algorithm \(name); known are \(known.joined(separator: ", "))")
    }
    if tune && calibration == nil { calibration = "allreduce.json" }
  }

  func run() throws {
    var options = World.Options()
    options.calibration = tune ? nil : calibration
    try World.run(options) { world in
      let benchmark = try AllReduceBenchmark(
        group: world.group, names: algorithm, sizes: bytes.isEmpty ? Self.standardSizes : bytes,
        window: memory == .window, repeats: repeats)
      if world.rank == 0 && !json {
        StandardStream.output.print(AllReduceTiming.heading)
      }
      var timings: [AllReduceTiming] = []
      for size in benchmark.sizes {
        let measured = try benchmark.measure(size, tuning: tune)
        timings += measured
        guard world.rank == 0 else { continue }
        let lines = measured.map { (json ? $0.json : $0.row) + "\n" }
        StandardStream.output.write(lines.joined())
      }
      if tune, let calibration, world.rank == 0 {
        let table = AllReduceTiming.best(of: timings, on: world.group.topology)
        try table.save(to: calibration)
        let rows = table.rows.count
        StandardStream.output.print("saved \(rows) row\(rows == 1 ? "" : "s") to \(calibration)")
      }
    }
  }
}
