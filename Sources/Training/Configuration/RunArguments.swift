import Settings

/// What was asked for on `ddp-train`'s command line: a configuration, and keys set over it.
///
/// `ddp-train char-gpt --optimizer.lr 3e-4 --steps=200 --resume --print-config`
package struct RunArguments: Sendable, Equatable {
  /// One `--key value`.
  package struct Override: Sendable, Equatable {
    /// The option as it was typed, for messages.
    package var option: String
    /// The key's path, `["optimizer", "lr"]`.
    package var path: [String]
    /// The value's text.
    package var value: String
  }

  /// The file or bare name; nil for the default configuration.
  package var configuration: String?
  /// The keys that were set, in their order: a later one wins.
  package var overrides: [Override] = []
  /// Whether the resolved configuration is to be printed instead of a run.
  package var printsConfiguration = false

  /// Reads command line arguments, the program's name left out.
  ///
  /// Keys may be written with dashes (`--run-dir`) or underscores. A key that needs no value
  /// (`--optimizer.nesterov`, `--resume`) may stand alone.
  /// - Parameters:
  ///   - arguments: The command line.
  ///   - keys: The keys there are; by default those of a training run.
  package init(
    _ arguments: [String], keys: [KeyDescription] = RunConfiguration.keys()
  ) throws(ConfigurationError) {
    var rest = arguments[...]
    var onlyNames = false
    while let argument = rest.popFirst() {
      if argument == "--", !onlyNames {
        onlyNames = true
      } else if argument == "--print-config" || argument == "--print_config", !onlyNames {
        printsConfiguration = true
      } else if argument.hasPrefix("--"), !onlyNames {
        try readOption(argument, &rest, keys)
      } else if argument.hasPrefix("-"), argument.count > 1, !onlyNames {
        throw .badArgument(argument, remedy: "options begin with two dashes, as in --steps 100")
      } else if let configuration {
        throw .badArgument(
          argument,
          remedy: "'\(configuration)' is the configuration already; set keys as --key value")
      } else {
        configuration = argument
      }
    }
  }

  private mutating func readOption(
    _ argument: String, _ rest: inout ArraySlice<String>, _ keys: [KeyDescription]
  ) throws(ConfigurationError) {
    let parts = argument.dropFirst(2).split(
      separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let key = (parts.first ?? "").map { $0 == "-" ? "_" : String($0) }.joined()
    let path = key.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard !path.contains("") else {
      throw .badArgument(argument, remedy: "a key is words with dots, as in --optimizer.lr 3e-4")
    }
    let option = "--\(parts.first ?? "")"
    func add(_ value: String) {
      overrides.append(Override(option: option, path: path, value: value))
    }
    if parts.count == 2 { return add(String(parts[1])) }
    let next = rest.first.flatMap { Self.isValue($0) ? $0 : nil }
    if let known = keys.first(where: { $0.path == key }), let bare = known.bareText {
      // A switch takes only a truth value, or one of its words, so that it may stand before the
      // configuration's name.
      let isSwitch = bare == "true"
      guard let next, !isSwitch || Self.switches(known, next) else { return add(bare) }
      rest.removeFirst()
      return add(next)
    }
    guard let next else {
      throw .badArgument(option, remedy: "a value must follow, as in \(option) VALUE")
    }
    rest.removeFirst()
    add(next)
  }

  /// Whether a switch can be set to a word.
  private static func switches(_ key: KeyDescription, _ word: String) -> Bool {
    if Bool.read(.init(.scalar(word, plain: true))) != nil { return true }
    let words = key.expectation.split(separator: "one of ", maxSplits: 1).last ?? ""
    return words.split(separator: ", ").contains { $0 == word }
  }

  /// Whether an argument can be a value: anything but an option; `-1` and `-.5` are numbers.
  private static func isValue(_ argument: String) -> Bool {
    guard argument.hasPrefix("-"), argument != "-" else { return true }
    return Double.read(.init(.scalar(argument, plain: true))) != nil
  }
}
