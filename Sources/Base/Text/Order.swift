// Sorted here, not where it is wanted: a closure handed to `sorted(by:)` gives each call a copy of the whole sort,
// 3,000 lines of intermediate code, which made up an eighth of what some rooms had to be optimized.

extension Dictionary where Key == String {
  /// The entries in the order of their keys.
  @inline(never)
  package var inKeyOrder: [(key: String, value: Value)] {
    var keys = Array(self.keys)
    keys.sort()
    var entries: [(key: String, value: Value)] = []
    entries.reserveCapacity(keys.count)
    for key in keys {
      if let value = self[key] { entries.append((key, value)) }
    }
    return entries
  }
}

extension Dictionary where Key == Int {
  /// The entries in the order of their keys.
  @inline(never)
  package var inKeyOrder: [(key: Int, value: Value)] {
    var keys = Array(self.keys)
    keys.sort()
    var entries: [(key: Int, value: Value)] = []
    entries.reserveCapacity(keys.count)
    for key in keys {
      if let value = self[key] { entries.append((key, value)) }
    }
    return entries
  }
}

extension Sequence<String> {
  /// The strings in the order of their UTF-8 bytes, which is that of their scalars (Python's `sorted`), whereas
  /// Swift's compares what they are composed of.
  @inline(never)
  package func sortedByBytes() -> [String] {
    var strings = Array(self)
    strings.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return strings
  }
}
