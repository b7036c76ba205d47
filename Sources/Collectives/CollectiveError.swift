import CCollectives

/// What a rank called, as it appears in messages.
public struct CollectiveOperation: Sendable, Hashable, Codable, CustomStringConvertible {
  /// The kinds of operation.
  public enum Kind: Int32, Sendable, Hashable, CaseIterable, Codable {
    /// Combines all ranks' elements on every rank.
    case allReduce = 0
    /// Copies one rank's elements to all.
    case broadcast
    /// Combines all ranks' elements on one rank.
    case reduce
    /// Joins all ranks' elements on every rank.
    case allGather
    /// Combines all ranks' elements, of which each rank gets a part.
    case reduceScatter
    /// Joins all ranks' elements on one rank.
    case gather
    /// Divides one rank's elements among all.
    case scatter
    /// Sends a part of each rank's elements to each rank.
    case allToAll
    /// Waits for all ranks.
    case barrier
    /// Sends elements to one rank.
    case send = 100
    /// Receives elements from one rank.
    case receive

    /// The name in messages.
    public var name: String {
      switch self {
      case .allReduce: "all-reduce"
      case .broadcast: "broadcast"
      case .reduce: "reduce"
      case .allGather: "all-gather"
      case .reduceScatter: "reduce-scatter"
      case .gather: "gather"
      case .scatter: "scatter"
      case .allToAll: "all-to-all"
      case .barrier: "barrier"
      case .send: "send"
      case .receive: "receive"
      }
    }

    var reduces: Bool { self == .allReduce || self == .reduce || self == .reduceScatter }
    /// Whether each rank may have a count of its own that all know.
    var sharesOut: Bool { [.allGather, .reduceScatter, .gather, .scatter].contains(self) }
    var hasRoot: Bool { [.broadcast, .reduce, .gather, .scatter].contains(self) }
  }

  /// The rank that called it, in the group.
  public var rank: Int
  /// Its number within the group, from 1; 0 for messages.
  public var sequence: UInt64
  /// What it does.
  public var kind: Kind
  /// Of its elements.
  public var type: DType
  /// Of the kinds that reduce.
  public var reduction: ReduceOp
  /// Elements; this rank's own where the ranks' counts differ.
  public var count: Int
  /// Of all ranks together where their counts differ, else nil. Of another rank's operation only this
  /// is known, and `count` is the same.
  public var total: Int?
  /// Hash of what is shared out or joined how, 0 where all parts are alike.
  var layout: UInt64 = 0
  /// Root rank of the operation, or peer of the message.
  public var root: Int
  /// The caller's name for it.
  public var label: String
  /// How an all-reduce is carried out.
  public var algorithm: AllReduceAlgorithm?
  /// The training step in which it was called, 0 where there is none.
  public var step: Int

  /// Such as `all-reduce of layer3.weight f32[512] (sum)`.
  public var description: String { words(beside: nil) }

  /// The description; beside another one, what both have alike is left out.
  func words(beside other: CollectiveOperation?) -> String {
    let leavesKind = other?.kind == kind && !label.isEmpty
    var text = leavesKind ? "" : kind.name + (label.isEmpty ? "" : " of ")
    text += label
    // A label that ends with a shape of its own is kept apart from the operation's size.
    if label.hasSuffix("]") || label.hasSuffix(")") { text += "," }
    if kind != .barrier { text += " \(type.shortName)" + extent }
    if kind.reduces, other?.reduction != reduction { text += " (\(reduction.name))" }
    if kind.hasRoot { text += " root \(root)" }
    if kind == .send { text += " to rank \(root)" }
    if kind == .receive { text += root < 0 ? " from any rank" : " from rank \(root)" }
    return text
  }

  /// `[512]`; `[3 of 12]` and `[12 in all]` where the ranks' counts differ.
  private var extent: String {
    if let total { return count == total ? "[\(total) in all]" : "[\(count) of \(total)]" }
    if kind == .allToAll && layout != 0 {
      return count == 0 ? " of its own counts" : "[\(count) sent]"
    }
    return "[\(count)]"
  }

  /// The count on which all ranks must agree.
  private var agreed: Int { kind == .allToAll && layout != 0 ? 0 : total ?? count }

  init(_ f: torus_fingerprint) {
    rank = Int(f.rank)
    sequence = f.sequence
    kind = Kind(rawValue: f.kind) ?? .barrier
    type = DType(code: f.dtype)
    reduction = ReduceOp(rawValue: f.reduction) ?? .sum
    count = Int(f.count)
    layout = f.layout
    if layout != 0 && kind.sharesOut { total = count }
    root = Int(f.root)
    algorithm = kind == .allReduce ? AllReduceAlgorithm(code: f.algorithm) : nil
    label = text(of: f.label)
    step = Int(f.step)
  }

