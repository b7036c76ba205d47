/// The dictionary at the beginning of a `.npy` file: a Python literal of three entries.
struct NumpyHeader {
  /// The longest header that is read; NumPy itself reads 10,000 bytes.
  static let maximumLength = 1 << 20

  private(set) var descr = ""
  private(set) var isColumnMajor = false
  private(set) var shape: [Int] = []

  /// The type without its byte order.
  var code: String {
    descr.first.map { "<>|=".contains($0) } == true ? String(descr.dropFirst()) : descr
  }
  var isBigEndian: Bool { descr.hasPrefix(">") }

  /// Reads the literal; nil where it is none, lacks an entry, or has others.
  init?(_ bytes: some Collection<UInt8>) {
    var text = LiteralReader(bytes)
    var found: Set<String> = []
    guard text.take("{") else { return nil }
    while !text.take("}") {
      guard let key = text.string(), text.take(":"), found.insert(key).inserted else { return nil }
      switch key {
      case "descr":
        guard let value = text.string() ?? text.list() else { return nil }
        descr = value
      case "fortran_order":
        guard let value = text.word(), value == "True" || value == "False" else { return nil }
        isColumnMajor = value == "True"
      case "shape":
        guard let sizes = text.sizes() else { return nil }
        shape = sizes
      default: return nil
      }
      guard text.take(",") || text.isNext("}") else { return nil }
    }
    guard text.isAtEnd, found.count == 3 else { return nil }
  }
}

/// Reads the few kinds of Python literals that headers are made of, in one pass.
private struct LiteralReader {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: some Collection<UInt8>) { rest = Array(bytes)[...] }

  private mutating func skipBlanks() {
    rest = rest.drop { $0 == 0x20 || (0x09...0x0d).contains($0) }
  }

  /// Whether nothing but blanks is left.
  var isAtEnd: Bool { rest.allSatisfy { $0 == 0x20 || (0x09...0x0d).contains($0) } }

  mutating func isNext(_ character: Character) -> Bool {
    skipBlanks()
    return rest.first == character.asciiValue
  }

  mutating func take(_ character: Character) -> Bool {
    guard isNext(character) else { return false }
    rest.removeFirst()
    return true
  }

  /// A string in single or double quotes without escapes.
  mutating func string() -> String? {
    skipBlanks()
    guard let quote = rest.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      return nil
    }
    let content = rest.dropFirst().prefix { $0 != quote && $0 != UInt8(ascii: "\\") }
    guard content.endIndex < rest.endIndex, rest[content.endIndex] == quote else { return nil }
    rest = rest[(content.endIndex + 1)...]
    return String(decoding: content, as: UTF8.self)
  }

  /// The text of a list up to the bracket that closes it.
  mutating func list() -> String? {
    guard isNext("[") else { return nil }
    var depth = 0
    for position in rest.indices {
      if rest[position] == UInt8(ascii: "[") { depth += 1 }
      if rest[position] == UInt8(ascii: "]") { depth -= 1 }
      if depth == 0 {
        defer { rest = rest[(position + 1)...] }
        return String(decoding: rest[...position], as: UTF8.self)
      }
    }
    return nil
  }

  /// A word of letters.
  mutating func word() -> String? {
    skipBlanks()
    let word = rest.prefix { (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0) }
    rest = rest.dropFirst(word.count)
    return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
  }

  /// A tuple of whole numbers that are not negative; Python 2 wrote them with an `L`.
  mutating func sizes() -> [Int]? {
    guard take("(") else { return nil }
    var sizes: [Int] = []
    while !take(")") {
      skipBlanks()
      let digits = rest.prefix { (0x30...0x39).contains($0) }
      guard let size = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      rest = rest.dropFirst(digits.count)
      if rest.first == UInt8(ascii: "L") { rest.removeFirst() }
      sizes.append(size)
      guard take(",") || isNext(")") else { return nil }
    }
    return sizes
  }
}
