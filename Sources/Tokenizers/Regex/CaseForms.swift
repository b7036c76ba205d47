/// The forms of letters that are the same where case does not matter.
enum CaseForms {
  /// The other code points with the case folding of one; none where it has no cases.
  static func others(of c: UInt32) -> [UInt32] {
    if c < 0x80 { return ascii[Int(c)] }
    // The sharp s and its capital, which fold to two letters.
    if c == 0xdf { return [0x1e9e] }
    if c == 0x1e9e { return [0xdf] }
    let folded = UnicodeLookup.folded(c)
    if folded < 0x80 { return [folded] + ascii[Int(folded)].filter { $0 != c } }
    guard let forms = table[folded] else { return [] }
    return forms.filter { $0 != c }
  }

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
