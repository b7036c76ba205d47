import NN
import Tensors

/// Rows of tokens on their way through a model: the cache, the padding, and what the next pass reads.
final class DecodingState {
  private let model: any GenerativeModel
  private var cache: KeyValueCache?
  private var encoded: EncodedInputs?
  /// All tokens of each row.
  private(set) var rows: [[Int]]
  /// Which tokens count, where not all do.
  private var mask: [[Bool]]?
  /// Whether padding takes positions.
  private let countsPadding: Bool
  /// How many tokens of each row the cache holds.
  private var read = 0

  init(
    _ model: any GenerativeModel, rows: [[Int]], mask: [[Bool]]?, encoded: EncodedInputs?,
    useCache: Bool, capacity: Int, rollback: Int = 0, countsPadding: Bool = false
  ) {
    self.countsPadding = countsPadding
    (self.model, self.rows, self.mask, self.encoded) = (model, rows, mask, encoded)
    cache = useCache ? model.makeCache(capacity: capacity, rollback: rollback) : nil
  }

  /// Goes on from what an earlier call has read, where the single row begins alike.
  func resume(from prompt: PromptCache) {
    guard cache != nil, let kept = prompt.take(rows[0], limit: model.rereadingLength) else {
      return
    }
    (cache, read) = (kept.cache, kept.read)
  }

  /// Leaves what was read to a later call.
  func keep(in prompt: PromptCache) { prompt.keep(cache, Array(rows[0].prefix(read))) }

  /// Adds tokens to the rows, one for each; those before count.
  func append(_ tokens: [Int]) {
    for (row, token) in tokens.enumerated() {
      rows[row].append(token)
      mask?[row].append(true)
    }
  }

  /// Makes row i what row `order[i]` was.
  func reorder(_ order: [Int]) {
    if order == Array(rows.indices) { return }
    if order.count != rows.count { encoded = encoded?.rows(order) }
    rows = order.map { rows[$0] }
    mask = mask.map { mask in order.map { mask[$0] } }
    cache?.reorder(order)
  }

  /// Takes back the newest tokens.
  func crop(to length: Int) {
    rows = rows.map { Array($0.prefix(length)) }
    mask = mask.map { $0.map { Array($0.prefix(length)) } }
    if read > length {
      cache?.crop(to: length)
      read = length
    }
  }

  /// Computes the logits of the last tokens, which must be among those not read yet.
  /// - Parameters:
  ///   - last: How many.
  ///   - chunk: How many tokens to read at once; nil for all.
  /// - Returns: `[rows, last, vocabulary]`, float32.
  func logits(last: Int = 1, chunk: Int? = nil) throws -> Tensor {
    let length = rows[0].count
    if let limit = model.positionLimit, length > limit {
      throw GenerationError(
        "max_length", "\(length) tokens are more than the \(limit) positions of the model")
    }
    if let limit = model.rereadingLength, read > 0, read <= limit, length > limit {
      cache?.reset(keepingCross: true)
      read = 0
    }
    let first = cache == nil ? 0 : read
    if cache != nil, let chunk {
      for start in stride(from: first, to: length - last, by: chunk)
      where start + chunk <= length - last {
        _ = pass(start, start + chunk, last: 1, encoded: encoded?.cut(to: start + chunk))
      }
    }
    let isChunked = chunk != nil && read == 0
    let result = pass(
      cache == nil ? 0 : read, length, last: last,
      encoded: isChunked ? encoded?.cut(to: length) : encoded)
    return result.dtype == .float32 ? result : result.to(.float32)
  }

  private func pass(_ from: Int, _ to: Int, last: Int, encoded: EncodedInputs?) -> Tensor {
    let ids = Tensor(rows.flatMap { $0[from..<to] }, shape: [rows.count, to - from])
    var pass = DecodingPass(
      inputIds: ids, attentionMask: nil, positionIds: nil, cache: cache, encoded: encoded,
      last: last)
    if let mask {
      pass.attentionMask = Tensor(mask.flatMap { $0[..<to] }, shape: [rows.count, to])
      if !countsPadding {
        pass.positionIds = Tensor(
          mask.flatMap { DecodingState.positions($0[..<to]).suffix(to - from) },
          shape: [rows.count, to - from])
      }
    }
    read = to
    return model.logits(pass)
  }

  /// The tokens' numbers among those that count; padding has 0.
  private static func positions(_ mask: ArraySlice<Bool>) -> [Int] {
    var count = 0
    return mask.map { counts in
      defer { count += counts ? 1 : 0 }
      return counts ? count : 0
    }
  }
}
