import Collectives
import NN
import Tensors

/// The checksums of a model's parameters and buffers after a step, by which runs are compared bit by bit.
public struct ParameterHashes: Equatable, Sendable {
  /// Optimizer steps done.
  public let step: Int
  /// Each parameter's and buffer's name and checksum, in the model's order.
  public let values: [(name: String, hash: UInt64)]

  /// The checksums of what a model holds now.
  package init(_ model: Module, step: Int) {
    self.step = step
    let tensors =
      model.namedParameters().map { ($0, $1.value.detach()) }
      + model.namedBuffers().map { ($0, $1.value) }
    values = tensors.map { name, tensor in
      (name, tensor.contiguous().withBytes { Checksum.of($0) })
    }
  }

  /// Checksums that were written down, as ``words`` writes them; nil where they are not.
  package init?(step: Int, words: [String]) {
    self.step = step
    var values: [(name: String, hash: UInt64)] = []
    for word in words {
      guard let space = word.lastIndex(of: " "),
        let hash = UInt64(word[word.index(after: space)...], radix: 16)
      else { return nil }
      values.append((String(word[..<space]), hash))
    }
    self.values = values
  }

  /// Each name with its checksum in hexadecimal: `fc1.weight 3f09a1b2c3d4e5f6`.
  package var words: [String] {
    values.map { "\($0.name) \(Self.hexadecimal($0.hash))" }
  }

  /// The first parameter that differs in `other`; nil where none does.
  package func firstDifference(from other: ParameterHashes) -> String? {
    let theirs = Dictionary(
      other.values.map { ($0.name, $0.hash) }, uniquingKeysWith: { first, _ in first })
    if let odd = values.first(where: { theirs[$0.name] != $0.hash }) { return odd.name }
    let names = Set(values.map(\.name))
    return other.values.first { !names.contains($0.name) }?.name
  }

  /// Whether names and checksums agree.
  public static func == (left: Self, right: Self) -> Bool {
    left.step == right.step && left.words == right.words
  }

  private static func hexadecimal(_ hash: UInt64) -> String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
