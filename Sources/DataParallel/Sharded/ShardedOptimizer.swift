import Collectives
import Foundation
import NN
import Optimizers
import Tensors

/// Each rank keeps the optimizer's state of its share of the parameters only, moves that share, and
/// hands it to the others (`torch.distributed.optim.ZeroRedundancyOptimizer`; Rajbhandari et al.,
/// ZeRO: Memory Optimizations Toward Training Trillion Parameter Models, 2020).
///
/// ```swift
/// let optimizer = try ShardedOptimizer(
///   AdamW(model.parameters(), lr: 1e-3), group: world, stage: .zero2)
/// let parallel = try DistributedDataParallel(model, group: world, optimizer: optimizer)
/// …
/// loss.backward()
/// optimizer.clipGradNorm(1)
/// optimizer.step()
/// optimizer.zeroGrad()
/// ```
///
/// Stage 1 moves parameters exactly as the optimizer by itself does. In stage 2 gradients are summed
/// in another order, so that results agree within rounding; in half precision
/// (``DataParallelOptions/reduceDtype``) they are summed in rank order, and on one node results are
/// the same bits. Communication hooks must be ``ScatteringHook``s then.
///
/// The wrapped optimizer lends its rule, options and `stateFormat`; it is not to be stepped
/// itself. Saved state has its layout and is that of an optimizer that was never sharded, so a run can go on
/// with any number of ranks: see ``consolidated(to:)``. Blocks of 8 bits are those of a rank's part of a
/// parameter, so that another number of ranks rounds to other numbers.
public final class ShardedOptimizer: Optimizer {
  /// What is sharded.
  public enum Stage: Sendable {
    /// The optimizer's state.
    case zero1
    /// The optimizer's state and the gradients: after a backward walk each rank has the average of
    /// its share only, and parameters' `grad` is nil.
    case zero2
    /// The optimizer's state, the gradients and the parameters: the values of a unit are on every rank only
    /// while they are used (`FullyShardedDataParallel`).
    case zero3
  }

  /// What is sharded.
  public let stage: Stage
  /// The ranks that share the state.
  public let group: ProcessGroup
  /// The join that is under way.
  public var joining: JoinState?
  let base: Optimizer
  let layout: ShardLayout
  /// The parameters of all groups, by position.
  let all: [Parameter]
  /// This rank's share of the gradients, in stage 2.
  let gradientShards: GradientShards?
  /// What travels together, where that was said.
  private let units: ShardUnits?
  /// The parameters' parts, once a model follows, in stage 3.
  private(set) var parts: FullyShardedParameters?
  /// The parameters' names, once a model follows.
  private var names: [String] = []
  /// This rank's pieces of each parameter.
  private(set) var pieces: [[ShardPiece]] = []

  /// Shares an optimizer's state out. Every rank calls it with the same parameters.
  /// - Parameters:
  ///   - optimizer: An optimizer over all parameters that has not been stepped.
  ///   - group: The ranks that share the state.
  ///   - stage: What is sharded.
  ///   - limits: Bytes at which buckets close, in which parameters and, in stage 2, gradients travel.
  ///   - units: What travels together in place of such buckets, as `ShardUnits(model)` has it; stage 3 needs
  ///     it.
  /// - Throws: ``DataParallelError/unsupported(_:)`` for a rule that needs the whole model at once, and for
  ///   stage 3 without units.
  public init(
    _ optimizer: Optimizer, group: ProcessGroup, stage: Stage = .zero1,
    limits: [Int] = [1 << 20, 25 << 20], units: ShardUnits? = nil
  ) throws {
    guard stage != .zero3 || units != nil else {
      throw DataParallelError.unsupported(
        "stage zero3 gathers parameters by units: pass units: ShardUnits(model)")
    }
    guard optimizer.unit != .model else {
      throw DataParallelError.unsupported(
        "\(type(of: optimizer)) looks at all parameters at once and cannot be sharded")
    }
    guard optimizer.rounding == .nearest else {
      throw DataParallelError.unsupported(
        "parameters that are rounded by more than their value (rounding: \(optimizer.rounding)) cannot be sharded"
      )
    }
    (base, self.group, self.stage, self.units) = (optimizer, group, stage, units)
    let parameters = optimizer.parameters
    all = parameters
    let layout =
      units.map {
        ShardLayout(
          parameters, ranks: group.size, unit: optimizer.unit, buckets: $0.buckets(parameters))
      } ?? ShardLayout(parameters, ranks: group.size, unit: optimizer.unit, limits: limits)
    self.layout = layout
    gradientShards = stage == .zero1 ? nil : GradientShards(parameters, layout, group)
    super.init(optimizer.groups, defaults: optimizer.defaults)
    stateFormat = optimizer.stateFormat
    pieces = parameters.map { _ in [] }
    for piece in layout.pieces(of: group.rank) {
      pieces[piece.position].append(ShardPiece(piece, of: parameters[piece.position]))
    }
  }

