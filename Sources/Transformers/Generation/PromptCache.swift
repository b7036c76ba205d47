/// What a model has read of a text, kept between calls of generate: a longer text that begins alike, as
/// a conversation does with every turn, is read on from there.
///
/// It serves one text at a time, of a model without an encoder, without beams and drafts; other calls
/// leave it as it is.
public final class PromptCache {
  private var cache: KeyValueCache?
  /// The tokens that the cache holds.
  private var ids: [Int] = []

  /// Holds nothing yet.
  public init() {}

  /// How many tokens are held.
  public var count: Int { ids.count }

  /// Forgets everything.
  public func reset() { (cache, ids) = (nil, []) }

  /// The cache with as many tokens as `row` begins alike, and at least one less than it has.
  /// - Parameter limit: The length from which on keys are turned otherwise.
  func take(_ row: [Int], limit: Int?) -> (cache: KeyValueCache, read: Int)? {
    defer { reset() }
    if let limit, max(row.count, ids.count) > limit { return nil }
    let alike = zip(ids, row).prefix { $0 == $1 }.count
    let length = min(alike, row.count - 1)
    guard let cache, length > 0, cache.canCrop(to: length) else { return nil }
    cache.crop(to: length)
    return (cache, length)
  }

  /// Keeps the cache of a text.
  func keep(_ cache: KeyValueCache?, _ ids: [Int]) {
    (self.cache, self.ids) = cache == nil ? (nil, []) : (cache, ids)
  }
}
