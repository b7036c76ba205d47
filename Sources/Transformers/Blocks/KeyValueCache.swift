import NN
import Tensors

/// The keys and values of all tokens that a decoder has seen, so that each pass computes only those of
/// new tokens (`transformers.DynamicCache`, `EncoderDecoderCache`).
///
/// Every layer appends to memory that doubles when it is full, or was reserved. A layer with a
/// sliding window drops keys that no later token can see. An encoder-decoder's cross attention keeps
/// the encoder's keys and values, made once, beside them. A cache carries no gradient: use it within
/// ``Tensors/noGrad(_:)``.
public final class KeyValueCache {
  private var layers: [CachedLayer]
  private var crossLayers: [Int: (keys: Tensor, values: Tensor)] = [:]

  /// An empty cache.
  /// - Parameters:
  ///   - windows: For each layer the number of keys that a token sees, itself included, or nil for
  ///     all.
  ///   - capacity: How many tokens to reserve memory for; more are taken too.
  ///   - rollback: How many of the newest tokens ``crop(to:)`` may take back where there are
  ///     windows.
  public init(windows: [Int?], capacity: Int = 0, rollback: Int = 0) {
    layers = windows.map { CachedLayer(window: $0, reserved: capacity, rollback: rollback) }
  }

  /// An empty cache of layers that see everything.
  public convenience init(layers: Int, capacity: Int = 0) {
    self.init(windows: [Int?](repeating: nil, count: layers), capacity: capacity)
  }

  /// The number of tokens seen. Within a pass it is that of the layers not reached yet.
  public var sequenceLength: Int { layers.last?.seen ?? 0 }

  /// The number of layers.
  public var layerCount: Int { layers.count }

  /// The number of old keys that ``update(layer:keys:values:)`` returns before the new ones.
  public func heldLength(layer: Int) -> Int { layers[layer].visible }

  /// Appends a layer's new keys and values.
  /// - Parameters:
  ///   - layer: The layer's number.
  ///   - keys: `[batch, heads, new, head size]`.
  ///   - values: `[batch, heads, new, head size]`.
  /// - Returns: Those that the new tokens may see, oldest first: `[batch, heads, held, head size]`.
  ///   They are views that the next call may overwrite.
  public func update(layer: Int, keys: Tensor, values: Tensor) -> (keys: Tensor, values: Tensor) {
    require(
      !keys.requiresGrad && !values.requiresGrad, "KeyValueCache",
      "a cache carries no gradient; compute within noGrad, or without a cache")
    return layers[layer].append(keys, values)
  }

  /// The encoder's keys and values for a layer's cross attention, made at the first call.
  public func cross(
    layer: Int, make: () -> (keys: Tensor, values: Tensor)
  ) -> (keys: Tensor, values: Tensor) {
    if let made = crossLayers[layer] { return made }
    let made = make()
    require(
      !made.keys.requiresGrad && !made.values.requiresGrad, "KeyValueCache",
      "a cache carries no gradient; compute within noGrad, or without a cache")
    let kept = (made.keys.contiguous(), made.values.contiguous())
    crossLayers[layer] = kept
    return kept
  }

  /// Makes row i what row `rows[i]` was: beams that go on, or copies of a prompt's row.
  public func reorder(_ rows: [Int]) {
    guard let batch = layers.first?.batch, rows != Array(0..<batch) else { return }
    for index in layers.indices { layers[index].select(rows) }
    guard rows.count != batch || !crossLayers.isEmpty else { return }
    let index = Tensor(rows)
    crossLayers = crossLayers.mapValues {
      ($0.keys.indexSelect(dim: 0, index: index), $0.values.indexSelect(dim: 0, index: index))
    }
  }

  /// Whether ``crop(to:)`` can take back so many that `length` remain: not where a sliding window has
  /// dropped what is then to be seen.
  public func canCrop(to length: Int) -> Bool { layers.allSatisfy { $0.canCrop(to: length) } }

  /// Takes back the newest tokens, so that `length` remain (`crop`).
  public func crop(to length: Int) {
    for index in layers.indices { layers[index].crop(to: length) }
  }

  /// Forgets everything.
  /// - Parameter keepingCross: Whether the encoder's keys and values stay.
  public func reset(keepingCross: Bool = false) {
    for index in layers.indices { layers[index].reset() }
    if !keepingCross { crossLayers = [:] }
  }
}

/// One layer's keys and values: positions `start ..< end` of buffers `[batch, heads, capacity, size]`.
private struct CachedLayer {
  let window: Int?
  let reserved: Int
  let rollback: Int
  var seen = 0
  private var buffers: (keys: Tensor, values: Tensor)?
  private var start = 0
  private var end = 0

