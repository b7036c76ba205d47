import Foundation

/// BLEU of a whole corpus: how many runs of up to four words of the predicted texts are found in their
/// references, times a penalty for texts that are too short (Papineni et al. 2002).
///
/// Texts are divided as mteval-v13a does, which sacreBLEU and Hugging Face's `bleu` use.
public struct BleuScore: MergeableMetric, Equatable {
  /// What becomes of an order of which no run was found.
  public enum Smoothing: Sendable {
    /// The score is 0.
    case none
    /// One is added to matches and runs of every order (`smooth` of Hugging Face's `bleu`).
    case addOne
    /// 1/2, 1/4, … of a match for each such order in turn (sacreBLEU).
    case exponential
  }

  /// Runs that were found, and runs in all, by order.
  private var matches: [Int]
  private var runs: [Int]
  /// Words that were predicted, and words of the references.
  public private(set) var predictedWords = 0
  /// The words of the references: of several for a text, of the one closest in length.
  public private(set) var referenceWords = 0

  /// Of no texts.
  /// - Parameter maxOrder: The longest run of words that counts.
  public init(maxOrder: Int = 4) {
    matches = Array(repeating: 0, count: max(maxOrder, 1))
    runs = matches
  }

  /// Adds a text with its references, of which there is at least one.
  public mutating func add(prediction: String, references: [String]) {
    let words = Self.words(prediction)
    let wanted = references.map(Self.words)
    predictedWords += words.count
    referenceWords +=
      wanted.map(\.count)
      .min { (abs($0 - words.count), $0) < (abs($1 - words.count), $1) } ?? 0
    for order in matches.indices {
      let own = NGramCounts(words, order + 1)
      var most = NGramCounts<[UInt8]>([], order + 1)
      for text in wanted { most.formMaximum(NGramCounts(text, order + 1)) }
      matches[order] += own.common(with: most)
      runs[order] += own.total
    }
  }

  /// Adds other texts; both count runs up to the same order.
  public mutating func merge(_ other: BleuScore) {
    predictedWords += other.predictedWords
    referenceWords += other.referenceWords
    matches = zip(matches, other.matches).map { $0 + $1 }
    runs = zip(runs, other.runs).map { $0 + $1 }
  }

  /// The penalty for texts that are shorter than their references: exp(1 − r/p), at most 1.
  public var brevityPenalty: Double {
    if predictedWords == 0 { return referenceWords == 0 ? 1 : 0 }
    if predictedWords > referenceWords { return 1 }
    return exp(1 - Double(referenceWords) / Double(predictedWords))
  }

  /// The share of runs that were found, by order.
  public func precisions(_ smoothing: Smoothing = .none) -> [Double] {
    var scale = 1.0
    return zip(matches, runs).map { found, all in
      switch smoothing {
      case .addOne: return Double(found + 1) / Double(all + 1)
      case .exponential where found == 0 && all > 0:
        scale *= 2
        return 1 / (scale * Double(all))
      default: return ratio(found, all)
      }
    }
  }

  /// The score between 0 and 1: the geometric mean of the precisions times the penalty.
  public func score(_ smoothing: Smoothing = .none) -> Double {
    // Without a single word in common nothing is smoothed but what is counted.
    if smoothing == .exponential, matches.allSatisfy({ $0 == 0 }) { return 0 }
    let precisions = precisions(smoothing)
    guard precisions.allSatisfy({ $0 > 0 }) else { return 0 }
    return brevityPenalty * exp(precisions.reduce(0) { $0 + log($1) } / Double(precisions.count))
  }

  /// The words of a text by mteval-v13a's rules.
  static func words(_ text: String) -> [[UInt8]] {
    var line = Array(text.utf8)
    for (old, new) in [
      ("<skipped>", ""), ("-\n", ""), ("\n", " "), ("&quot;", "\""), ("&amp;", "&"), ("&lt;", "<"),
      ("&gt;", ">"),
    ] {
      line = line.replacing(Array(old.utf8), with: Array(new.utf8))
    }
    var scalars: [Unicode.Scalar] = [" "]
    for scalar in String(decoding: line, as: UTF8.self).unicodeScalars {
      if scalar.isSeparateSymbol {
        scalars += [" ", scalar, " "]
      } else {
        scalars.append(scalar)
      }
    }
    scalars.append(" ")
    scalars = replacingPairs(scalars, where: { !$0.isDigit && $1.isPoint }) { [$0, " ", $1, " "] }
    scalars = replacingPairs(scalars, where: { $0.isPoint && !$1.isDigit }) { [" ", $0, " ", $1] }
    scalars = replacingPairs(scalars, where: { $0.isDigit && $1 == "-" }) { [$0, " ", $1, " "] }
    return scalars.split(whereSeparator: \.isPythonSpace).map { word in
      word.flatMap { Array(UTF8.encode($0) ?? UTF8.encodedReplacementCharacter) }
    }
  }

  /// Replaces pairs of neighbours from left to right, as a regular expression does.
  private static func replacingPairs(
    _ scalars: [Unicode.Scalar], where fits: (Unicode.Scalar, Unicode.Scalar) -> Bool,
    by replacement: (Unicode.Scalar, Unicode.Scalar) -> [Unicode.Scalar]
  ) -> [Unicode.Scalar] {
    var result: [Unicode.Scalar] = []
    result.reserveCapacity(scalars.count)
    var index = 0
    while index < scalars.count {
      if index + 1 < scalars.count, fits(scalars[index], scalars[index + 1]) {
        result += replacement(scalars[index], scalars[index + 1])
        index += 2
      } else {
        result.append(scalars[index])
        index += 1
      }
    }
    return result
  }
}

extension Unicode.Scalar {
  fileprivate var isDigit: Bool { ("0"..."9").contains(self) }
  fileprivate var isPoint: Bool { self == "." || self == "," }

  /// Symbols that stand alone: all of ASCII but apostrophe, comma, hyphen, full stop, digits, letters.
  fileprivate var isSeparateSymbol: Bool {
    switch value {
    case 0x7b...0x7e, 0x5b...0x60, 0x20...0x26, 0x28...0x2b, 0x3a...0x40, 0x2f: true
    default: false
    }
  }
}
