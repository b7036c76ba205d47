import CCollectives

/// Ranks that call collectives together.
///
/// All ranks of a group must call the same collectives in the same order; every operation carries a
/// fingerprint (sequence number, kind, type, reduction, root, count, label), and one that differs is
/// an error on the ranks that notice it. Collectives that return `Work` do not block; the others
/// block until this rank's part is done. A group may be used from any thread.
public final class ProcessGroup: @unchecked Sendable {
  /// This rank's number within the group.
  public let rank: Int
  /// Number of ranks.
  public let size: Int
  /// The world's rank of each member, in the group's order.
  public let ranks: [Int]
  /// The name in messages.
  public let name: String
  /// What tells the group from others of its name: the number of each group among those that its
  /// parent has made, from the world down. The same on all of its ranks.
  let identity: String
  /// Ranks of the group on this rank's node, and this rank's place among them.
  public let localSize: Int, localRank: Int
  /// What the choice of algorithm depends on.
  public let topology: Topology

  let handle: OpaquePointer
  let engine: ProgressEngine
  /// The rank's own recorder, the same for all its groups.
  let flight: FlightRecorder
  /// Written only while the world is being opened.
  private(set) var options: World.Options

  // Under the engine's progress lock.
  var queue = WorkQueue()
  var running = false
  var failure: CollectiveError?
  var rollCall = RollCall()
  var lent: [LentBuffer] = []
  /// How many groups this one has made, those without this rank included.
  var subgroups = 0
  /// Whether `handle` is gone.
  private(set) var isClosed = false
  private var lastSequence: UInt64 = 0
  /// The node of each rank.
  private let nodeOf: [Int]

  init(
    handle: OpaquePointer, ranks: [Int], name: String, identity: String, engine: ProgressEngine,
    flight: FlightRecorder, options: World.Options
  ) {
    torus_group_name(handle, name)
    self.flight = flight
    self.handle = handle
    self.ranks = ranks
    self.name = name
    self.identity = identity
    self.engine = engine
    self.options = options
    rank = Int(torus_group_rank(handle))
    size = Int(torus_group_size(handle))
    localSize = Int(torus_group_local_size(handle))
    localRank = Int(torus_group_local_index(handle))
    nodeOf = (0..<size).map { Int(torus_group_node(handle, Int32($0))) }
    let nodes = Int(torus_group_node_count(handle))
    // With several nodes a rank that is alone on its node has no desk but takes part all the same.
    let shares =
      torus_group_supports(
        handle,
        nodes > 1 ? AllReduceAlgorithm.hierarchical.code : AllReduceAlgorithm.sharedMemory.code,
        DType.float32.code, ReduceOp.sum.rawValue) != 0
    topology = Topology(ranks: size, nodes: nodes, sharesMemory: shares && size > 1)
    engine.heedTimeout(options.timeout)
  }

  /// Takes rank 0's table from a file.
  func adoptCalibration(_ path: String) throws(CollectiveError) {
    let read: Result<AlgorithmTable, CollectiveError> = Result {
      () throws(CollectiveError) in rank == 0 ? try AlgorithmTable(path: path) : .init()
    }
    // A file that cannot be read is every rank's error.
    let reason: String? = if case .failure(let error) = read { "\(error)" } else { nil }
    let shared: String = try broadcast(object: reason ?? "", label: "calibration")
    guard shared.isEmpty else { throw .launch(reason: shared) }
    options.algorithms = try broadcast(object: try? read.get(), label: "calibration")
  }

  /// The node of a rank: ranks on one node have the same number.
  public func node(of rank: Int) -> Int { nodeOf[rank] }

  /// The group's rank for a rank of the world, or nil for a non-member.
  public func groupRank(ofWorldRank rank: Int) -> Int? { ranks.firstIndex(of: rank) }

  /// The world's rank for a rank of the group.
  public func worldRank(of rank: Int) -> Int { ranks[rank] }

  /// How long waits in the group last where a call names no other time.
  public var timeout: Duration { options.timeout }

  /// Collectives that this rank has begun in the group.
  public var sequence: UInt64 {
    engine.locked { isClosed ? lastSequence : torus_group_sequence(handle) }
  }

  /// Whether an all-reduce by `algorithm` can run in this group for a type and reduction.
  public func supports(
    _ algorithm: AllReduceAlgorithm, _ type: DType, _ reduction: ReduceOp
  ) -> Bool {
    !isClosed
      && torus_group_supports(handle, algorithm.code, type.code, reduction.rawValue) != 0
  }

  // MARK: Issuing

  /// Hands a collective to the engine.
  func issue(
    _ call: torus_collective, label: String, counts: [Int]? = nil, sent: [Int]? = nil,
    conclusion: (() -> Void)? = nil
  ) -> Work {
    var call = call
    setLabel(&call, label)
    let (memory, reason) = prepare(&call, counts: counts, sent: sent)
    let work = Work(
      group: self, task: .collective(call), operation: operation(of: call, label: label),
      counts: memory)
    work.conclusion = conclusion
    if let reason {
      work.finish(.invalid(rank: rank, reason: "\(work.operation): \(reason)"))
      return work
    }
    engine.submit(work, small: work.isBrief)
    return work
  }

