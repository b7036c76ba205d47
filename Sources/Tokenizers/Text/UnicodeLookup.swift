import CUnicode

/// What is looked up by a code point beyond its properties.
enum UnicodeLookup {
  /// The lower case of one code point, where it is one.
  static func lowercase(_ value: UInt32) -> UInt32 { torus_unicode_to_lower(value) }

  /// The simple case folding.
  static func folded(_ value: UInt32) -> UInt32 { torus_unicode_to_folded(value) }

  /// The script as the UnicodeScripts pre-tokenizer sees it; 0 belongs to any.
  static func scriptRun(_ value: UInt32) -> UInt32 { torus_unicode_script_run(value) }

  /// The ranges of a script by its name, or nil where there is none of that name.
  static func script(named name: String) -> [ClosedRange<UInt32>]? {
    let plain = name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
    let number = torus_unicode_script_named(plain)
    guard number >= 0 else { return nil }
    var count: UInt32 = 0
    guard let table = torus_unicode_all_script_ranges(&count) else { return nil }
    return (0..<Int(count)).filter { table[$0 * 3 + 2] == UInt32(number) }
      .map { table[$0 * 3]...table[$0 * 3 + 1] }
  }
}
