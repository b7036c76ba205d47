import Collectives
import Settings

/// How gradients are all-reduced: by the algorithm of that name, or as size and ranks suggest.
public enum AlgorithmChoice: ConfigurationConvertible {
  /// By size and ranks.
  case auto
  /// Always by this one.
  case always(AllReduceAlgorithm)

  /// The algorithm where it is always the same.
  public var named: AllReduceAlgorithm? {
    if case .always(let algorithm) = self { algorithm } else { nil }
  }

  /// `one of auto, ring, …`
  public static var expectation: String {
    "one of " + (["auto"] + AllReduceAlgorithm.allCases.map(\.rawValue)).joined(separator: ", ")
  }
  /// Reads `auto` or an algorithm's name.
  public static func read(_ node: ConfigurationNode) -> AlgorithmChoice? {
    guard let text = String.read(node) else { return nil }
    return text == "auto" ? .auto : AllReduceAlgorithm(rawValue: text).map(Self.always)
  }
  /// The word.
  public var node: ConfigurationNode { (named?.rawValue ?? "auto").node }
}
