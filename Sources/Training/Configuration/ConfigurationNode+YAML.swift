import Base
import Settings
import Yams

extension ConfigurationNode {
  /// Reads YAML text.
  ///
  /// - Parameters:
  ///   - yaml: The text.
  ///   - path: The file's name, for places.
  /// - Throws: `ConfigurationError.malformed` with line and column, or `.empty`.
  public init(yaml: String, path: String) throws(ConfigurationError) {
    try YAMLExpansion.check(yaml, path: path)
    let root: Node?
    do {
      root = try Yams.compose(yaml: yaml)
    } catch {
      throw Self.malformed(error, path: path)
    }
    guard let root else { throw .empty(path) }
    var expansion = YAMLExpansion {
      .file(path, line: $0?.line ?? 1, column: $0?.column ?? 1)
    }
    self = try expansion.node(root)
    guard !isNull else { throw .empty(path) }
    if let entries { content = .section(entries.filter { !Self.isAnchorsPlace($0.key) }) }
  }

  /// Whether a key at the top is there for anchors, or other programs, alone: one that begins with `x-`
  /// or a dot, as in Compose files and GitLab's.
  private static func isAnchorsPlace(_ key: String) -> Bool {
    key.hasPrefix("x-") || key.hasPrefix(".")
  }

  /// Reads the value of a command line option: a scalar as it stands, or YAML's `[a, b]`.
  package init(option: String, value: String) throws(ConfigurationError) {
    guard let first = value.first, "[{\"'".contains(first) else {
      self.init(.scalar(value, plain: true), at: .option(option))
      return
    }
    try YAMLExpansion.check(value, path: option)
    let root: Node?
    do {
      root = try Yams.compose(yaml: value)
    } catch {
      guard case .malformed(_, let problem) = Self.malformed(error, path: option) else {
        throw .malformed(.option(option), problem: "\(error)")
      }
      throw .malformed(.option(option), problem: problem)
    }
    guard let root else { throw .malformed(.option(option), problem: "no value") }
    var expansion = YAMLExpansion { _ in .option(option) }
    self = try expansion.node(root)
  }

  private static func malformed(_ error: any Error, path: String) -> ConfigurationError {
    func place(_ mark: Mark) -> ConfigurationPlace {
      .file(path, line: mark.line, column: mark.column)
    }
    switch error {
    case YamlError.scanner(let context, let problem, let mark, _),
      YamlError.parser(let context, let problem, let mark, _),
      YamlError.composer(let context, let problem, let mark, _):
      return .malformed(
        place(mark), problem: (context.map { "\($0.text), " } ?? "") + problem)
    case YamlError.duplicatedKeysInMapping(let duplicates, let context):
      return .malformed(
        place(context.mark), problem: "key given twice: \(duplicates.joined(separator: ", "))")
    case YamlError.reader(let problem, let offset, _, let yaml):
      let before = yaml.prefix(offset ?? 0)
      let line = before.reduce(1) { $1.isNewline ? $0 + 1 : $0 }
      let column = before.reversed().prefix { !$0.isNewline }.count + 1
      return .malformed(.file(path, line: line, column: column), problem: problem)
    default:
      return .malformed(.file(path, line: 1, column: 1), problem: "\(error)")
    }
  }
}
