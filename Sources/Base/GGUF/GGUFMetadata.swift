import Foundation

/// The keys of a GGUF file with their values: what it says of its model, and the tokenizer's tables.
package struct GGUFMetadata: Sendable {
  /// The keys and values in the file's order.
  package let pairs: [(key: String, value: GGUFValue)]
  private let places: [[UInt8]: Int]

  /// Reads as many pairs as there are.
  package init(_ cursor: inout GGUFCursor, count: Int) throws(GGUFCursor.Fault) {
    var pairs: [(key: String, value: GGUFValue)] = []
    var places: [[UInt8]: Int] = [:]
    for _ in 0..<count {
      let key = try cursor.string()
      guard places.updateValue(pairs.count, forKey: Array(key.utf8)) == nil else {
        throw cursor.damaged("the key \(key) comes twice")
      }
      pairs.append((key, try cursor.value()))
    }
    (self.pairs, self.places) = (pairs, places)
  }

  /// Reads the pairs of a file, and nothing behind them.
  package init(contents: Data) throws(GGUFCursor.Fault) {
    var cursor = GGUFCursor(contents)
    let count = try cursor.header().pairs
    try self.init(&cursor, count: count)
  }

  /// The value of a key, or nil where there is none.
  package subscript(key: String) -> GGUFValue? {
    places[Array(key.utf8)].map { pairs[$0].value }
  }
}
