import Settings

/// Optimizers by name.
extension Optimizer {
  /// PyTorch's names of all optimizers here, in alphabetical order.
  public static var names: [String] {
    OptimizerDefinition.registry.entries.filter { $0.fromGroups != nil }.map(\.className).sorted()
  }

  /// An optimizer by its PyTorch name, its options by theirs: what a configuration or a saved state
  /// names. Options that do not fit are programmer's errors, as in the initializers.
  /// - Parameters:
  ///   - name: One of ``names``.
  ///   - groups: The parameters.
  ///   - options: Options of groups that say nothing else: `["lr": 0.1, "betas": [0.9, 0.99]]`.
  /// - Returns: nil where there is no optimizer of that name.
  public static func named(
    _ name: String, _ groups: [ParameterGroup], options: OptionValues = [:]
  ) -> Optimizer? {
    let groups = groups.map { group in
      let group = ParameterGroup(copying: group)
      group.options.merge(options) { own, _ in own }
      return group
    }
    let definition = OptimizerDefinition.registry.entries.first { $0.className == name }
    let made = definition?.fromGroups?(groups)
    made?.settle(defaults: options)
    return made
  }
}