  init(
    rank: Int, sequence: UInt64, kind: Kind, type: DType, reduction: ReduceOp = .sum,
    count: Int, root: Int, label: String, step: Int = 0, algorithm: AllReduceAlgorithm? = nil
  ) {
    self.rank = rank
    self.sequence = sequence
    self.kind = kind
    self.type = type
    self.reduction = reduction
    self.count = count
    self.root = root
    self.label = label
    self.step = step
    self.algorithm = algorithm
  }

  /// Whether the fingerprints are alike, as far as messages show them; labels may be cut.
  func agrees(with other: CollectiveOperation) -> Bool {
    let kept = Int(TORUS_LABEL_BYTES) - 1
    return kind == other.kind && type == other.type && reduction == other.reduction
      && agreed == other.agreed && layout == other.layout && root == other.root
      && (kind != .allReduce || algorithm == other.algorithm)
      && label.utf8.prefix(kept).elementsEqual(other.label.utf8.prefix(kept))
  }
}

/// Why an operation or the start of the world failed.
public enum CollectiveError: Error, Sendable, CustomStringConvertible {
  /// The ranks of a group did not call the same operation.
  case mismatch(group: String, mine: CollectiveOperation, theirs: CollectiveOperation)
  /// An operation did not finish in time; `missing` are the ranks known not to have called it.
  case timeout(group: String, operation: CollectiveOperation, seconds: Double, missing: [Int])
  /// A message was longer or shorter than the receiver expected.
  case wrongSize(group: String, operation: CollectiveOperation)
  /// MPI failed.
  case transport(group: String, operation: CollectiveOperation, reason: String)
  /// The call cannot be carried out as asked; nothing was sent.
  case invalid(rank: Int, reason: String)
  /// The world could not be started.
  case launch(reason: String)
  /// An object could not be encoded or decoded.
  case object(rank: Int, reason: String)

  /// One line naming rank, operation and remedy.
  public var description: String {
    switch self {
    case .mismatch(let group, let mine, let theirs):
      "\(place(mine, group)): \(mine.words(beside: nil))\(manner(mine, theirs)) met "
        + "\(theirs.words(beside: mine))\(manner(theirs, mine)) on rank \(theirs.rank)"
        + (mine.step == theirs.step ? "" : " in its step \(theirs.step)")
        + (mine.sequence == theirs.sequence ? "" : " at its operation \(theirs.sequence)")
        + (mine.kind == theirs.kind && mine.layout != theirs.layout ? "; their counts differ" : "")
        + "\(number(mine, group)); every rank must call the same collectives in the same order"
    case .timeout(let group, let operation, let seconds, let missing):
      "\(place(operation, group)): \(operation) did not finish "
        + "within \(formatted(seconds)) s\(number(operation, group))"
        + (missing.isEmpty
          ? "" : "; not there: rank \(missing.map(String.init).joined(separator: ", "))")
        + "; look at the other ranks' output, or raise the timeout"
    case .wrongSize(let group, let operation):
      "\(place(operation, group)): \(operation) met a message "
        + "of another length\(number(operation, group)); sender and receiver must agree on count and type"
    case .transport(let group, let operation, let reason):
      "\(place(operation, group)): \(operation) failed: \(reason)"
    case .invalid(let rank, let reason): "rank \(rank): \(reason)"
    case .launch(let reason): reason
    case .object(let rank, let reason): "rank \(rank): \(reason)"
    }
  }

  /// `rank 2, step 41`; without a training step the number of the operation, which messages lack.
  private func place(_ operation: CollectiveOperation, _ group: String) -> String {
    if operation.step > 0 { return "rank \(operation.rank), step \(operation.step)" }
    return operation.sequence == 0
      ? "rank \(operation.rank) in \(group)"
      : "rank \(operation.rank), operation \(operation.sequence) of \(group)"
  }

  /// The operation's number where `place` gives the training step.
  private func number(_ operation: CollectiveOperation, _ group: String) -> String {
    operation.step > 0 && operation.sequence > 0
      ? " (operation \(operation.sequence) of \(group))" : ""
  }

  /// The algorithm, where that is the difference.
  private func manner(_ one: CollectiveOperation, _ other: CollectiveOperation) -> String {
    guard one.kind == other.kind, one.algorithm != other.algorithm else { return "" }
    return one.algorithm.map { " by \($0.rawValue)" } ?? ""
  }

  private func formatted(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
  }
}
