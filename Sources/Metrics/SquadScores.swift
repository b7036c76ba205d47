/// How well answers meet those that are right: SQuAD's exact match and F1.
///
/// Texts are compared in lower case, without ASCII punctuation and the articles a, an and the, with
/// single spaces. Of several right answers the best one counts.
public struct SquadScores: MergeableMetric, Equatable {
  /// The number of questions.
  public private(set) var questions = 0
  /// Questions whose answer is one of the right ones.
  public private(set) var exact = 0
  /// F1 by question, so that the sum does not depend on the order.
  private var f1s: [Double] = []

  /// Of no questions.
  public init() {}

  /// Adds a question.
  /// - Parameters:
  ///   - prediction: The answer; empty where there is none.
  ///   - references: The right answers; none, or an empty one, where the question has no answer.
  public mutating func add(prediction: String, references: [String]) {
    let references = references.isEmpty ? [""] : references
    questions += 1
    if references.contains(where: { Self.isExact(prediction, $0) }) { exact += 1 }
    f1s.append(references.map { Self.f1(prediction, $0) }.max() ?? 0)
  }

  /// Adds other questions.
  public mutating func merge(_ other: SquadScores) {
    questions += other.questions
    exact += other.exact
    f1s += other.f1s
  }

  /// The share of questions whose answer is right; 0 of none.
  public var exactMatch: Double { ratio(exact, questions) }

  /// The mean F1; 0 of no questions.
  public var f1: Double { f1s.isEmpty ? 0 : f1s.sorted().reduce(0, +) / Double(f1s.count) }

  /// Whether two texts are the same once normalised.
  public static func isExact(_ prediction: String, _ gold: String) -> Bool {
    words(prediction) == words(gold)
  }

  /// F1 of the words that two texts have in common, each as often as it occurs in both. Where one has
  /// no words, 1 if the other has none either.
  public static func f1(_ prediction: String, _ gold: String) -> Double {
    let (ours, theirs) = (words(prediction), words(gold))
    if ours.isEmpty || theirs.isEmpty { return ours.isEmpty && theirs.isEmpty ? 1 : 0 }
    var left: [[UInt8]: Int] = [:]
    for word in theirs { left[word, default: 0] += 1 }
    var common = 0
    for word in ours {
      if let count = left[word], count > 0 {
        left[word] = count - 1
        common += 1
      }
    }
    guard common > 0 else { return 0 }
    let precision = Double(common) / Double(ours.count)
    let recall = Double(common) / Double(theirs.count)
    return 2 * precision * recall / (precision + recall)
  }

  /// The words of a normalised text, as UTF-8.
  static func words(_ text: String) -> [[UInt8]] {
    // Articles are words between boundaries of word characters, not only between spaces.
    var spaced = String.UnicodeScalarView()
    var run = String.UnicodeScalarView()
    func flush() {
      if articles.contains(where: { $0.elementsEqual(run) }) {
        spaced.append(" ")
      } else {
        spaced.append(contentsOf: run)
      }
      run.removeAll()
    }
    for scalar in text.lowercased().unicodeScalars where !scalar.isASCIIPunctuation {
      if scalar.isWordCharacter {
        run.append(scalar)
      } else {
        flush()
        spaced.append(scalar)
      }
    }
    flush()
    return spaced.split(whereSeparator: \.isPythonSpace).map { Array(String($0).utf8) }
  }

  private static let articles = ["a", "an", "the"].map(\.unicodeScalars)
}

extension Unicode.Scalar {
  /// Whether it is one of Python's `string.punctuation`.
  var isASCIIPunctuation: Bool {
    switch value {
    case 0x21...0x2f, 0x3a...0x40, 0x5b...0x60, 0x7b...0x7e: true
    default: false
    }
  }

  /// Whether Python's `split()` divides at it.
  var isPythonSpace: Bool { properties.isWhitespace || (0x1c...0x1f).contains(value) }

  /// Whether it is a letter, a digit or another number, or `_`: what `\w` of Python matches.
  var isWordCharacter: Bool {
    switch properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      true
    default: self == "_"
    }
  }
}
