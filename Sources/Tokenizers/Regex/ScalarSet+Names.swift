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
    case "upper": return uppercase
    case "lower": return lowercase
    case "space": return ScalarSet(properties: CodePoint.whitespace)
    case "punct": return ScalarSet(categories: 0x7f << 11 | 0xf << 18)
    case "cntrl": return ScalarSet(categories: 1 << 25)
    case "word": return wordInClass
    case "graph": return ScalarSet(categories: visible)
    case "print": return ScalarSet(categories: visible | 1 << 22)
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

  /// The set that `\p{name}` stands for, a general category, a script, a property or a POSIX name, or
  /// nil.
  static func named(_ name: String) -> ScalarSet? {
    if let index = CodePoint.categories.firstIndex(of: name) {
      return ScalarSet(categories: 1 << UInt32(index))
    }
    let plain = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
    switch plain {
    case "l", "letter": return ScalarSet(categories: CodePoint.letters)
    case "m", "mark", "combiningmark": return ScalarSet(categories: CodePoint.marks)
    case "n", "number": return ScalarSet(categories: CodePoint.numbers)
    case "p", "punctuation", "punct": return ScalarSet(categories: 0x7f << 11)
    case "s", "symbol": return ScalarSet(categories: 0xf << 18)
    case "z", "separator": return ScalarSet(categories: 7 << 22)
    case "c", "other": return ScalarSet(categories: 0x1f << 25)
    case "lc", "casedletter": return ScalarSet(categories: 7)
    case "any": return ScalarSet(0...0x10ffff)
    case "assigned": return ScalarSet(categories: ~(1 << 29))
    case "unknown", "zzzz": return ScalarSet(categories: 7 << 27)
    case "posixpunct": return posix("punct")
    case "whitespace": return ScalarSet(properties: CodePoint.whitespace)
    case "alphabetic", "alpha": return ScalarSet(properties: CodePoint.alphabetic)
    case "uppercase": return uppercase
    case "lowercase": return lowercase
    default: break
    }
    if let index = CodePoint.categories.firstIndex(where: { $0.lowercased() == plain }) {
      return ScalarSet(categories: 1 << UInt32(index))
    }
    if let set = posix(plain) { return set }
    if let index = longCategories.firstIndex(of: plain) {
      return ScalarSet(categories: 1 << UInt32(index))
    }
    return UnicodeLookup.set(named: name).map { ranges in
      var set = ScalarSet()
      set.ranges = ranges
      return set
    }
  }

  /// The long names of the general categories by index, in lower case without underscores.
  private static let longCategories = [
    "uppercaseletter", "lowercaseletter", "titlecaseletter", "modifierletter", "otherletter",
    "nonspacingmark", "spacingmark", "enclosingmark", "decimalnumber", "letternumber",
    "othernumber", "connectorpunctuation", "dashpunctuation", "openpunctuation",
    "closepunctuation", "initialpunctuation", "finalpunctuation", "otherpunctuation", "mathsymbol",
    "currencysymbol", "modifiersymbol", "othersymbol", "spaceseparator", "lineseparator",
    "paragraphseparator", "control", "format", "privateuse", "surrogate", "unassigned",
  ]

  /// `\w` inside of a class, and `[:word:]`: unlike `\w` by itself, without the digits and fractions
  /// of Latin-1 (², ³, ¹, ¼, ½, ¾).
  static let wordInClass: ScalarSet = {
    var set = ScalarSet(properties: CodePoint.alphabetic)
    set.categories = CodePoint.marks | 1 << 8 | 1 << 11
    return set
  }()

  /// Upper-case letters, numerals and letters in circles and squares.
  private static let uppercase: ScalarSet = {
    var set = ScalarSet(categories: 1)
    set.ranges = [
      0x2160...0x216f, 0x24b6...0x24cf, 0x1f130...0x1f149, 0x1f150...0x1f169, 0x1f170...0x1f189,
    ]
    return set
  }()

  /// Lower-case letters, modifier letters of their form, numerals and letters in circles.
  private static let lowercase: ScalarSet = {
    var set = ScalarSet(categories: 2)
    set.ranges = [
      0xaa...0xaa, 0xba...0xba, 0x2b0...0x2b8, 0x2c0...0x2c1, 0x2e0...0x2e4, 0x345...0x345,
      0x37a...0x37a, 0x10fc...0x10fc, 0x1d2c...0x1d6a, 0x1d78...0x1d78, 0x1d9b...0x1dbf,
      0x2071...0x2071, 0x207f...0x207f, 0x2090...0x209c, 0x2170...0x217f, 0x24d0...0x24e9,
      0x2c7c...0x2c7d, 0xa69c...0xa69d, 0xa770...0xa770, 0xa7f2...0xa7f4, 0xa7f8...0xa7f9,
      0xab5c...0xab5f, 0xab69...0xab69, 0x10780...0x10780, 0x10783...0x10785, 0x10787...0x107b0,
      0x107b2...0x107ba, 0x1e030...0x1e06d,
    ]
    return set
  }()

  /// What is neither space nor control nor unassigned.
  private static let visible: UInt32 = 0x3fff_ffff & ~(7 << 22 | 1 << 25 | 1 << 28 | 1 << 29)
}
