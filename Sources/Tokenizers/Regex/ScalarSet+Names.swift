extension ScalarSet {
  /// The set that `[:name:]` stands for, or nil where there is none of that name.
  static func posix(_ name: String) -> ScalarSet? {
    switch name {
    case "alpha": return ScalarSet(properties: CodePoint.alphabetic)
    case "digit": return ScalarSet(categories: 1 << 8)
    case "alnum":
      var set = ScalarSet(properties: CodePoint.alphabetic)
      set.categories = 1 << 8
      return set
    case "upper": return ScalarSet(categories: 1)
    case "lower": return ScalarSet(categories: 2)
    case "space": return ScalarSet(properties: CodePoint.whitespace)
    case "punct": return ScalarSet(categories: 0x7f << 11 | 0xf << 18)
    case "cntrl": return ScalarSet(categories: 1 << 25)
    case "word": return ScalarSet(properties: CodePoint.wordInPattern)
    case "ascii": return ScalarSet(0...0x7f)
    case "blank":
      var set = ScalarSet(categories: 1 << 22)
      set.ranges = [9...9]
      return set
    case "xdigit":
      var set = ScalarSet(0x30...0x39)
      set.ranges += [0x41...0x46, 0x61...0x66]
      return set
    default: return nil
    }
  }

  /// The set that `\p{name}` stands for, a general category, a script or a POSIX name, or nil.
  static func named(_ name: String) -> ScalarSet? {
    if let index = CodePoint.categories.firstIndex(of: name) {
      return ScalarSet(categories: 1 << UInt32(index))
    }
    let plain = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
    switch plain {
    case "l", "letter": return ScalarSet(categories: CodePoint.letters)
    case "m", "mark": return ScalarSet(categories: CodePoint.marks)
    case "n", "number": return ScalarSet(categories: CodePoint.numbers)
    case "p", "punctuation": return ScalarSet(categories: 0x7f << 11)
    case "s", "symbol": return ScalarSet(categories: 0xf << 18)
    case "z", "separator": return ScalarSet(categories: 7 << 22)
    case "c", "other": return ScalarSet(categories: 0x1f << 25)
    case "lc": return ScalarSet(categories: 7)
    case "any": return ScalarSet(0...0x10ffff)
    case "whitespace": return ScalarSet(properties: CodePoint.whitespace)
    case "alphabetic": return ScalarSet(properties: CodePoint.alphabetic)
    default: break
    }
    if let index = CodePoint.categories.firstIndex(where: { $0.lowercased() == plain }) {
      return ScalarSet(categories: 1 << UInt32(index))
    }
    if let set = posix(plain) { return set }
    return UnicodeLookup.script(named: name).map { ranges in
      var set = ScalarSet()
      set.ranges = ranges
      return set
    }
  }
}
