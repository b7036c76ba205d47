import Base

/// Walks over JSON without making values of it: large vocabularies go straight into tables.
struct JSONScanner {
  private let p: UnsafePointer<UInt8>
  private let end: Int
  private(set) var position: Int

  init(_ p: UnsafePointer<UInt8>, _ range: Range<Int>) {
    self.p = p
    position = range.lowerBound
    end = range.upperBound
  }

  func fault(_ message: String) -> JSONParser.Fault {
    JSONParser.Fault(message: message, position: position)
  }

  /// The next byte that is no white space; 0 at the end.
  @inline(__always)
  mutating func peek() -> UInt8 {
    while position < end {
      let byte = p[position]
      if byte != 0x20, byte != 0xa, byte != 0xd, byte != 0x9 { return byte }
      position += 1
    }
    return 0
  }

  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    guard peek() == byte, position < end else { return false }
    position += 1
    return true
  }

  mutating func expect(_ byte: UInt8, _ what: String) throws(JSONParser.Fault) {
    guard take(byte) else { throw fault("\(what) belongs here") }
  }

  /// Goes over the members of an object: `body` is given each name and reads or skips its value.
  mutating func object(
    _ body: (inout JSONScanner, String) throws(JSONParser.Fault) -> Void
  ) throws(JSONParser.Fault) {
    try expect(0x7b, "{")
    if take(0x7d) { return }
    var name: [UInt8] = []
    repeat {
      name.removeAll(keepingCapacity: true)
      try string(into: &name)
      try expect(0x3a, "a colon")
      try body(&self, String(decoding: name, as: UTF8.self))
    } while take(0x2c)
    try expect(0x7d, "a comma or }")
  }

  /// Goes over the elements of an array.
  mutating func array(
    _ body: (inout JSONScanner) throws(JSONParser.Fault) -> Void
  ) throws(JSONParser.Fault) {
    try expect(0x5b, "[")
    if take(0x5d) { return }
    repeat { try body(&self) } while take(0x2c)
    try expect(0x5d, "a comma or ]")
  }

  /// Passes over a value and gives its bytes' range. What stands in it is checked where it is read.
  mutating func skip() throws(JSONParser.Fault) -> Range<Int> {
    let first = peek()
    let start = position
    if first == 0x22 {
      try skipString()
    } else if first == 0x7b || first == 0x5b {
      var depth = 0
      repeat {
        guard position < end else { throw fault("it ends inside a value") }
        switch p[position] {
        case 0x22:
          try skipString()
          continue
        case 0x7b, 0x5b: depth += 1
        case 0x7d, 0x5d: depth -= 1
        default: break
        }
        position += 1
      } while depth > 0
    } else {
      while position < end {
        let byte = p[position]
        if byte == 0x2c || byte == 0x7d || byte == 0x5d || byte <= 0x20 { break }
        position += 1
      }
      guard position > start else { throw fault("a value belongs here") }
    }
    return start..<position
  }

  private mutating func skipString() throws(JSONParser.Fault) {
    position += 1
    while position < end {
      switch p[position] {
      case 0x22:
        position += 1
        return
      case 0x5c: position += 2
      default: position += 1
      }
    }
    throw fault("a string is never closed")
  }

  /// Appends a string's content in UTF-8.
  mutating func string(into bytes: inout [UInt8]) throws(JSONParser.Fault) {
    guard take(0x22) else { throw fault("a string belongs here") }
    while true {
      let start = position
      while position < end, p[position] != 0x22, p[position] != 0x5c, p[position] >= 0x20 {
        position += 1
      }
      if position > start {
        bytes.append(contentsOf: UnsafeBufferPointer(start: p + start, count: position - start))
      }
      guard position < end else { throw fault("a string is never closed") }
      let byte = p[position]
      guard byte >= 0x20 else { throw fault("a control character stands in a string") }
      position += 1
      if byte == 0x22 { return }
      try escape(into: &bytes)
    }
  }

  private mutating func escape(into bytes: inout [UInt8]) throws(JSONParser.Fault) {
    guard position < end else { throw fault("a string is never closed") }
    let byte = p[position]
    position += 1
    switch byte {
    case 0x22, 0x5c, 0x2f: bytes.append(byte)
    case 0x62: bytes.append(8)
    case 0x66: bytes.append(12)
    case 0x6e: bytes.append(10)
    case 0x72: bytes.append(13)
    case 0x74: bytes.append(9)
    case 0x75:
      var value = try hexadecimal()
      if value &- 0xd800 < 0x400 {
        guard position + 1 < end, p[position] == 0x5c, p[position + 1] == 0x75 else {
          throw fault("a surrogate stands alone")
        }
        position += 2
        let low = try hexadecimal()
        guard low &- 0xdc00 < 0x400 else { throw fault("a surrogate stands alone") }
        value = 0x10000 + (value - 0xd800) << 10 + (low - 0xdc00)
      } else if value &- 0xdc00 < 0x400 {
        throw fault("a surrogate stands alone")
      }
      bytes.append(codePoint: value)
    default: throw fault("there is no such escape")
    }
  }

  private mutating func hexadecimal() throws(JSONParser.Fault) -> UInt32 {
    guard position + 4 <= end else { throw fault("four digits belong here") }
    var value: UInt32 = 0
    for i in position..<position + 4 {
      let c = UInt32(p[i])
      let digit = c &- 0x30 < 10 ? c - 0x30 : (c | 0x20) &- 0x61 < 6 ? (c | 0x20) - 0x57 : 99
      guard digit < 16 else { throw fault("four digits belong here") }
      value = value << 4 | digit
    }
    position += 4
    return value
  }

  /// Takes a byte that stands right here, with no white space before it.
  @inline(__always)
  mutating func takeNext(_ byte: UInt8) -> Bool {
    guard position < end, p[position] == byte else { return false }
    position += 1
    return true
  }

  /// Goes over digits, of which there is at least one.
  @inline(__always)
  mutating func digitRun(
    _ body: (UInt64) -> Void
  ) throws(JSONParser.Fault) -> (count: Int, startsWithZero: Bool) {
    let start = position
    while position < end, p[position] &- 0x30 < 10 {
      body(UInt64(p[position] - 0x30))
      position += 1
    }
    guard position > start else { throw fault("a number belongs here") }
    return (position - start, p[start] == 0x30)
  }

  /// A whole number from 0 to a bound.
  mutating func count(atMost bound: Int) throws(JSONParser.Fault) -> Int {
    _ = peek()
    var value = 0
    let start = position
    while position < end, p[position] &- 0x30 < 10 {
      value = value * 10 + Int(p[position] - 0x30)
      guard value <= bound else { throw fault("a number is larger than \(bound)") }
      position += 1
    }
    guard position > start else { throw fault("a whole number belongs here") }
    return value
  }

  /// The value in a range, read as a tree.
  func value(_ range: Range<Int>) throws(JSONParser.Fault) -> JSONValue {
    do {
      return try JSONParser.parse(
        Array(UnsafeBufferPointer(start: p + range.lowerBound, count: range.count)))
    } catch {
      throw JSONParser.Fault(
        message: error.message, position: range.lowerBound + error.position)
    }
  }

  /// The text in a range.
  func text(_ range: Range<Int>) -> String {
    String(
      decoding: UnsafeBufferPointer(start: p + range.lowerBound, count: range.count), as: UTF8.self)
  }
}