  init(window: Int?, reserved: Int, rollback: Int) {
    (self.window, self.reserved, self.rollback) = (window, reserved, rollback)
  }

  var batch: Int? { buffers?.keys.shape[0] }

  /// The old keys that a next token may see.
  var visible: Int { Swift.min(end - start, window.map { $0 - 1 } ?? .max) }

  /// The old keys that have to be kept.
  private var needed: Int { Swift.min(end - start, window.map { $0 - 1 + rollback } ?? .max) }

  mutating func append(_ keys: Tensor, _ values: Tensor) -> (keys: Tensor, values: Tensor) {
    let new = keys.shape[2]
    seen += new
    if let window, end == start, new >= window {
      // A long prompt: only its end is kept, and it is itself what its tokens see.
      let kept = Swift.min(new, window - 1 + rollback)
      store(keys.narrowed(dim: 2, start: new - kept, length: kept), values, new - kept, kept)
      return (keys, values)
    }
    let shown = visible + new
    makeRoom(for: new, like: keys, values)
    guard let buffers else { return (keys, values) }
    buffers.keys.narrowed(dim: 2, start: end, length: new).copyInPlace(keys)
    buffers.values.narrowed(dim: 2, start: end, length: new).copyInPlace(values)
    end += new
    return (
      buffers.keys.narrowed(dim: 2, start: end - shown, length: shown),
      buffers.values.narrowed(dim: 2, start: end - shown, length: shown)
    )
  }

  private mutating func store(_ keys: Tensor, _ values: Tensor, _ from: Int, _ count: Int) {
    (start, end) = (0, 0)
    buffers = nil
    makeRoom(for: count, like: keys, values)
    guard let buffers, count > 0 else { return }
    buffers.keys.narrowed(dim: 2, start: 0, length: count).copyInPlace(keys)
    buffers.values.narrowed(dim: 2, start: 0, length: count)
      .copyInPlace(values.narrowed(dim: 2, start: from, length: count))
    end = count
  }

  /// Memory for more tokens: what is there where it suffices, or twice as much.
  private mutating func makeRoom(for new: Int, like keys: Tensor, _ values: Tensor) {
    let kept = needed
    guard let old = buffers else {
      let limit = window.map { 2 * ($0 + rollback) } ?? .max
      allocate(Swift.max(Swift.min(Swift.max(reserved, 64), limit), new), like: keys, values)
      return
    }
    let capacity = old.keys.shape[2]
    if end + new <= capacity { return }
    // Moved within one buffer, old and new places must not overlap.
    if kept + new > capacity || end < 2 * kept {
      allocate(Swift.max(2 * capacity, kept + new), like: keys, values)
    }
    guard let buffers, kept > 0 else {
      (start, end) = (0, 0)
      return
    }
    for (target, source) in [(buffers.keys, old.keys), (buffers.values, old.values)] {
      target.narrowed(dim: 2, start: 0, length: kept)
        .copyInPlace(source.narrowed(dim: 2, start: end - kept, length: kept))
    }
    (start, end) = (0, kept)
  }

  private mutating func allocate(_ capacity: Int, like keys: Tensor, _ values: Tensor) {
    func empty(_ x: Tensor) -> Tensor {
      .empty([x.shape[0], x.shape[1], capacity, x.shape[3]], dtype: x.dtype)
    }
    buffers = (empty(keys), empty(values))
  }

  mutating func select(_ rows: [Int]) {
    guard let old = buffers else { return }
    func selected(_ x: Tensor) -> Tensor {
      let new = Tensor.empty([rows.count] + x.shape.dropFirst(), dtype: x.dtype)
      guard end > start else { return new }
      let source = x.narrowed(dim: 2, start: start, length: end - start)
      let target = new.narrowed(dim: 2, start: start, length: end - start)
      for (row, from) in rows.enumerated() {
        target.select(dim: 0, index: row).copyInPlace(source.select(dim: 0, index: from))
      }
      return new
    }
    buffers = (selected(old.keys), selected(old.values))
  }

  func canCrop(to length: Int) -> Bool {
    length >= seen
      || end - start - (seen - length) >= Swift.min(length, window.map { $0 - 1 } ?? .max)
  }

  mutating func crop(to length: Int) {
    guard length < seen else { return }
    let dropped = seen - length
    require(
      canCrop(to: length), "KeyValueCache.crop",
      "\(dropped) tokens cannot be taken back from a sliding window that keeps \(rollback) more")
    end -= dropped
    seen = length
  }

  mutating func reset() { (seen, start, end) = (0, 0, 0) }
}
