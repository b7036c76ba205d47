import Tensors

/// What computes a parameter's value from others that stand in its place.
protocol ParameterDerivation: AnyObject {
  /// The value, in the graph.
  var value: Tensor { get }
  /// The parameters that it is computed from.
  var sources: [Parameter] { get }
  /// What a module has in place of its parameter of a name.
  func members(_ name: String) -> [NamedMember]
  /// Changes the sources so that the value becomes this one.
  func assign(_ value: Tensor)
  /// The same of copied parameters.
  func copied(by copier: ModuleCopier) -> any ParameterDerivation
}