  /// The memory of this rank's share, in bytes.
  public override var stateByteCount: Int {
    pieces.joined().reduce(0) { $0 + $1.state.byteCount }
  }

  /// Pieces of parameters move here, whose rests have no place.
  public override var movesOneByOne: Bool { false }

  /// Moves this rank's share, then brings every rank's share to all.
  public override func step() {
    noGrad {
      moveOwnPieces()
      do {
        // In stage 3 values come where they are asked for.
        if let parts { try parts.changed() } else { try gatherParameters() }
      } catch {
        fail("ShardedOptimizer.step", "\(error)")
      }
    }
  }

  private func moveOwnPieces() {
    var position = 0
    for group in groups {
      // The rule is the wrapped optimizer's, the options are those that schedulers write.
      let rule = base.rule(for: group)
      for parameter in group.parameters {
        require(
          position < all.count && all[position] === parameter, "ShardedOptimizer",
          "a parameter group was added after sharding; add it to the optimizer before")
        for piece in pieces[position] {
          guard let gradient = gradient(of: piece, parameter) else { continue }
          move(
            piece.parameter, gradient, piece.state, position: position,
            first: piece.place.range.lowerBound, by: rule)
        }
        position += 1
      }
    }
  }

  private func gradient(of piece: ShardPiece, _ parameter: Parameter) -> Tensor? {
    if let gradientShards { return gradientShards.gradient(of: piece.place) }
    guard let gradient = parameter.grad else { return nil }
    if piece.place.range.count == parameter.count { return gradient.reshaped(piece.shape) }
    return gradient.contiguous().flattened().sliced(
      from: piece.place.range.lowerBound, to: piece.place.range.upperBound)
  }

  /// Bucket by bucket, through memory for the largest of them.
  private func gatherParameters() throws {
    guard group.size > 1 else { return }
    let largest = layout.buckets.map { $0.count * $0.dtype.size }.max() ?? 0
    let staging = Tensor.uninitialized([largest], .uint8)
    for (index, bucket) in layout.buckets.enumerated() {
      let size = bucket.dtype.size
      for piece in bucket.pieces where piece.rank == group.rank {
        let range = (piece.range.lowerBound * size)..<(piece.range.upperBound * size)
        staging.copyBytes(to: piece.offset * size, from: all[piece.position].value, range)
      }
      try group.allGather(
        input: staging.lentMemory + bucket.start(of: group.rank) * size, output: staging.lentMemory,
        counts: bucket.counts, dtype: bucket.dtype, label: label(of: bucket, index)
      ).wait()
      for piece in bucket.pieces where piece.rank != group.rank {
        let range = (piece.offset * size)..<((piece.offset + piece.range.count) * size)
        all[piece.position].value.copyBytes(
          to: piece.range.lowerBound * size, from: staging, range)
      }
    }
    withExtendedLifetime(staging) {}
  }

