/// Finds the best answers among the places that a model takes for their starts and ends
/// (`postprocess_qa_predictions` of Hugging Face's `run_qa`).
public struct AnswerSearch: Sendable {
  /// How many starts and ends of a window are looked at.
  public var nBestSize = 20
  /// The most tokens of an answer.
  public var maxAnswerLength = 30
  /// Whether questions may have no answer.
  public var mayBeNone = false
  /// By how much no answer must score higher than the best one.
  public var nullThreshold = 0.0

  /// The usual settings.
  public init() {}

  /// A part of a context with the sum of the logits of its start and end.
  public struct Candidate: Codable, Sendable, Equatable {
    /// The part in code points of the context.
    public let offsets: Range<Int>
    /// The sum.
    public let score: Float
  }

  /// What a window tells.
  public struct Window: Codable, Sendable, Equatable {
    /// The window's place among all of them.
    public let index: Int
    /// The score of no answer: the logits of the first token.
    public let nullScore: Float
    /// The best parts, best first.
    public let candidates: [Candidate]
  }

  /// The best parts of a window.
  /// - Parameters:
  ///   - index: The window's place among all of them.
  ///   - window: The window.
  ///   - starts: Logits of each token; those of padding left out or not.
  ///   - ends: Likewise.
  public func search(
    _ index: Int, _ window: AnswerWindow, starts: [Float], ends: [Float]
  ) -> Window {
    let count = min(window.offsets.count, starts.count)
    /// The places of the largest logits; of equal ones the last, as a sort that is read backwards.
    func largest(_ logits: [Float]) -> ArraySlice<Int> {
      (0..<count).sorted { logits[$0] != logits[$1] ? logits[$0] > logits[$1] : $0 > $1 }
        .prefix(nBestSize)
    }
    var candidates: [Candidate] = []
    let lasts = largest(ends)
    for start in largest(starts) {
      for end in lasts where end >= start && end - start < maxAnswerLength {
        guard let first = window.offsets[start], let last = window.offsets[end],
          first.lowerBound <= last.upperBound
        else { continue }
        candidates.append(
          Candidate(
            offsets: first.lowerBound..<last.upperBound, score: starts[start] + ends[end]))
      }
    }
    return Window(
      index: index, nullScore: count > 0 ? starts[0] + ends[0] : 0,
      candidates: Array(Self.best(candidates, nBestSize)))
  }

  /// The best first; of equal ones those that came first.
  private static func best(_ all: [Candidate], _ count: Int) -> [Candidate] {
    Array(
      all.enumerated().sorted {
        $0.element.score != $1.element.score
          ? $0.element.score > $1.element.score : $0.offset < $1.offset
      }.prefix(count).map(\.element))
  }

  /// The answer to each question; empty where there is none.
  public func answers(_ all: AnswerWindows, _ found: [Window]) -> [String] {
    var byRecord = [[Window]](repeating: [], count: all.records.count)
    for window in found.sorted(by: { $0.index < $1.index }) {
      byRecord[all.record(ofWindow: window.index)].append(window)
    }
    return zip(all.records, byRecord).map { record, windows in
      let candidates = Self.best(windows.flatMap(\.candidates), nBestSize)
      let texts = Array(record.context.unicodeScalars)
      func text(_ offsets: Range<Int>) -> String {
        String(String.UnicodeScalarView(texts[offsets.clamped(to: 0..<texts.count)]))
      }
      guard mayBeNone, let null = windows.map(\.nullScore).min() else {
        // A single answer without characters is none; the reference then says so.
        let best = candidates.first.map { text($0.offsets) }
        return best.map { candidates.count == 1 && $0.isEmpty ? "empty" : $0 } ?? "empty"
      }
      guard let best = candidates.first(where: { !text($0.offsets).isEmpty }) else {
        return Double(null) > nullThreshold ? "" : "empty"
      }
      return Double(null) - Double(best.score) > nullThreshold ? "" : text(best.offsets)
    }
  }
}
