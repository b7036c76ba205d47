import Tensors

/// A module that makes one tensor of one tensor, and so fits into a ``Sequential``.
public protocol Layer: Module {
  /// The forward pass.
  func callAsFunction(_ x: Tensor) -> Tensor
}

/// Layers one after the other (`torch.nn.Sequential`); names are `0`, `1`, ….
public final class Sequential: Module, Layer {
  /// The layers in order.
  public var layers: [any Layer]

  /// Layers in order.
  public init(_ layers: any Layer...) { self.layers = layers }

  /// Layers in order, from a list.
  public init(_ layers: [any Layer]) { self.layers = layers }

  /// The layers stand directly below the sequence's own name.
  public override class var stateNames: [String: String] { ["layers": ""] }

  /// Every layer's output is the next one's input.
  public func callAsFunction(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }

  /// The layer at a position.
  public subscript(index: Int) -> any Layer { layers[index] }
}
