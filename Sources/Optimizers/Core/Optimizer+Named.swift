/// Optimizers by name.
extension Optimizer {
  /// PyTorch's names of all optimizers here, in alphabetical order.
  public static var names: [String] { kinds.keys.sorted() }

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
      var group = group
      group.options.merge(options) { own, _ in own }
      return group
    }
    return kinds[name]?(groups)
  }

  private static let kinds: [String: @Sendable ([ParameterGroup]) -> Optimizer] = [
    "ASGD": { ASGD($0) },
    "Adadelta": { Adadelta($0) },
    "Adafactor": { Adafactor($0) },
    "Adagrad": { Adagrad($0) },
    "Adam": { Adam($0) },
    "AdamW": { AdamW($0) },
    "Adamax": { Adamax($0) },
    "LBFGS": { LBFGS($0) },
    "Muon": { Muon($0) },
    "NAdam": { NAdam($0) },
    "RAdam": { RAdam($0) },
    "RMSprop": { RMSprop($0) },
    "Rprop": { Rprop($0) },
    "SGD": { SGD($0) },
  ]
}
