import CUnicode

/// What is looked up by a code point beyond its properties.
enum UnicodeLookup {
  /// The lower case of one code point, where it is one.
  static func lowercase(_ value: UInt32) -> UInt32 { torus_unicode_to_lower(value) }

  /// The simple case folding.
  static func folded(_ value: UInt32) -> UInt32 { torus_unicode_to_folded(value) }

  /// The script as the UnicodeScripts pre-tokenizer sees it; 0 belongs to any.
  static func scriptRun(_ value: UInt32) -> UInt32 { torus_unicode_script_run(value) }

  /// The code points that fold to several, with those.
  static func severalFolds() -> [(character: UInt32, folds: [UInt32])] {
    var count: UInt32 = 0
    guard let table = torus_unicode_all_several_folds(&count) else { return [] }
    return (0..<Int(count)).map { row in
      (table[row * 4], (1...3).map { table[row * 4 + $0] }.filter { $0 != 0 })
    }
  }

  /// The ranges of a script or property by its name in patterns, or nil where there is none of that
  /// name. Case, spaces, hyphens and underscores do not matter.
  static func set(named name: String) -> [ClosedRange<UInt32>]? {
    let plain = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
    var count: UInt32 = 0
    guard let steps = torus_unicode_set_named(plain, &count) else { return nil }
    var ranges: [ClosedRange<UInt32>] = []
    var place: UInt32 = 0
    for i in stride(from: 0, to: Int(count), by: 2) {
      let first = place + steps[i]
      place = first + steps[i + 1]
      ranges.append(first...(place - 1))
    }
    return ranges
  }
}
