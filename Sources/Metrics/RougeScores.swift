/// ROUGE: how much of reference texts is found in predicted ones (`rouge_score`).
///
/// Texts are divided into runs of ASCII letters and digits, in lower case, without a stemmer. Figures
/// are means over texts of F1 between what both have in common.
public struct RougeScores: MergeableMetric, Equatable {
  /// F1 of single words, of pairs of words, of the longest common subsequence, and of that by lines.
  private struct Scores: Codable, Equatable, Sendable {
    let one: Double
    let two: Double
    let longest: Double
    let longestByLine: Double
  }

  private var texts: [Scores] = []

  /// Of no texts.
  public init() {}

  /// Adds a text.
  public mutating func add(prediction: String, reference: String) {
    let (ours, theirs) = (Self.words(prediction), Self.words(reference))
    texts.append(
      Scores(
        one: Self.common(ours, theirs, 1), two: Self.common(ours, theirs, 2),
        longest: Self.f1(
          Self.longest(theirs, ours).count, of: ours.count, and: theirs.count),
        longestByLine: Self.byLine(prediction, reference)))
  }

  /// Adds other texts.
  public mutating func merge(_ other: RougeScores) { texts += other.texts }

  /// The number of texts.
  public var count: Int { texts.count }
  /// F1 of words.
  public var rouge1: Double { mean(\.one) }
  /// F1 of pairs of words that follow each other.
  public var rouge2: Double { mean(\.two) }
  /// F1 of the longest common subsequence of the whole texts.
  public var rougeL: Double { mean(\.longest) }
  /// F1 of the longest common subsequences by lines, as summaries of several sentences have them.
  public var rougeLsum: Double { mean(\.longestByLine) }

  /// Ascending order makes the sum independent of who saw which text.
  private func mean(_ figure: (Scores) -> Double) -> Double {
    texts.isEmpty ? 0 : texts.map(figure).sorted().reduce(0, +) / Double(texts.count)
  }

  static func words(_ text: some StringProtocol) -> [String] {
    let bytes = Array(text.lowercased().utf8)
    return bytes.split { !(0x30...0x39).contains($0) && !(0x61...0x7a).contains($0) }
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private static func f1(_ common: Int, of predicted: Int, and wanted: Int) -> Double {
    let (precision, recall) = (ratio(common, predicted), ratio(common, wanted))
    return precision + recall > 0 ? 2 * precision * recall / (precision + recall) : 0
  }

  private static func common(_ ours: [String], _ theirs: [String], _ size: Int) -> Double {
    let (a, b) = (NGramCounts(ours, size), NGramCounts(theirs, size))
    return f1(a.common(with: b), of: a.total, and: b.total)
  }

  private static func byLine(_ prediction: String, _ reference: String) -> Double {
    func lines(_ text: String) -> [[String]] {
      text.utf8.split(separator: UInt8(ascii: "\n")).map { words(Substring($0)) }
    }
    let (ours, theirs) = (lines(prediction), lines(reference))
    var left = (
      ours: NGramCounts(ours.flatMap { $0 }, 1), theirs: NGramCounts(theirs.flatMap { $0 }, 1)
    )
    let (predicted, wanted) = (left.ours.total, left.theirs.total)
    var common = 0
    for line in theirs {
      let found = Set(ours.flatMap { longest(line, $0) })
      for word in found.sorted().map({ [line[$0]] })
      where left.ours.has(word) && left.theirs.has(word) {
        left.ours.take(word)
        left.theirs.take(word)
        common += 1
      }
    }
    return f1(common, of: predicted, and: wanted)
  }

  /// The places in `a` of a longest common subsequence with `b`.
  /// - Complexity: O(a·b).
  static func longest(_ a: [String], _ b: [String]) -> [Int] {
    guard !a.isEmpty, !b.isEmpty else { return [] }
    let width = b.count + 1
    var table = [Int32](repeating: 0, count: (a.count + 1) * width)
    for i in 1...a.count {
      for j in 1...b.count {
        table[i * width + j] =
          a[i - 1] == b[j - 1]
          ? table[(i - 1) * width + j - 1] + 1
          : max(table[(i - 1) * width + j], table[i * width + j - 1])
      }
    }
    var places: [Int] = []
    var (i, j) = (a.count, b.count)
    while i > 0, j > 0 {
      if a[i - 1] == b[j - 1] {
        places.append(i - 1)
        (i, j) = (i - 1, j - 1)
      } else if table[i * width + j - 1] > table[(i - 1) * width + j] {
        j -= 1
      } else {
        i -= 1
      }
    }
    return places.reversed()
  }
}

/// How often each run of so many words occurs in a text.
struct NGramCounts<Word: Hashable> {
  private(set) var counts: [[Word]: Int] = [:]
  private(set) var total = 0

  init(_ words: [Word], _ size: Int) {
    guard words.count >= size else { return }
    for start in 0...(words.count - size) {
      counts[Array(words[start..<start + size]), default: 0] += 1
      total += 1
    }
  }

  /// How many both texts have, each as often as it occurs in both.
  func common(with other: NGramCounts) -> Int {
    counts.reduce(0) { $0 + min($1.value, other.counts[$1.key] ?? 0) }
  }

  /// As often as in either.
  mutating func formMaximum(_ other: NGramCounts) { counts.merge(other.counts) { max($0, $1) } }

  func has(_ run: [Word]) -> Bool { (counts[run] ?? 0) > 0 }
  mutating func take(_ run: [Word]) { counts[run, default: 0] -= 1 }
}
