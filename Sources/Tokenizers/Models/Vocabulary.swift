/// Tokens and their ids: one block of bytes, and a table from bytes to ids with open addressing.
///
/// Tokens are compared by their UTF-8 bytes, never as `String`s, whose equality is canonical.
final class Vocabulary: Sendable {
  /// A token's place in ``blob``, by its number in the order of the file.
  private let starts: Block<UInt32>
  private let blob: Block<UInt8>
  private let numberIds: Block<Int32>
  /// The token's number by id; −1 where there is none.
  private let numbers: Block<Int32>
  private let slots: Block<UInt64>
  private let mask: Int
  /// How many tokens there are.
  let count: Int
  /// The longest token, in bytes.
  let longest: Int

  /// The largest id that a vocabulary may have.
  static let largestID = 1 << 26

  /// Makes a vocabulary of bytes that stand one after the other.
  ///
  /// Where a token comes twice its last id holds, as in a JSON object.
  init(blob bytes: [UInt8], ends: [Int], ids: [Int]) {
    count = ends.count
    blob = Block(bytes, 0)
    starts = Block([0] + ends.map { UInt32(truncatingIfNeeded: $0) }, 0)
    numberIds = Block(ids.map { Int32(truncatingIfNeeded: $0) }, 0)
    numbers = Block((ids.max() ?? -1) + 1, -1)
    for (number, id) in ids.enumerated() { numbers.base[id] = Int32(truncatingIfNeeded: number) }
    var capacity = 16
    while capacity < count * 2 { capacity *= 2 }
    slots = Block(capacity, 0)
    mask = capacity - 1
    var longest = 0
    for number in 0..<count {
      let start = Int(starts.base[number])
      let length = Int(starts.base[number + 1]) - start
      longest = max(longest, length)
      let p = UnsafePointer(blob.base) + start
      let hash = ByteHash.hash(p, length)
      let slot = Self.slot(of: p, length, hash, slots.base, mask, starts.base, blob.base)
      slots.base[slot] = hash & 0xffff_ffff_0000_0000 | UInt64(number + 1)
    }
    self.longest = longest
  }

  convenience init(_ tokens: [(bytes: [UInt8], id: Int)]) {
    var blob: [UInt8] = []
    var ends: [Int] = []
    for token in tokens {
      blob += token.bytes
      ends.append(blob.count)
    }
    self.init(blob: blob, ends: ends, ids: tokens.map(\.id))
  }

  /// The slot of a token, or the empty one where it belongs.
  @inline(__always)
  private static func slot(
    of p: UnsafePointer<UInt8>, _ n: Int, _ hash: UInt64, _ slots: UnsafeMutablePointer<UInt64>,
    _ mask: Int, _ starts: UnsafeMutablePointer<UInt32>, _ blob: UnsafeMutablePointer<UInt8>
  ) -> Int {
    var at = Int(truncatingIfNeeded: hash) & mask
    let tag = hash >> 32
    while true {
      let slot = slots[at]
      if slot == 0 { return at }
      if slot >> 32 == tag {
        let number = Int(slot & 0xffff_ffff) - 1
        let start = Int(starts[number])
        if Int(starts[number + 1]) - start == n, ByteHash.equal(blob + start, p, n) { return at }
      }
      at = (at + 1) & mask
    }
  }

  /// The id of a token, or −1.
  @inline(__always)
  func id(of p: UnsafePointer<UInt8>, _ n: Int, hash: UInt64) -> Int32 {
    let slot = slots.base[
      Self.slot(of: p, n, hash, slots.base, mask, starts.base, blob.base)]
    return slot == 0 ? -1 : numberIds.base[Int(slot & 0xffff_ffff) - 1]
  }

  @inline(__always)
  func id(of p: UnsafePointer<UInt8>, _ n: Int) -> Int32 {
    n > longest ? -1 : id(of: p, n, hash: ByteHash.hash(p, n))
  }

  func id(of bytes: [UInt8]) -> Int? {
    let id = bytes.withUnsafeBufferPointer { buffer -> Int32 in
      guard let p = buffer.baseAddress else { return self.id(of: UnsafePointer(blob.base), 0) }
      return self.id(of: p, buffer.count)
    }
    return id < 0 ? nil : Int(id)
  }

  func id(of token: String) -> Int? { id(of: Array(token.utf8)) }

  /// The bytes of the token with an id, or nil.
  func bytes(of id: Int) -> UnsafeBufferPointer<UInt8>? {
    guard id >= 0, id < numbers.count, numbers.base[id] >= 0 else { return nil }
    let number = Int(numbers.base[id])
    let start = Int(starts.base[number])
    return UnsafeBufferPointer(
      start: blob.base + start, count: Int(starts.base[number + 1]) - start)
  }

  /// The token with an id, or nil.
  func token(of id: Int) -> String? { bytes(of: id).map { String(decoding: $0, as: UTF8.self) } }

  /// The length of the token with an id, which exists, in bytes.
  @inline(__always)
  func length(of id: Int32) -> Int {
    let number = Int(numbers.base[Int(id)])
    return Int(starts.base[number + 1] &- starts.base[number])
  }

  /// One more than the largest id.
  var idBound: Int { numbers.count }

  /// The ids in the order of the file.
  var ids: [Int] { (0..<count).map { Int(numberIds.base[$0]) } }
}