  /// What messages call the parameters of a bucket.
  private func label(of bucket: ShardLayout.Bucket, _ index: Int) -> String {
    guard let first = bucket.positions.first, first < names.count else {
      return "parameters \(index)"
    }
    let others = bucket.positions.count - 1
    let more = others > 0 ? " + \(others) more" : ""
    let type = "\(bucket.dtype.shortName)\(all[first].shape)"
    return "\(names[first]) \(type)\(more) (parameters \(index))"
  }

  /// Forgets every gradient, this rank's share included.
  public override func zeroGrad() {
    super.zeroGrad()
    gradientShards?.forget()
  }

  /// Scales all gradients so that their norm taken together, over all ranks' shares, is at most
  /// `maxNorm`. All ranks call it, and come to the same decision bit for bit.
  /// - Returns: The norm before.
  @discardableResult
  public override func clipGradNorm(_ maxNorm: Double, normType: Double = 2) -> Double {
    guard let gradientShards else { return super.clipGradNorm(maxNorm, normType: normType) }
    let own = pieces.joined().compactMap { gradientShards.gradient(of: $0.place) }
    do {
      // Sums over parts depend on where these are cut, which virtual workers do not allow.
      let total =
        gradientShards.earlierUse == nil
        ? try group.norm(of: own, normType) : try gradientShards.wholeNorm(normType)
      clip(own, norm: total, maxNorm: maxNorm)
      return total
    } catch {
      fail("ShardedOptimizer.clipGradNorm", "\(error)")
    }
  }

  /// Multiplies all gradients by a factor. All ranks call it, and come to the same decision, though
  /// in stage 2 each sees its share only.
  /// - Returns: Whether all gradients of all ranks are finite afterwards.
  public override func unscaleGradients(by factor: Double) -> Bool {
    guard let gradientShards else { return super.unscaleGradients(by: factor) }
    let own = pieces.joined().compactMap { gradientShards.gradient(of: $0.place) }
    let isFinite = unscale(own, by: factor)
    do {
      return try group.allReduce(isFinite ? 1.0 : 0, op: .minimum, label: "finite gradients") > 0
    } catch {
      fail("ShardedOptimizer.unscaleGradients", "\(error)")
    }
  }

  /// Reduces the gradients of a model from now on, in stage 2.
  /// - Parameter share: Makes parameters the same on all ranks, in stage 3 those of a unit before it is cut.
  /// - Throws: ``DataParallelError/unsupported(_:)`` where the optimizer's parameters are not those
  ///   that the model trains, or belong to another model already.
  func follow(
    _ trained: [NamedParameter], frozen: [NamedParameter], _ options: DataParallelOptions,
    share: ([NamedParameter]) throws -> Void
  ) throws {
    let names = Dictionary(
      trained.map { (ObjectIdentifier($0.parameter), $0.name) }, uniquingKeysWith: { $1 })
    let known = Set(all.map(ObjectIdentifier.init))
    if let missing = trained.first(where: { !known.contains(ObjectIdentifier($0.parameter)) }) {
      throw DataParallelError.unsupported(
        "the sharded optimizer does not train \(missing.name), which requires a gradient; freeze it, "
          + "or hand it to the optimizer")
    }
    var found: [String] = []
    for (position, parameter) in all.enumerated() {
      guard let name = names[ObjectIdentifier(parameter)] else {
        throw DataParallelError.unsupported(
          "parameter \(position) \(parameter.shape) of the sharded optimizer is frozen, ignored or "
            + "not the model's")
      }
      found.append(name)
    }
    self.names = found
    guard let gradientShards else { return }
    guard !gradientShards.isFollowing else {
      throw DataParallelError.unsupported(
        "a sharded optimizer of stage 2 or 3 belongs to one model; it has one already")
    }
    if stage == .zero3, let units {
      try take(all.indices.map { (found[$0], all[$0]) }, frozen: frozen, units, share)
    }
    try gradientShards.start(names: found, frozen: frozen, options)
  }

