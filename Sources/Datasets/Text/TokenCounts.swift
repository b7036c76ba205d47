import Foundation

/// How often each token occurs in one rank's part of a text.
///
/// Tokens are keyed by their UTF-8 bytes: Swift's `String` equality is canonical, so "é" in one and
/// in two code points would count as one.
public struct TokenCounts: Sendable, Equatable {
  /// The number of occurrences of each token.
  public private(set) var counts: [[UInt8]: Int] = [:]

  /// No tokens.
  public init() {}

  /// Adds occurrences of a token.
  public mutating func add(_ token: some Sequence<UInt8>, count: Int = 1) {
    let key = Array(token)
    counts[key] = Self.sum(counts[key] ?? 0, count)
  }

  /// A sum that stays at `Int.max`, since counts also come from files and other ranks.
  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (sum, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : sum
  }

  /// Adds all counts of another part.
  public mutating func add(_ other: TokenCounts) {
    counts.merge(other.counts, uniquingKeysWith: Self.sum)
  }

  /// The counts as bytes to be sent to other ranks: for each token in byte order its length, its
  /// bytes and its count, numbers as 64-bit little-endian.
  public var bytes: [UInt8] {
    var result: [UInt8] = []
    func append(_ number: Int) {
      withUnsafeBytes(of: Int64(number).littleEndian) { result.append(contentsOf: $0) }
    }
    for (token, count) in counts.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      append(token.count)
      result += token
      append(count)
    }
    return result
  }

  /// Reads what ``bytes`` wrote.
  /// - Throws: ``DataError`` where the bytes are cut short.
  public init(bytes: [UInt8]) throws(DataError) {
    var position = 0
    func number() -> Int? {
      guard bytes.count - position >= 8 else { return nil }
      defer { position += 8 }
      return bytes.withUnsafeBytes {
        Int(Int64(littleEndian: $0.loadUnaligned(fromByteOffset: position, as: Int64.self)))
      }
    }
    while position < bytes.count {
      guard let length = number(), length >= 0, length <= bytes.count - position else {
        throw Self.cutShort
      }
      let token = bytes[position..<position + length]
      position += length
      guard let count = number(), count >= 0 else { throw Self.cutShort }
      add(token, count: count)
    }
  }

  private static var cutShort: DataError {
    DataError(
      .truncated, path: "", "the token counts of another rank arrived cut short",
      remedy: "Check that all ranks run the same program")
  }

  /// The sums over all ranks.
  /// - Parameter gather: Sends this rank's bytes to all and returns those of every rank: an
  ///   all-gather. All ranks call it together.
  public func summed(
    over gather: (_ mine: [UInt8]) throws -> [[UInt8]]
  ) throws -> TokenCounts {
    var total = TokenCounts()
    for part in try gather(bytes) { total.add(try TokenCounts(bytes: part)) }
    return total
  }
}
