/// Runs a body in mixed precision (`torch.autocast("cpu", dtype)`).
///
/// In the region matrix products, convolutions, attention and LSTMs take their float32 operands in the
/// reduced type, losses and what else loses too much in it compute in float32, and everything else
/// computes in the type that comes: ``AutocastLists`` says what. Parameters stay in float32; each is
/// cast once for the whole region, and its gradient arrives in float32. float64 is left alone.
///
/// ```swift
/// let loss = autocast(.bfloat16) { F.crossEntropy(model(x), y) }
/// loss.backward()
/// ```
///
/// Regions nest: the inner one decides, and with `enabled: false` computes as it does outside of any.
/// They belong to their thread. Backward passes compute in the types that the forward pass recorded.
/// - Parameters:
///   - dtype: `.bfloat16`, or `.float16`, whose small range needs a `GradScaler`.
///   - enabled: Whether types are changed in the body.
///   - lists: Which of PyTorch's lists hold: those for CPUs, or those for GPUs, by which
///     exponentials, sums and norms compute in float32 too.
///   - cacheEnabled: Keep the casts of parameters until the outermost region ends. A parameter that
///     is written meanwhile is cast anew.
///   - body: What is computed.
public func autocast<Result, E: Error>(
  _ dtype: DType = .bfloat16, enabled: Bool = true, lists: AutocastLists = .cpu,
  cacheEnabled: Bool = true, _ body: () throws(E) -> Result
) throws(E) -> Result {
  require(
    dtype == .bfloat16 || dtype == .float16, "autocast",
    "regions of mixed precision are of bfloat16 or float16, not \(dtype)")
  let state = ThreadState.current
  let outer = Autocast.current
  let outerFlag = state.watchers & Watchers.autocast
  let region = Autocast(dtype, lists, cache: outer?.cache ?? CastCache(), caches: cacheEnabled)
  state.autocast = region
  state.watchers &= ~Watchers.autocast
  if enabled { state.watchers |= Watchers.autocast }
  defer {
    withExtendedLifetime(region) {
      state.autocast = outer
      state.watchers = state.watchers & ~Watchers.autocast | outerFlag
    }
  }
  return try body()
}

/// Whether operations on this thread compute in mixed precision at present
/// (`torch.is_autocast_enabled`).
public var isAutocastEnabled: Bool { Autocast.isOn }

/// A region of mixed precision.
final class Autocast {
  let dtype: DType
  let cache: CastCache
  let caches: Bool

  let lists: AutocastLists

  init(_ dtype: DType, _ lists: AutocastLists, cache: CastCache, caches: Bool) {
    self.dtype = dtype
    self.lists = lists
    self.cache = cache
    self.caches = caches
  }

  /// The innermost region on this thread, enabled or not.
  static var current: Autocast? { ThreadState.current.autocast }

  static var isOn: Bool { ThreadState.current.watchers & Watchers.autocast != 0 }

  /// Operands as an operation computes with them on this thread.
  static func cast(_ operands: [Tensor], for operation: some Operation) -> [Tensor] {
    guard isOn, let region = current else { return operands }
    let own = operation.precision
    let precision =
      region.lists == .cuda ? own : AutocastLists.cpuPrecision(of: operation.name, own)
    return region.cast(operands, precision)
  }

  /// One operand of a function that PyTorch lists and that is made of several operations here.
  static func cast(_ operand: Tensor, for name: String) -> Tensor {
    guard isOn, let region = current else { return operand }
    return region.cast([operand], AutocastLists.cpuPrecision(of: name, .any))[0]
  }

  private func cast(_ operands: [Tensor], _ precision: PrecisionClass) -> [Tensor] {
    switch precision {
    case .reduced: return operands.map { reduced($0) }
    case .full: return operands.map { $0.inFullPrecision }
    case .widest:
      let kinds = operands.map(\.dtype).filter(\.isFloatingPoint)
      guard Set(kinds).count > 1 else { return operands }
      return operands.map { $0.inFullPrecision }
    case .any: return operands
    }
  }

  /// An operand in the region's type; a float32 leaf that wants a gradient is cast once.
  private func reduced(_ operand: Tensor) -> Tensor {
    guard operand.dtype.isReducible, operand.dtype != dtype else { return operand }
    guard caches, operand.dtype == .float32, operand.isLeaf, operand.requiresGrad,
      isGradEnabled, !Watchers.keeps || Capture.isOn
    else { return operand.to(dtype) }
    return cache.cast(operand, to: dtype)
  }

  /// Runs a body outside of mixed precision.
  static func off<R>(_ body: () -> R) -> R {
    guard isOn else { return body() }
    let state = ThreadState.current
    state.watchers &= ~Watchers.autocast
    defer { state.watchers |= Watchers.autocast }
    return body()
  }

  /// Whether operands are of one type, or will be once an operation on the reduced list casts them.
  static func agree(_ dtypes: DType?...) -> Bool {
    let dtypes = dtypes.compactMap { $0 }
    return dtypes.allSatisfy { $0 == dtypes.first } || isOn && dtypes.allSatisfy(\.isReducible)
  }
}

/// The casts of parameters in one region and those inside it. Each keeps its source alive, whose
/// address is its name.
final class CastCache {
  private struct Entry {
    let source: Tensor
    let version: UInt32
    let result: Tensor
  }
  private struct Key: Hashable {
    let body: ObjectIdentifier
    let dtype: DType
  }
  private var entries: [Key: Entry] = [:]

  func cast(_ source: Tensor, to dtype: DType) -> Tensor {
    let key = Key(body: ObjectIdentifier(source.body), dtype: dtype)
    let version = source.storage.version
    if let entry = entries[key], entry.version == version { return entry.result }
    let result = source.to(dtype)
    entries[key] = Entry(source: source, version: version, result: result)
    return result
  }
}

extension DType {
  /// Whether mixed precision changes it: float64 is meant as it is.
  fileprivate var isReducible: Bool { self == .float32 || self == .bfloat16 || self == .float16 }
}

extension Tensor {
  /// This tensor in float32 where a region of mixed precision computes and it is of a half type: for
  /// functions on PyTorch's float32 list that are made of several operations.
  var inFullPrecision: Tensor {
    Autocast.isOn && (dtype == .bfloat16 || dtype == .float16) ? to(.float32) : self
  }
}
