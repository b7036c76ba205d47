/// What can be wrong with a configuration: each case names the file or option, the key, what was
/// given and what to do about it.
public enum ConfigurationError: Error, Equatable, CustomStringConvertible {
  /// No file of that path or bare name; `searched` lists where it was looked for.
  case notFound(String, searched: [String], nearest: String?)
  /// A folder was named where a file was needed.
  case isDirectory(String, nearest: String?)
  /// A path that names no place.
  case badPath(String, ConfigurationPlace, problem: String)
  /// The configuration cannot be written.
  case unwritable(String, reason: String)
  /// What is configured takes more memory than there is: the keys that set its size, what it is
  /// and takes, and what there is.
  case tooLarge(keys: [String], needs: String, available: String)
  /// The file exists and cannot be read.
  case unreadable(String, reason: String)
  /// The file holds no keys at all.
  case empty(String)
  /// The file is not YAML.
  case malformed(ConfigurationPlace, problem: String)
  /// The file is YAML, and more of it than a configuration needs.
  case oversized(ConfigurationPlace, problem: String)
  /// A key that nothing reads.
  case unknownKey(String, ConfigurationPlace, nearest: String?, known: [String])
  /// A key that must be given and was not.
  case missingKey(String, remedy: String)
  /// A value of the wrong kind.
  case wrongType(String, ConfigurationPlace, expected: String, given: String)
  /// A value of the right kind outside what is allowed.
  case outOfRange(String, ConfigurationPlace, allowed: String, given: String)
  /// A name that is none of those registered.
  case unknownChoice(
    String, ConfigurationPlace, given: String, nearest: String?, known: [String])
  /// Values that are each right and do not fit together.
  case conflict(String, problem: String, remedy: String)
  /// A command line that cannot be read.
  case badArgument(String, remedy: String)
  /// An environment variable that cannot be read.
  case badVariable(String, given: String, expected: String)

  /// One or two lines: what is wrong and where, then the remedy.
  public var description: String {
    switch self {
    case .notFound(let name, let searched, let nearest):
      "no configuration '\(name)': looked for \(searched.joined(separator: ", "))"
        + (nearest.map { "; did you mean '\($0)'?" }
          ?? "; give the path of a YAML file, or the folder of a run")
    case .isDirectory(let path, let nearest):
      "\(path) is a folder, not a configuration file"
        + (nearest.map { "; did you mean \($0)?" } ?? "; name a YAML file")
    case .badPath(let key, let place, let problem):
      "\(place): \(key): \(problem)"
    case .unwritable(let path, let reason):
      "\(path) cannot be written: \(reason); choose another folder with --run-dir"
    case .tooLarge(let keys, let needs, let available):
      "\(keys.joined(separator: ", ")): \(needs), and \(available); use smaller values"
    case .unreadable(let path, let reason):
      "\(path) cannot be read: \(reason)"
    case .empty(let path):
      "\(path) is empty: a configuration needs at least model and data, such as"
        + " 'model: digits-cnn' and 'data: digits'"
    case .malformed(let place, let problem):
      "\(place): not valid YAML: \(problem)"
    case .oversized(let place, let problem):
      "\(place): \(problem); shorten it"
    case .unknownKey(let key, let place, let nearest, let known):
      "\(place): unknown key \(key)"
        + (nearest.map { "; did you mean \($0)?" }
          ?? (known.isEmpty
            ? "; what is named here has no keys, so name another or remove it"
            : "; known here: \(known.joined(separator: ", "))"))
    case .missingKey(let key, let remedy):
      "\(key) is not set: \(remedy)"
    case .wrongType(let key, let place, let expected, let given):
      "\(place): \(key) must be \(expected), and \(given) was given"
        + (given.hasPrefix("the text \"") ? " (remove the quotes for a number or a name)" : "")
    case .outOfRange(let key, let place, let allowed, let given):
      "\(place): \(key) must be \(allowed), and \(given) was given"
    case .unknownChoice(let key, let place, let given, let nearest, let known):
      "\(place): \(key) has no choice '\(ConfigurationNode.shortened(given))'"
        + (nearest.map { "; did you mean \($0)?" } ?? "")
        + " (there are \(known.joined(separator: ", ")))"
    case .conflict(let key, let problem, let remedy):
      "\(key): \(problem); \(remedy)"
    case .badArgument(let argument, let remedy):
      "'\(ConfigurationNode.shortened(argument))': \(remedy)"
    case .badVariable(let name, let given, let expected):
      "the environment variable \(name) is '\(given)': set it to \(expected), or unset it"
    }
  }
}
