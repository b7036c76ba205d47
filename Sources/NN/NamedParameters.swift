/// Parameters whose names are computed, such as a recurrent layer's `weight_ih_l0`, in order
/// (`torch.nn.ParameterDict`).
///
/// A module's property of this type contributes its entries under the property's name; give it the
/// name `""` in ``Module/stateNames`` for names that stand directly below the module.
public struct NamedParameters {
  /// The parameters with their names.
  public private(set) var entries: [(name: String, parameter: Parameter)] = []

  /// No parameters yet.
  public init() {}

  /// The parameter of a name; setting an existing name replaces it in its place, nil takes it away.
  public subscript(name: String) -> Parameter? {
    get { entries.first { $0.name == name }?.parameter }
    set {
      let place = entries.firstIndex { $0.name == name }
      switch (place, newValue) {
      case (let place?, let value?): entries[place].parameter = value
      case (nil, let value?): entries.append((name, value))
      case (let place?, nil): entries.remove(at: place)
      case (nil, nil): break
      }
    }
  }
}

extension NamedParameters: NamedMemberHolder {
  var namedMembers: [NamedMember] { entries.map { ($0.name, .parameter($0.parameter)) } }
}
