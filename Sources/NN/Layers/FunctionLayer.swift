import Tensors

/// A layer without parameters: a function with its settings.
open class FunctionLayer: Module, Layer {
  private let function: (Tensor) -> Tensor
  private let settings: String

  /// - Parameters:
  ///   - settings: What the description shows: `alpha=1.0`.
  ///   - function: The forward pass.
  public init(_ settings: String = "", _ function: @escaping (Tensor) -> Tensor) {
    (self.function, self.settings) = (function, settings)
  }

  /// The function.
  public func forward(_ x: Tensor) -> Tensor { function(x) }

  /// The settings.
  public override var extraDescription: String { settings }
}
