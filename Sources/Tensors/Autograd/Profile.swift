/// What the time of some computation went into (`torch.profiler.profile`).
///
/// Times are those of the calling thread, in seconds by the clock. A row of the backward pass is the
/// gradient of the operation of that name.
public struct Profile: Sendable {
  /// One kind of operation, or one layer.
  public struct Row: Sendable, Equatable {
    /// The operation's name, or the layer's.
    public let name: String
    /// How many operations were computed, forward and backward.
    public internal(set) var forwardCalls = 0, backwardCalls = 0
    /// Seconds of the forward and the backward pass.
    public internal(set) var forward = 0.0, backward = 0.0
    /// Multiplications with an addition of products, convolutions, recurrences and attention. Those of
    /// a gradient count as twice those of the operation: one product for each operand.
    public internal(set) var multiplyAdds = 0
    /// The memory of the operands and results of the forward pass, as if each were read or written once.
    public internal(set) var forwardBytes = 0

    /// Seconds of both passes.
    public var seconds: Double { forward + backward }
    /// 10⁹ additions and multiplications a second.
    public var gflops: Double { seconds > 0 ? 2e-9 * Double(multiplyAdds) / seconds : 0 }
    /// 10⁹ bytes a second of the forward pass.
    public var forwardBandwidth: Double { forward > 0 ? 1e-9 * Double(forwardBytes) / forward : 0 }
  }

  /// Seconds of everything.
  public internal(set) var seconds = 0.0
  /// The operations by name, what took longest first.
  public internal(set) var operations: [Row] = []
  /// The layers by name, what took longest first; empty where no model was named. What a layer below has
  /// computed is not counted again above.
  public internal(set) var layers: [Row] = []
  /// What the machine can do at best; where it is known, tables say how near operations come to it.
  public var limits: MachineLimits?

  package init() {}

  /// Seconds in no operation: the optimizer, the graph's own work, data, collectives.
  public var elsewhere: Double { max(0, seconds - operations.reduce(0) { $0 + $1.seconds }) }

  /// The row of an operation.
  public subscript(operation: String) -> Row? { operations.first { $0.name == operation } }
}

extension Profile: CustomStringConvertible {
  /// Tables of the operations and of the layers.
  public var description: String {
    var lines = table("Operation", operations)
    lines.append(
      "elsewhere: \(milliseconds(elsewhere)) ms of \(milliseconds(seconds)) ms (optimizer, graph, data, collectives)"
    )
    if !layers.isEmpty { lines += [""] + table("Layer", layers) }
    return lines.joined(separator: "\n")
  }

  private func table(_ title: String, _ rows: [Row]) -> [String] {
    var cells = [
      [
        title, "Calls", "Forward ms", "Backward ms", "Share %", "GFLOP/s", "Forward GB/s",
      ] + (limits == nil ? [] : ["Of limit %"])
    ]
    for row in rows {
      cells.append([
        row.name, "\(row.forwardCalls)", milliseconds(row.forward), milliseconds(row.backward),
        Profile.fixed(100 * row.seconds / max(seconds, .leastNormalMagnitude), digits: 1),
        row.multiplyAdds == 0 ? "-" : Profile.fixed(row.gflops, digits: 1),
        row.forwardBytes == 0 ? "-" : Profile.fixed(row.forwardBandwidth, digits: 1),
      ])
      if let limits {
        cells[cells.count - 1].append(
          limits.fraction(of: row).map { Profile.fixed(100 * $0, digits: 1) } ?? "-")
      }
    }
    let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    return cells.map { row in
      row.indices.map { column in
        let space = String(repeating: " ", count: widths[column] - row[column].count)
        return column == 0 ? row[column] + space : space + row[column]
      }.joined(separator: "  ")
    }
  }

  private func milliseconds(_ seconds: Double) -> String {
    Profile.fixed(1e3 * seconds, digits: 3)
  }

