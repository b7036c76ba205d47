import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench ops`: time per call of a fixed list of operators, forward and backward apart.
struct OpsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ops",
    abstract: "Times operators: a forward call and the walk back, at three sizes.",
    discussion: """
      A size is the number of elements of the main input, in float32 or what --dtype names. Forward is a call that records \
      nothing; backward is the gradients of all inputs from a gradient of ones, the graph retained. \
      Operators: \(OpsEntry.all.map(\.name).joined(separator: ", ")).

      --compare reads a peer's times, one JSON object a line as --json prints them (name, size, \
      threads, forward_ns, backward_ns), and adds ratios: below 1, Torus is faster. Of several lines \
      about the same case the shortest times count, in --compare and --times alike; so files of \
      alternating rounds can be joined.
      """)

  @Argument(help: "Only operators whose name contains this.")
  var part = ""

  @Option(help: "Compute threads.")
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "Elements of the main input: \(OpsCommand.sizes); may be repeated. All where none is given."))
  var size: [Int] = []

  @Option(
    help: ArgumentHelp(
      "Element type of all inputs that are not indices: \(OpsCommand.types.joined(separator: ", ")).",
      valueName: "type"),
    completion: .list(OpsCommand.types),
    transform: { name in
      guard let type = DType.allCases.first(where: { $0.isFloatingPoint && "\($0)" == name }) else {
        throw ValidationError("it is none of \(OpsCommand.types.joined(separator: ", "))")
      }
      return type
    })
  var dtype = DType.float32

  @Option(help: "Seconds to measure each direction of each case for.")
  var seconds = 0.4

  @Flag(help: "One JSON object a line instead of a table.")
  var json = false

  @Option(
    help: "A file with a peer's times, to print ratios to.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var compare: String?

  @Option(
    help: "A file with our own times from before, instead of measuring them now.",
    completion: .file(),
    transform: { try UserPath.expanded($0) })
  var times: String?

  private static let types = DType.allCases.filter(\.isFloatingPoint).map { "\($0)" }

  private static let sizes = OpsSize.allCases.map { "\($0.rawValue)" }.joined(separator: ", ")

  mutating func validate() throws {
    guard threads > 0, seconds > 0 else {
      throw ValidationError("--threads and --seconds must be positive")
    }
    for size in size where OpsSize(rawValue: size) == nil {
      throw ValidationError("there is no size \(size); known are \(Self.sizes)")
    }
    guard OpsEntry.all.contains(where: { $0.name.contains(part) || part.isEmpty }) else {
      throw ValidationError(
        "no operator's name contains \(part); known are "
          + OpsEntry.all.map(\.name).joined(separator: ", "))
    }
    if times != nil && compare == nil {
      throw ValidationError("--times is for --compare: there is nothing to measure")
    }
    if json && compare != nil { throw ValidationError("--compare prints a table, not --json") }
  }

  func run() throws {
    let peer = try compare.map { try OpsComparison(peer: OpsRecord.read($0)) }
    let known = try times.map { OpsRecord.best(try OpsRecord.read($0)) }
    // Of what only one side has, no ratio can be told: it is not measured either.
    let cases = cases.filter { one in
      (peer?.covers(one.key) ?? true) && (known.map { $0[one.key] != nil } ?? true)
    }
    guard !cases.isEmpty else {
      let files = [compare, times].compactMap { $0 }.joined(separator: " and ")
      throw ValidationError("no times of these operators with --threads \(threads) in \(files)")
    }
    Compute.setThreads(threads)
    if !json {
      StandardStream.output.print(peer == nil ? OpsTiming.heading : OpsComparison.heading)
    }
    var records: [OpsRecord] = []
    for (entry, shapes, key) in cases {
      let record: OpsRecord
      let row: String
      if let found = known?[key] {
        (record, row) = (found, found.json)
      } else {
        let timing = OpsTiming(
          entry, OpsInputs(size: shapes, dtype: dtype), threads: threads, seconds: seconds)
        (record, row) = (timing.record, timing.row)
      }
      StandardStream.output.print(json ? record.json : peer?.row(record) ?? row)
      records.append(record)
    }
    if let peer { StandardStream.output.print(peer.summary(of: records)) }
  }

  private var cases: [(entry: OpsEntry, shapes: OpsSize, key: OpsRecord.Key)] {
    OpsEntry.all.filter { part.isEmpty || $0.name.contains(part) }.flatMap { entry in
      OpsSize.allCases.filter { size.isEmpty || size.contains($0.rawValue) }.map {
        (entry, $0, OpsRecord.Key(name: entry.name, size: $0.rawValue, threads: threads))
      }
    }
  }
}

/// The measured times of one operator at one size.
struct OpsTiming {
  let key: OpsRecord.Key
  let forward: [Double]
  let backward: [Double]

  init(_ entry: OpsEntry, _ inputs: OpsInputs, threads: Int, seconds: Double) {
    key = OpsRecord.Key(name: entry.name, size: inputs.size.rawValue, threads: threads)
    manualSeed(0)
    let one = entry.make(inputs)
    forward = noGrad { Self.measure(seconds) { _ = one.compute() } }
    let y = one.compute()
    let ones = Tensor.ones(like: y)
    backward = Self.measure(seconds) {
      _ = grad(of: [y], withRespectTo: one.inputs, gradients: [ones], retainGraph: true)
    }
  }

  /// Nanoseconds a call, shortest first; calls are timed in groups of about 3 ms.
  private static func measure(_ seconds: Double, _ call: () -> Void) -> [Double] {
    for _ in 0..<3 { call() }
    let clock = ContinuousClock()
    let once = clock.measure(call) / .nanoseconds(1)
    let group = max(1, Int(3e6 / max(once, 100)))
    var times: [Double] = []
    let end = clock.now + .seconds(seconds)
    while clock.now < end || times.count < 5 {
      let nanoseconds = clock.measure { for _ in 0..<group { call() } } / .nanoseconds(1)
      times.append(nanoseconds / Double(group))
    }
    return times.sorted()
  }

  var record: OpsRecord {
    OpsRecord(
      key: key, forward: forward[forward.count / 2], backward: backward[backward.count / 2])
  }

  static let heading =
    "operator              size  forward: median us     min us  spread %  backward: median us"
    + "     min us  spread %"

  var row: String {
    func columns(_ times: [Double], _ width: Int) -> String {
      let median = times[times.count / 2]
      let spread = (times[times.count * 3 / 4] - times[times.count / 4]) / median
      return String(format: "%\(width).2f %10.2f %9.1f", median / 1e3, times[0] / 1e3, spread * 100)
    }
    return key.label + columns(forward, 21) + columns(backward, 21)
  }
}
