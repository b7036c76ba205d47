import Foundation

/// The perplexity of a language model: exp of the mean loss of a token.
public struct Perplexity: MergeableMetric, Equatable {
  /// The sum of the tokens' losses in nats.
  public private(set) var loss = 0.0
  /// The number of tokens.
  public private(set) var tokens = 0

  /// Of no tokens.
  public init() {}

  /// Adds tokens with the sum of their losses.
  public mutating func add(loss: Double, tokens: Int) {
    self.loss += loss
    self.tokens += tokens
  }

  /// Adds other tokens.
  public mutating func merge(_ other: Perplexity) { add(loss: other.loss, tokens: other.tokens) }

  /// exp(loss/tokens); NaN of no tokens.
  public var value: Double { tokens == 0 ? .nan : exp(loss / Double(tokens)) }
}
