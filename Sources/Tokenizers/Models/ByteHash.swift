import Foundation

/// Hashes of short byte strings.
enum ByteHash {
  @inline(__always)
  static func load64(_ p: UnsafePointer<UInt8>) -> UInt64 {
    UnsafeRawPointer(p).loadUnaligned(as: UInt64.self)
  }

  @inline(__always)
  static func load32(_ p: UnsafePointer<UInt8>) -> UInt64 {
    UInt64(UnsafeRawPointer(p).loadUnaligned(as: UInt32.self))
  }

  @inline(__always)
  static func mix(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = (a ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: b ^ 0xd6e8_feb8_6659_fd93)
    return product.high ^ product.low
  }

  /// The first and last bytes of a string of up to 16 as two words; longer ones lose their middle.
  @inline(__always)
  static func words(_ p: UnsafePointer<UInt8>, _ n: Int) -> (UInt64, UInt64) {
    if n >= 8 { return (load64(p), load64(p + (n - 8))) }
    if n >= 4 { return (load32(p) | load32(p + (n - 4)) << 32, 0) }
    if n > 0 {
      return (UInt64(p[0]) | UInt64(p[n >> 1]) << 8 | UInt64(p[n - 1]) << 16, 0)
    }
    return (0, 0)
  }

  @inline(__always)
  static func hash(_ p: UnsafePointer<UInt8>, _ n: Int) -> UInt64 {
    let (a, b) = words(p, n)
    var h = mix(a ^ UInt64(truncatingIfNeeded: n), b)
    if n > 16 {
      var i = 8
      while i + 8 < n {
        h = mix(h, load64(p + i))
        i += 8
      }
    }
    return h
  }

  @inline(__always)
  static func equal(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, _ n: Int) -> Bool {
    memcmp(a, b, n) == 0
  }
}

/// Memory that lives as long as what holds it, for tables that are read by pointer.
final class Block<Element: BitwiseCopyable>: @unchecked Sendable {
  // Written only while the table that owns it is made.
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(_ count: Int, _ value: Element) {
    self.count = count
    base = .allocate(capacity: max(1, count))
    base.initialize(repeating: value, count: max(1, count))
  }

  convenience init(_ elements: [Element], _ filler: Element) {
    self.init(elements.count, filler)
    elements.withUnsafeBufferPointer { source in
      if let address = source.baseAddress { base.update(from: address, count: source.count) }
    }
  }

  deinit { base.deallocate() }
}
