/// The forms of letters that are the same where case does not matter.
enum CaseForms {
  /// The other code points with the case folding of one; none where it has no cases.
  static func others(of c: UInt32) -> [UInt32] {
    if c < 0x80 { return ascii[Int(c)] }
    if let folds = foldsOfSeveral[c] { return characters(foldingTo: folds).filter { $0 != c } }
    let folded = UnicodeLookup.folded(c)
    if folded < 0x80 { return [folded] + ascii[Int(folded)].filter { $0 != c } }
    guard let forms = table[folded] else { return [] }
    return forms.filter { $0 != c }
  }

  /// The one code point that a code point folds to; itself where it folds to several.
  static func folded(_ c: UInt32) -> UInt32 { UnicodeLookup.folded(c) }

  /// What a code point folds to where that are several, as ß to ss.
  static func several(of c: UInt32) -> [UInt32]? { c < 0x80 ? nil : foldsOfSeveral[c] }

  /// The code points that fold to several, by those.
  static func characters(foldingTo folds: [UInt32]) -> [UInt32] { charactersOfFolds[folds] ?? [] }

  /// All code points that fold to several, each with those.
  static let severalFolds = UnicodeLookup.severalFolds()

  private static let foldsOfSeveral = Dictionary(
    uniqueKeysWithValues: severalFolds.map { ($0.character, $0.folds) })

  private static let charactersOfFolds = Dictionary(grouping: severalFolds, by: \.folds)
    .mapValues { $0.map(\.character) }

  private static let ascii: [[UInt32]] = (0..<0x80).map { (c: UInt32) in
    guard (0x61...0x7a).contains(c | 0x20) else { return [] }
    switch c | 0x20 {
    case 0x6b: return [c ^ 0x20, 0x212a]  // the sign of kelvin
    case 0x73: return [c ^ 0x20, 0x17f]  // the long s
    default: return [c ^ 0x20]
    }
  }

  /// Every form by its folding. No letter with cases lies beyond the second plane's beginning.
  private static let table: [UInt32: [UInt32]] = {
    var table: [UInt32: [UInt32]] = [:]
    for c: UInt32 in 0x80..<0x20000 {
      let folded = UnicodeLookup.folded(c)
      if folded != c { table[folded, default: [folded]].append(c) }
    }
    return table
  }()
}
