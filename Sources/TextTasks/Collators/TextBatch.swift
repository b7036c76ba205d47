import Tensors
import Transformers

/// A batch of text as a model takes it: tensors by transformers' names, in their order.
public struct TextBatch {
  /// The tensors' names.
  public private(set) var names: [String] = []
  private var tensors: [String: Tensor] = [:]
  /// Plain numbers that belong to the batch, such as its longest row (`max_length_q`).
  public var numbers: [String: Int] = [:]

  /// An empty batch.
  public init() {}

  /// The tensor of a name; setting nil removes it.
  public subscript(name: String) -> Tensor? {
    get { tensors[name] }
    set {
      if tensors[name] == nil, newValue != nil { names.append(name) }
      if newValue == nil { names.removeAll { $0 == name } }
      tensors[name] = newValue
    }
  }

  /// What a model reads of the batch; a programmer's error where it has no ids.
  public var modelInputs: ModelInputs {
    guard let ids = self["input_ids"] else {
      fail("TextBatch", "there are no input_ids among \(names)")
    }
    return ModelInputs(
      inputIds: ids, attentionMask: self["attention_mask"], tokenTypeIds: self["token_type_ids"],
      positionIds: self["position_ids"])
  }
}

/// Makes a batch of records (`transformers.DataCollator…`).
public protocol DataCollator {
  /// The batch of records, of which there is at least one.
  /// - Throws: ``CollationError`` where they make none.
  func callAsFunction(_ features: [TextFeature]) throws -> TextBatch
}

/// Why records make no batch.
public struct CollationError: Error, Equatable, CustomStringConvertible {
  /// What is wrong, and what to do.
  public let description: String

  init(_ description: String) { self.description = description }
}
