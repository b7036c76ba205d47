import NN
import Tensors

/// Fully connected layers with ReLU between them, over a flattened record.
/// `[N, …] → [N, classes]`.
public final class MLP: Module, Layer {
  /// The layers from the input to the logits: `layers.0`, `layers.1`, ….
  public let layers: [Linear]
  let dropout: Dropout

  /// - Parameters:
  ///   - inputs: Numbers in a record.
  ///   - hidden: The width of each hidden layer.
  ///   - classes: The number of logits.
  ///   - dropout: The probability with which a hidden activation is dropped.
  ///   - dtype: The parameters' element type.
  public init(
    inputs: Int, hidden: [Int], classes: Int, dropout: Double = 0, dtype: DType = .float32
  ) {
    let widths = [inputs] + hidden + [classes]
    layers = zip(widths, widths.dropFirst()).map { Linear($0, $1, dtype: dtype) }
    self.dropout = Dropout(dropout)
  }

  /// The logits.
  public func forward(_ x: Tensor) -> Tensor {
    var x = x.flattened(from: 1)
    for layer in layers.dropLast() { x = dropout(layer(x).relu()) }
    return layers[layers.count - 1](x)
  }
}