  /// Keeps this rank's part of the parameters only.
  private func take(
    _ trained: [NamedParameter], frozen: [NamedParameter], _ units: ShardUnits,
    _ share: ([NamedParameter]) throws -> Void
  ) throws {
    let parts = try FullyShardedParameters(
      trained, layout, frozen: frozen, units, group, share: share
    ) { piece, values in
      guard
        let place = pieces[piece.position].firstIndex(where: { $0.place.offset == piece.offset })
      else { return }
      pieces[piece.position][place].lies(in: values, of: all[piece.position])
    }
    self.parts = parts
    gradientShards?.parts = parts
  }

  /// Takes over the state of an optimizer that was never sharded: this rank's share of it. Every
  /// rank loads the same state; nothing is exchanged.
  public override func load(_ state: OptimizerState) throws(OptimizerStateError) {
    try takeShare(of: state)
  }

  /// Not here, since it takes all ranks: see ``consolidated(to:)``.
  public override func stateDict() -> OptimizerState {
    fail(
      "ShardedOptimizer.stateDict",
      "this rank has its share only; call consolidated(to:) on every rank")
  }

  /// The rule of the wrapped optimizer.
  public override func rule(
    for group: ParameterGroup
  ) -> (Parameter, Tensor, ParameterState) -> Void { base.rule(for: group) }

  /// What the wrapped optimizer may not cut.
  public override var unit: UpdateUnit { base.unit }
}

/// A part of a parameter that this rank moves: a view of its values, with what is remembered of it.
struct ShardPiece {
  let place: ShardLayout.Piece
  private(set) var parameter: Parameter
  var state = ParameterState()

  /// The piece's shape: the parameter's where it is whole.
  var shape: [Int] { parameter.shape }

  init(_ place: ShardLayout.Piece, of whole: Parameter) {
    self.place = place
    let value = whole.value.detach()
    parameter = Parameter(
      place.range.count == whole.count
        ? value
        : value.reshaped([whole.count]).sliced(
          from: place.range.lowerBound, to: place.range.upperBound))
  }

  /// Has the values lie elsewhere from now on.
  mutating func lies(in values: Tensor, of whole: Parameter) {
    let isWhole = values.count == whole.count
    parameter = Parameter(isWhole ? values.reshaped(whole.shape) : values)
  }
}

extension ProcessGroup {
  /// The norm of tensors that lie on several ranks, the same on all: (Σ‖x‖ᵖ)^(1/p).
  func norm(of tensors: [Tensor], _ exponent: Double) throws -> Double {
    // A tensor that is cut between ranks would be counted once on each.
    require(
      exponent != 0 && !exponent.isNaN, "ShardedOptimizer.clipGradNorm",
      "norms of order \(exponent) are not defined for gradients that are spread over ranks")
    let norms = tensors.map { tensorNorm($0, exponent) }
    if exponent.isInfinite {
      let own = tensorNorm(Tensor(norms, dtype: .float64), exponent)
      let all = try allGather([own], label: "gradient norm").map { $0[0] }
      return tensorNorm(Tensor(all, dtype: .float64), exponent)
    }
    let powers = norms.reduce(0) { $0 + pow($1, exponent) }
    return pow(try allReduce(powers, label: "gradient norm"), 1 / exponent)
  }
}

extension ShardedOptimizer: Joinable {
  /// Takes part in a step of the ranks that have data.
  public func shadowPass(_ notices: [JoinNotice]) {
    guard notices.contains(where: { $0.isActive && $0.synchronizes }) else { return }
    step()
    zeroGrad()
  }

  /// Nothing is left to do: steps leave parameters equal on all ranks.
  public func finishJoin(lastJoiner: Int) {}
}
