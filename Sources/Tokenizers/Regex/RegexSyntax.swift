/// A pattern as a tree.
indirect enum RegexNode {
  case empty
  case set(ScalarSet)
  /// A letter whose case does not matter.
  case folded(UInt32)
  /// A class in brackets whose letters' case does not matter.
  case foldedClass(ScalarSet)
  /// A group that would be remembered.
  case capture(RegexNode)
  case sequence([RegexNode])
  case alternation([RegexNode])
  case loop(RegexNode, minimum: Int, maximum: Int?, RegexLoopKind)
  case atomic(RegexNode)
  case look(RegexNode, isBehind: Bool, isNegative: Bool)
  case anchor(RegexAnchor)
}

/// How a loop gives back what it took: its last turns first, its turns one by one, or never.
enum RegexLoopKind: Sendable {
  case greedy, lazy, possessive
}

/// A place that a pattern can ask for.
enum RegexAnchor: Sendable {
  case lineStart, lineEnd, textStart, textEnd, textEndOrLastNewline
  case wordBoundary, noWordBoundary
}

/// A set of code points: categories, properties, ranges and other sets, joined, met or inverted.
struct ScalarSet: Sendable {
  /// General categories, bit by bit.
  var categories: UInt32 = 0
  /// Properties of ``CodePoint``, any of them.
  var properties: UInt32 = 0
  var ranges: [ClosedRange<UInt32>] = []
  /// Sets whose members belong, too.
  var joined: [ScalarSet] = []
  /// Sets that a member must be in besides.
  var met: [ScalarSet] = []
  var isInverted = false
  /// Whether a member's other cases belong, too.
  var ignoresCase = false
  /// The answers for ASCII.
  private(set) var ascii: (low: UInt64, high: UInt64) = (0, 0)

  init() {}

  init(_ range: ClosedRange<UInt32>) { ranges = [range] }

  init(categories: UInt32) { self.categories = categories }

  init(properties: UInt32) { self.properties = properties }

  func inverted() -> ScalarSet {
    var result = self
    result.isInverted.toggle()
    return result
  }

  /// Ready for ``contains(_:)``.
  func compiled() -> ScalarSet {
    var result = self
    result.joined = []
    for part in joined.map({ $0.compiled() }) {
      // What is a plain union goes into this set's own, which is quicker to ask.
      if part.isInverted || !part.met.isEmpty || part.ignoresCase != ignoresCase {
        result.joined.append(part)
      } else {
        result.categories |= part.categories
        result.properties |= part.properties
        result.ranges += part.ranges
        result.joined += part.joined
      }
    }
    result.ranges.sort { $0.lowerBound < $1.lowerBound }
    result.met = met.map { $0.compiled() }
    var bits: (low: UInt64, high: UInt64) = (0, 0)
    for c: UInt32 in 0..<128 where result.holds(c) {
      if c < 64 { bits.low |= 1 << UInt64(c) } else { bits.high |= 1 << UInt64(c - 64) }
    }
    result.ascii = bits
    return result
  }

  /// Whether beyond ASCII only categories and properties matter.
  var isPlain: Bool {
    joined.isEmpty && met.isEmpty && ranges.allSatisfy { $0.upperBound < 0x80 }
      && (!ignoresCase || ranges.allSatisfy { $0.upperBound < 0x41 } && [0, 7].contains(cased))
  }

  /// Which categories of letters with cases belong.
  private var cased: UInt32 { categories & 7 }

  /// Whether a code point belongs to the set, which is compiled.
  @inline(__always)
  func contains(_ c: UInt32) -> Bool {
    if c < 64 { return ascii.low >> UInt64(c) & 1 != 0 }
    if c < 128 { return ascii.high >> UInt64(c - 64) & 1 != 0 }
    return holds(c)
  }

  private func holds(_ c: UInt32) -> Bool {
    var result = holdsItself(c)
    if !result, ignoresCase { result = CaseForms.others(of: c).contains { holdsItself($0) } }
    if result { result = met.allSatisfy { $0.holds(c) } }
    return result != isInverted
  }

  private func holdsItself(_ c: UInt32) -> Bool {
    let point = CodePoint(c)
    return point.isIn(categories) || point.has(properties) || inRanges(c)
      || joined.contains { $0.holds(c) }
  }

  private func inRanges(_ c: UInt32) -> Bool {
    if ranges.count < 8 { return ranges.contains { $0.contains(c) } }
    var (low, high) = (0, ranges.count)
    while low < high {
      let middle = (low + high) / 2
      if ranges[middle].upperBound < c { low = middle + 1 } else { high = middle }
    }
    return low < ranges.count && ranges[low].contains(c)
  }
}

/// A pattern that cannot be read, or that asks for what is not supported.
package struct RegexError: Error, Equatable, CustomStringConvertible {
  package let pattern: String
  package let problem: String

  /// `the pattern 'a(' is not understood: a group is never closed`
  package var description: String { "the pattern '\(pattern)' is not understood: \(problem)" }
}
