/// How large a configured model is, at least: what is known before it is made, so that what no machine
/// holds is refused in words. Floating-point, so that no product of configured numbers overflows.
public struct ModelSize: Sendable {
  /// The keys that set it: `model.width`.
  public let keys: [String]
  /// Trained numbers.
  public let parameters: Double
  /// Numbers that a forward pass of one record keeps for the gradients.
  public let perRecord: Double
  /// Modules, each of which takes a few KiB beside its parameters.
  public let modules: Double

  /// A lower bound of what a model takes.
  public init(keys: [String], parameters: Double, perRecord: Double, modules: Double = 0) {
    self.keys = keys
    self.parameters = parameters
    self.perRecord = perRecord
    self.modules = modules
  }
}