  /// A number with so many digits behind the point.
  package static func fixed(_ value: Double, digits: Int) -> String {
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let whole = Int((value * scale).rounded())
    let fraction = String(whole % Int(scale))
    if digits == 0 { return "\(whole)" }
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return "\(whole / Int(scale)).\(zeros)\(fraction)"
  }
}

/// Runs a body and returns what its time went into, operation by operation.
///
/// ```swift
/// let (loss, profile) = profile {
///   let loss = F.crossEntropy(model(x), y)
///   loss.backward()
///   return loss
/// }
/// print(profile)
/// ```
///
/// Each operation is timed by itself, which costs two readings of the clock; results are the same.
public func profile<Result, E: Error>(
  _ body: () throws(E) -> Result
) throws(E) -> (result: Result, profile: Profile) {
  let recorder = ProfileRecorder()
  let result = try recorder.recording(body)
  return (result, recorder.finish())
}

/// Collects a profile while a body runs.
package final class ProfileRecorder {
  private var profile = Profile()
  private var operations: [String: Profile.Row] = [:]
  private var layers: [String: Profile.Row] = [:]
  /// What nodes were made in, and the multiply-adds of their operations.
  private var origins: [UInt64: (layer: String?, multiplyAdds: Int)] = [:]
  /// The layer whose pass is under way, by its name; nil outside of all.
  package var layer: String?
  /// Told of each operation when it has been computed, forward or backward.
  private let told: ((_ name: String, _ isBackward: Bool, Duration) -> Void)?

  package init(
    telling told: ((_ name: String, _ isBackward: Bool, Duration) -> Void)? = nil
  ) {
    self.told = told
  }

  /// Runs a body and collects what it computes.
  package func recording<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
    let start = ContinuousClock.now
    // Numbers of nodes that nobody walked are never given again.
    defer { origins.removeAll() }
    defer { profile.seconds += (ContinuousClock.now - start) / .seconds(1) }
    let tracer = Tracer(
      walk: { [self] node, duration in noteWalk(node.name, node.sequence, duration) }
    ) { [self] in note(TracedOperation($0)) }
    return try tracer.watching(body)
  }

  /// What was collected.
  package func finish() -> Profile {
    func sorted(_ rows: [String: Profile.Row]) -> [Profile.Row] {
      rows.values.sorted { ($1.seconds, $0.name) < ($0.seconds, $1.name) }
    }
    profile.operations = sorted(operations)
    profile.layers = sorted(layers)
    return profile
  }

  private var isWalking: Bool { ThreadState.current.walkDepth > 0 }

  private func note(_ operation: TracedOperation) {
    // What a gradient consists of belongs to its node.
    if isWalking { return }
    told?(operation.name, false, operation.duration)
    func add(_ row: inout Profile.Row) {
      row.forwardCalls += 1
      row.forward += operation.duration / .seconds(1)
      row.multiplyAdds += operation.multiplyAdds
      row.forwardBytes += operation.bytes
    }
    add(&operations[operation.name, default: Profile.Row(name: operation.name)])
    if let layer { add(&layers[layer, default: Profile.Row(name: layer)]) }
    if let sequence = operation.sequence {
      origins[sequence] = (layer, operation.multiplyAdds)
    }
  }

  private func noteWalk(_ name: String, _ sequence: UInt64, _ duration: Duration) {
    // A walk inside of a gradient is part of it.
    if ThreadState.current.walkDepth > 1 { return }
    told?(name, true, duration)
    let origin = origins[sequence]
    func add(_ row: inout Profile.Row) {
      row.backwardCalls += 1
      row.backward += duration / .seconds(1)
      row.multiplyAdds += 2 * (origin?.multiplyAdds ?? 0)
    }
    add(&operations[name, default: Profile.Row(name: name)])
    if let layer = origin?.layer { add(&layers[layer, default: Profile.Row(name: layer)]) }
  }
}
