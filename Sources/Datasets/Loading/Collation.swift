import Tensors

/// Batches of records as tensors (`torch.utils.data.default_collate`), made on the caller's thread.
public enum Collate {
  /// Images and their classes.
  /// - Parameters:
  ///   - records: Images of that size, with their classes.
  ///   - shape: An image's size, `[channels, height, width]`.
  /// - Returns: Images `[batch, channels, height, width]` and labels `[batch]` (`int64`).
  public static func images(
    _ records: [LabelledImage], shape: [Int]
  ) -> (images: Tensor, labels: Tensor) {
    (stack(records.map(\.pixels), shape: shape), Tensor(records.map(\.label)))
  }

  /// Contexts of characters and the characters that follow.
  /// - Returns: Inputs and targets, each `[batch, context]` (`int64`).
  public static func contexts(_ records: [TextContext]) -> (inputs: Tensor, targets: Tensor) {
    let shape = [records.first?.inputs.count ?? 0]
    return (
      stack(records.map(\.inputs), shape: shape), stack(records.map(\.targets), shape: shape)
    )
  }

  /// Sentences of different lengths and their classes.
  /// - Returns: Tokens `[batch, longest]` padded at the end, lengths `[batch]`, labels `[batch]`, all
  ///   `int64`.
  public static func sentences(
    _ records: [LabelledSentence], padding: Int = Vocabulary.padding
  ) -> (tokens: Tensor, lengths: Tensor, labels: Tensor) {
    let tokens = pad(records.map(\.tokens), with: padding)
    return (
      tokens, Tensor(records.map(\.tokens.count)), Tensor(records.map(\.label))
    )
  }

  /// Records of one size, one after another.
  /// - Parameters:
  ///   - records: Each in row-major order.
  ///   - shape: One record's size.
  /// - Returns: `[batch] + shape`.
  public static func stack<Element: TensorElement>(_ records: [[Element]], shape: [Int]) -> Tensor {
    let size = shape.reduce(1, *)
    require(
      records.allSatisfy { $0.count == size }, "Collate.stack",
      "records of \(Set(records.map(\.count)).sorted()) elements do not all fill \(shape)")
    var elements: [Element] = []
    elements.reserveCapacity(records.count * size)
    for record in records { elements += record }
    return Tensor(elements, shape: [records.count] + shape, dtype: Element.dtype)
  }

  /// Sequences filled up at the end to the length of the longest (`pad_sequence`).
  /// - Returns: `[batch, longest]`.
  public static func pad<Element: TensorElement>(
    _ records: [[Element]], with padding: Element
  ) -> Tensor {
    let longest = records.map(\.count).max() ?? 0
    var elements: [Element] = []
    elements.reserveCapacity(records.count * longest)
    for record in records {
      elements += record
      elements += repeatElement(padding, count: longest - record.count)
    }
    return Tensor(elements, shape: [records.count, longest], dtype: Element.dtype)
  }
}