  /// A work that failed before anything was sent.
  func rejected(_ call: torus_collective, _ label: String, _ reason: String) -> Work {
    let operation = operation(of: call, label: label)
    let work = Work(group: self, task: .collective(call), operation: operation)
    work.finish(.invalid(rank: rank, reason: "\(operation): \(reason)"))
    return work
  }

  /// Runs a collective to its end.
  func run(
    _ call: torus_collective, label: String, counts: [Int]? = nil, sent: [Int]? = nil,
    timeout: Duration? = nil
  ) throws(CollectiveError) {
    var call = call
    setLabel(&call, label)
    let (memory, reason) = prepare(&call, counts: counts, sent: sent)
    if let reason {
      // The call still points to the counts.
      defer { memory?.deallocate() }
      throw .invalid(
        rank: rank, reason: "\(operation(of: call, label: label)): \(reason)")
    }
    let begun = engine.runAlone(&call, in: self)
    if begun == Status.done {
      memory?.deallocate()
      return
    }
    let work = Work(
      group: self, task: .collective(call), operation: operation(of: call, label: label),
      counts: memory)
    if let begun { engine.adopt(work, status: begun) } else { engine.submit(work, small: true) }
    try work.wait(timeout: timeout)
  }

  private func setLabel(_ call: inout torus_collective, _ label: String) {
    var label = label
    label.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { torus_label(&call, $0.baseAddress, bytes.count) }
    }
  }

  /// Whether nothing is left to do here for the other ranks: the only operation's payload is posted
  /// where they read it. Under the progress lock.
  var isLeftToOthers: Bool {
    queue.count == 1 && running && torus_group_is_posted(handle) != 0
  }

  /// Chooses the algorithm, lends the counts and checks the arguments.
  private func prepare(_ call: inout torus_collective, counts: [Int]?, sent: [Int]?)
    -> (UnsafeMutablePointer<UInt64>?, String?)
  {
    if isClosed { return (nil, "\(name) is closed") }
    let (bytes, isTooLong) = Int64(bitPattern: call.count).multipliedReportingOverflow(
      by: torus_element_size(call.dtype) * Int64(size))
    if bytes < 0 || isTooLong {
      return (nil, "a count of \(Int64(bitPattern: call.count)) was given")
    }
    if call.kind == CollectiveOperation.Kind.allReduce.rawValue && call.algorithm < 0 {
      let bytes = Int(call.count) * Int(torus_element_size(call.dtype))
      let (algorithm, segment) = options.algorithms.choose(bytes: bytes, on: topology)
      call.algorithm = algorithm.code
      if call.segment_bytes == 0 { call.segment_bytes = UInt64(segment) }
    } else if call.algorithm < 0 {
      call.algorithm = 0
    }
    var memory: UnsafeMutablePointer<UInt64>?
    if counts != nil || sent != nil {
      for list in [counts, sent].compactMap({ $0 }) {
        if list.count != size { return (nil, "\(list.count) counts were given for \(size) ranks") }
        if let bad = list.first(where: { $0 < 0 }) { return (nil, "a count of \(bad) was given") }
      }
      let lent = UnsafeMutablePointer<UInt64>.allocate(capacity: 2 * size)
      for r in 0..<size {
        lent[r] = UInt64(counts?[r] ?? Int(call.count))
        lent[size + r] = UInt64(sent?[r] ?? Int(call.count))
      }
      call.counts = UnsafePointer(lent)
      call.send_counts = UnsafePointer(lent + size)
      memory = lent
    }
    return (memory, objection(to: call))
  }

  private func objection(to call: torus_collective) -> String? {
    if call.root < 0 || call.root >= size { return "there is no rank \(call.root) among \(size)" }
    guard CollectiveOperation.Kind(rawValue: call.kind)?.reduces == true else { return nil }
    let type = DType(code: call.dtype)
    guard let reduction = ReduceOp(rawValue: call.reduction)
    else { return "unknown type or reduction" }
    if !reduction.supports(type) { return "\(reduction.name) is not defined for \(type.shortName)" }
    if call.kind == CollectiveOperation.Kind.allReduce.rawValue,
      let algorithm = AllReduceAlgorithm(code: call.algorithm),
      !supports(algorithm, type, reduction)
    {
      let nodes = topology.nodes == 1 ? "1 node" : "\(topology.nodes) nodes"
      // What it can do at all tells whether the ranks or the type are in its way.
      let reason =
        supports(algorithm, .float32, .sum)
        ? "it has no \(reduction.name) of \(type.shortName)"
        : "\(topology.ranks) ranks on \(nodes), "
          + "\(topology.sharesMemory ? "shared" : "no shared") memory"
      return "\(algorithm.rawValue) cannot run here: \(reason); name another algorithm, or none"
    }
    return nil
  }

  // MARK: Words for errors

  /// The operation that runs now, with the first bytes of its label.
  func operation(of call: torus_collective) -> CollectiveOperation {
    let label = withUnsafeBytes(of: call.label) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
    var operation = operation(of: call, label: label)
    operation.sequence = torus_group_sequence(handle)
    return operation
  }

  private func operation(of call: torus_collective, label: String) -> CollectiveOperation {
    let kind = CollectiveOperation.Kind(rawValue: call.kind) ?? .barrier
    var operation = CollectiveOperation(
      rank: rank, sequence: 0, kind: kind, type: DType(code: call.dtype),
      reduction: ReduceOp(rawValue: call.reduction) ?? .sum,
      count: Int(truncatingIfNeeded: call.count), root: Int(call.root), label: label,
      step: flight.step,
      algorithm: kind == .allReduce ? AllReduceAlgorithm(code: call.algorithm) : nil)
    operation.layout = withUnsafePointer(to: call) { torus_layout($0, Int32(size)) }
    if kind == .allToAll, let sent = call.send_counts {
      operation.count = (0..<size).reduce(0) { $0 + Int(sent[$1]) }
    } else if let counts = call.counts {
      operation.count = Int(counts[rank])
      operation.total = (0..<size).reduce(0) { $0 + Int(counts[$1]) }
    }
    return operation
  }

  /// The work's operation with its number.
  func described(_ work: Work) -> CollectiveOperation {
    var operation = work.operation
    operation.sequence = work.sequence
    return operation
  }

  func error(for work: Work, status: Int32) -> CollectiveError {
    let mine = described(work)
    switch status {
    case Status.mismatch:
      var own = torus_fingerprint()
      var other = torus_fingerprint()
      torus_group_mismatch(handle, &own, &other)
      return .mismatch(group: name, mine: mine, theirs: CollectiveOperation(other))
    case Status.wrongSize: return .wrongSize(group: name, operation: mine)
    case Status.unsupported:
      return .invalid(rank: rank, reason: "\(mine): not available in this group")
    case Status.noMemory: return .transport(group: name, operation: mine, reason: "out of memory")
    default:
      return .transport(
        group: name, operation: mine, reason: String(cString: torus_group_error(handle)))
    }
  }

  /// What `work` met, as another rank has told: this rank's own view where that shows a difference.
  func error(for work: Work, _ notice: FailureWatch.Notice) -> CollectiveError {
    let mine = described(work)
    let seen = [notice.theirs, notice.mine].compactMap { $0 }
    let other = seen.first {
      $0.sequence == mine.sequence && $0.rank != rank && !mine.agrees(with: $0)
    }
    if let other { return .mismatch(group: name, mine: mine, theirs: other) }
    return .mismatch(group: name, mine: seen.last ?? mine, theirs: seen.first ?? mine)
  }

  /// Whether `missingRanks` knows of every rank, not only of a neighbour.
  var seesEveryPost: Bool { topology.nodes == 1 && torus_group_shares_memory(handle) != 0 }

  /// Ranks known to be missing from what runs now.
  func missingRanks() -> [Int] {
    var flags = [UInt8](repeating: 0, count: size)
    _ = torus_group_missing(handle, &flags)
    return flags.indices.filter { flags[$0] != 0 }
  }

  // MARK: Ending

  /// Helps operations under way along, where no core is free for the communication thread; else does
  /// nothing. For long computations, to be called every now and then. Does not block.
  public func helpAlong() { engine.helpAlong() }

  /// Frees the group's resources. Every rank must call it, once all operations are done; groups that
  /// are never closed end with the process.
  public func close() throws(CollectiveError) {
    if isClosed { return }
    let failed = engine.locked { failure != nil }
    if !failed { try barrier(label: "close \(name)") }
    engine.locked {
      lastSequence = torus_group_sequence(handle)
      isClosed = true
      let reason = failure ?? .invalid(rank: rank, reason: "\(name) is closed")
      failure = reason
      // Nobody takes any more what was left behind, such as news for a rank that never came.
      engine.withdrawMessages(of: engine.watch?.world == handle ? nil : self, reason)
      torus_group_close(handle, failed ? 1 : 0)
    }
  }
}

extension torus_collective {
  /// A call without its label; an algorithm below 0 is chosen by the group's table.
  init(
    _ kind: CollectiveOperation.Kind, type: DType, reduction: ReduceOp = .sum, root: Int = 0,
    algorithm: AllReduceAlgorithm? = nil, count: Int, input: UnsafeRawPointer?,
    output: UnsafeMutableRawPointer?
  ) {
    self.init()
    self.kind = kind.rawValue
    dtype = type.code
    self.reduction = reduction.rawValue
    self.root = Int32(clamping: root)
    self.algorithm = algorithm?.code ?? -1
    // A negative count is objected to before it is used.
    self.count = UInt64(bitPattern: Int64(count))
    self.input = input
    self.output = output
  }
}
