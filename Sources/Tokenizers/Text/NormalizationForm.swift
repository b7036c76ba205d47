import CUnicode

/// The Unicode normalization forms, with the reference's tables (Unicode 9) and bookkeeping.
enum NormalizationForm: String {
  case nfc = "NFC"
  case nfd = "NFD"
  case nfkc = "NFKC"
  case nfkd = "NFKD"

  private var composes: Bool { self == .nfc || self == .nfkc }
  private var isCompatible: Bool { self == .nfkc || self == .nfkd }

  /// Normalizes a text. Only the parts that may change are touched: a part begins at the last
  /// starter before what changes and ends at the next starter that stays.
  func apply(_ text: inout AlignedText) {
    guard text.bytes.contains(where: { $0 >= 0x80 }) else { return }
    var rewriting: Rewriting?
    var done = 0
    let source = text
    let spans = text.allSpans()
    text.bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      var starter = 0
      var i = 0
      while i < buffer.count {
        if p[i] < 0x80 {
          starter = i
          i += 1
          continue
        }
        let (value, length) = UTF8Reader.read(p, i)
        if !isActive(value) {
          starter = i
          i += length
          continue
        }
        let begin =
          CodePoint(value).has(CodePoint.combining | CodePoint.composesBackward) ? starter : i
        var end = i + length
        while end < buffer.count {
          let (next, size) = UTF8Reader.read(p, end)
          if !isActive(next) { break }
          end += size
        }
        let from = max(begin, done)
        let changed = changes(p, from..<end)
        var current = rewriting ?? Rewriting(source, from: 0)
        rewriting = nil
        current.keep(buffer, done..<from)
        AlignedText.transform(
          buffer, spans, range: from..<end, to: changed, removed: 0, into: &current)
        rewriting = current
        done = end
        starter = end
        i = end
      }
      rewriting?.keep(buffer, done..<buffer.count)
    }
    if let rewriting { text.replace(bytes: rewriting.bytes, spans: rewriting.spans) }
  }

  /// Whether a code point changes, or may change or move beside others.
  @inline(__always)
  private func isActive(_ value: UInt32) -> Bool {
    if value < 0x80 { return false }
    let point = CodePoint(value)
    switch self {
    case .nfd: return point.has(CodePoint.hasCanonical | CodePoint.combining)
    case .nfkd: return point.has(CodePoint.hasCompatible | CodePoint.combining)
    case .nfc:
      return point.has(
        CodePoint.changesInNFC | CodePoint.combining | CodePoint.composesBackward)
    case .nfkc:
      return point.has(
        CodePoint.changesInNFKC | CodePoint.combining | CodePoint.composesBackward)
    }
  }

  private func changes(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>
  ) -> [(value: UInt32, change: Int)] {
    var parts: [(value: UInt32, change: Int)] = []
    var classes: [UInt8] = []
    var i = range.lowerBound
    while i < range.upperBound {
      let (value, length) = UTF8Reader.read(p, i)
      var isFirst = true
      Self.decompose(value, compatible: isCompatible) { part in
        parts.append((part, isFirst ? 0 : 1))
        classes.append(
          CodePoint(part).has(CodePoint.combining)
            ? UInt8(truncatingIfNeeded: torus_unicode_combining_class(part)) : 0)
        isFirst = false
      }
      i += length
    }
    Self.order(&parts, &classes)
    return composes ? Self.compose(parts, classes) : parts
  }

  /// Gives each part of a code point's full decomposition.
  static func decompose(_ value: UInt32, compatible: Bool, _ body: (UInt32) -> Void) {
    let syllable = value &- 0xac00
    if syllable < 11172 {
      body(0x1100 + syllable / 588)
      body(0x1161 + syllable % 588 / 28)
      if syllable % 28 != 0 { body(0x11a7 + syllable % 28) }
      return
    }
    var parts: UnsafePointer<UInt32>?
    let count = torus_unicode_decomposition(value, compatible ? 1 : 0, &parts)
    guard count > 0, let parts else { return body(value) }
    for i in 0..<Int(count) { body(parts[i]) }
  }

  /// Sorts runs of combining code points by their classes, equal ones as they stood.
  private static func order(
    _ parts: inout [(value: UInt32, change: Int)], _ classes: inout [UInt8]
  ) {
    var i = 0
    while i < parts.count {
      guard classes[i] != 0 else {
        i += 1
        continue
      }
      var end = i + 1
      var isSorted = true
      while end < parts.count, classes[end] != 0 {
        if classes[end] < classes[end - 1] { isSorted = false }
        end += 1
      }
      if !isSorted {
        let sorted = (i..<end).sorted { (classes[$0], $0) < (classes[$1], $1) }
        let (newParts, newClasses) = (sorted.map { parts[$0] }, sorted.map { classes[$0] })
        parts.replaceSubrange(i..<end, with: newParts)
        classes.replaceSubrange(i..<end, with: newClasses)
      }
      i = end
    }
  }

  private static func compose(
    _ parts: [(value: UInt32, change: Int)], _ classes: [UInt8]
  ) -> [(value: UInt32, change: Int)] {
    var result: [(value: UInt32, change: Int)] = []
    var starter: Int?
    var lastClass: UInt8?
    for (part, ownClass) in zip(parts, classes) {
      if let at = starter, lastClass.map({ $0 < ownClass }) ?? true,
        let composed = composition(result[at].value, part.value)
      {
        result[at] = (composed, result[at].change + part.change - 1)
        continue
      }
      if ownClass == 0 {
        starter = result.count
        lastClass = nil
      } else if starter != nil {
        lastClass = ownClass
      }
      result.append(part)
    }
    return result
  }

  private static func composition(_ first: UInt32, _ second: UInt32) -> UInt32? {
    if first &- 0x1100 < 19, second &- 0x1161 < 21 {
      return 0xac00 + ((first - 0x1100) * 21 + second - 0x1161) * 28
    }
    if first &- 0xac00 < 11172, (first - 0xac00) % 28 == 0, second &- 0x11a8 < 27 {
      return first + second - 0x11a7
    }
    let composed = torus_unicode_composition(first, second)
    return composed == 0 ? nil : composed
  }
}
