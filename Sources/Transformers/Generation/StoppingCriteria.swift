import Foundation
import Tensors

/// A rule that ends sequences (`transformers.StoppingCriteria`).
public protocol StoppingCriterion {
  /// Whether each row ends with its last token.
  /// - Parameters:
  ///   - inputIds: For each row all ids so far, the newest last.
  ///   - scores: The processed scores of every step, where they are kept.
  func callAsFunction(_ inputIds: [[Int]], _ scores: [Tensor]?) throws -> [Bool]
}

/// Ends rows that are as long as allowed.
public struct MaxLengthCriteria: StoppingCriterion {
  private let maxLength: Int

  /// The greatest length, the prompt included.
  public init(maxLength: Int) { self.maxLength = maxLength }

  /// Whether each row is long enough.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: [Tensor]?) throws -> [Bool] {
    inputIds.map { $0.count >= maxLength }
  }
}

/// Ends all rows after a time.
public struct MaxTimeCriteria: StoppingCriterion {
  private let end: ContinuousClock.Instant

  /// Seconds from now.
  public init(maxTime: Double) { end = .now + .seconds(maxTime) }

  /// Whether the time is up.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: [Tensor]?) throws -> [Bool] {
    [Bool](repeating: ContinuousClock.now > end, count: inputIds.count)
  }
}

/// Ends rows whose last token is one that ends sequences.
public struct EosTokenCriteria: StoppingCriterion {
  private let tokens: Set<Int>

  /// The tokens that end sequences.
  public init(eosTokenId: [Int]) { tokens = Set(eosTokenId) }

  /// Whether each row ends with such a token.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: [Tensor]?) throws -> [Bool] {
    inputIds.map { $0.last.map(tokens.contains) ?? false }
  }
}

/// Ends rows whose last token completes a text, which may go on behind the text's end.
public struct StopStringCriteria: StoppingCriterion {
  private let stops: [[UInt8]]
  private let tail: Int
  private let decode: ([Int]) throws -> String

  /// Texts that end a sequence, and how tokens become text.
  /// - Throws: ``GenerationError`` where a text is empty.
  public init(
    stopStrings: [String], decode: @escaping ([Int]) throws -> String
  ) throws(GenerationError) {
    guard !stopStrings.contains("") else {
      throw GenerationError("stop_strings", "an empty text would end every sequence")
    }
    stops = stopStrings.map { Array($0.utf8) }
    // Every token that shows at all is a byte long or more.
    tail = (stops.map(\.count).max() ?? 0) + 1
    self.decode = decode
  }

  /// Whether a text is complete in each row since its last token.
  public func callAsFunction(_ inputIds: [[Int]], _ scores: [Tensor]?) throws -> [Bool] {
    try inputIds.map { ids in
      let recent = Array(ids.suffix(tail))
      let text = Array(try decode(recent).utf8)
      let before = try decode(Array(recent.dropLast())).utf8.count
      return stops.contains { stop in
        guard text.count >= stop.count else { return false }
        // The text must end behind what was there before the last token.
        return (0...(text.count - stop.count)).contains { start in
          start + stop.count > before && text[start..<(start + stop.count)].elementsEqual(stop)
        }
      }
    }
  }
}
