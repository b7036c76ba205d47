import Collectives

/// Trains with uneven numbers of batches: ranks that run out of data take part in the others' passes
/// with zeros, until all have (`torch.distributed.algorithms.Join`).
///
/// ```swift
/// try Join.run([parallel]) {
///   for batch in myBatches {          // another number on each rank
///     F.crossEntropy(try parallel(batch.x), batch.y).backward()
///     optimizer.step()
///     optimizer.zeroGrad()
///   }
/// }
/// ```
///
/// Passes must be calls of the wrapped model, not of its ``DistributedDataParallel/module``, each
/// followed by one backward walk where it is a synchronised one. At the end every rank has the model
/// of a rank that had data the longest.
public enum Join {
  /// Runs a body, then shadows the other ranks until none has data left. Blocks until all ranks of
  /// the group are done.
  /// - Parameters:
  ///   - joinables: What the body trains with, on one group; a model first.
  ///   - options: How gradients count, and what an early end means.
  ///   - body: The loop over this rank's batches.
  /// - Throws: ``DataParallelError/earlyTermination(ranks:)`` on all ranks where asked for, or what
  ///   the body and collectives throw.
  public static func run(
    _ joinables: [any Joinable], options: JoinOptions = .init(), _ body: () throws -> Void
  ) throws {
    guard options.isEnabled else { return try body() }
    guard let group = joinables.first?.group, joinables.allSatisfy({ $0.group === group }) else {
      throw DataParallelError.unsupported(
        "Join needs at least one model, and all that joins on one process group")
    }
    if let reason = joinables.lazy.compactMap(\.joinObstacle).first {
      throw DataParallelError.unsupported(reason)
    }
    let state = JoinState(group, options)
    for joinable in joinables { joinable.joining = state }
    defer { for joinable in joinables { joinable.joining = nil } }
    try body()

    var isLast = true
    while true {
      let notices = try state.exchange(JoinNotice())
      guard notices.contains(where: \.isActive) else { break }
      isLast = false
      for joinable in joinables { try joinable.shadowPass(notices) }
    }
    let last = try group.allReduce(isLast ? group.rank : -1, op: .maximum, label: "last joiner")
    for joinable in joinables { try joinable.finishJoin(lastJoiner: last) }
  }
}

/// How ``Join`` goes about ranks that ran out of data.
public struct JoinOptions: Sendable {
  /// By what sums of gradients are divided.
  public enum Division: Sendable {
    /// All ranks: ranks without data count as zeros (`divide_by_initial_world_size`).
    case initialWorldSize
    /// The ranks that still have data.
    case effectiveWorldSize
  }

  /// Off runs the body as if there were no ``Join``, for data that is known to be even.
  public var isEnabled = true
  /// Whether all ranks throw as soon as one runs out of data
  /// (`throw_on_early_termination`).
  public var throwsOnEarlyTermination = false
  /// By what sums of gradients are divided.
  public var division = Division.initialWorldSize

  /// PyTorch's defaults.
  public init() {}
}

/// What can take part in a ``Join``.
public protocol Joinable: AnyObject {
  /// The ranks that train together.
  var group: ProcessGroup { get }
  /// The join that is under way; set by ``Join``.
  var joining: JoinState? { get set }
  /// Calls, with neutral values, the collectives that ranks with data call in a pass
  /// (`JoinHook.main_hook`).
  func shadowPass(_ notices: [JoinNotice]) throws
  /// Brings every rank to the last joiner's state (`JoinHook.post_hook`).
  func finishJoin(lastJoiner: Int) throws
  /// Why it cannot take part, and what to do; nil where it can.
  var joinObstacle: String? { get }
}

extension Joinable {
  /// Most can.
  public var joinObstacle: String? { nil }
}

/// What each rank tells the others before a forward pass; the default is that of a rank without
/// data.
public struct JoinNotice: Sendable, Equatable {
  /// Whether the rank has data.
  public var isActive = false
  /// Whether the pass's gradients meet the other ranks'.
  public var synchronizes = false
  /// Whether the pass begins with the leading rank's buffers.
  public var sendsBuffers = false
  /// Whether the model trains, so that its statistics meet the other ranks'.
  public var isTraining = false
  /// Whether a backward walk follows.
  public var recordsGraph = false

  var vector: [Int] {
    [isActive, synchronizes, sendsBuffers, isTraining, recordsGraph].map { $0 ? 1 : 0 }
  }

  init() {}

  init(_ vector: [Int]) {
    let flags = vector.map { $0 > 0 }
    (isActive, synchronizes, sendsBuffers) = (flags[0], flags[1], flags[2])
    (isTraining, recordsGraph) = (flags[3], flags[4])
  }
}

/// A ``Join`` under way.
public final class JoinState {
  let options: JoinOptions
  private let group: ProcessGroup

  init(_ group: ProcessGroup, _ options: JoinOptions) {
    self.group = group
    self.options = options
  }

  /// Tells the others of this rank's next pass, or that there is none.
  func exchange(_ notice: JoinNotice) throws -> [JoinNotice] {
    let notices = try group.allGather(notice.vector, label: "join").map { JoinNotice($0) }
    let ended = notices.indices.filter { !notices[$0].isActive }
    if options.throwsOnEarlyTermination, !ended.isEmpty, ended.count < notices.count {
      throw DataParallelError.earlyTermination(ranks: ended)
    }
    return notices
  }
}
