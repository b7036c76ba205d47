import Synchronization

/// Something that configurations can name, once it is registered.
public protocol Registrable: Sendable {
  /// Where all of its kind are registered.
  static var registry: Registry<Self> { get }
  /// Its name, its purpose and its keys.
  var variant: Variant { get }
}

extension Registrable {
  /// The word in the configuration.
  public var name: String { variant.name }

  /// Lets configurations, command lines and help name `entry`, from now on. Programs do so before
  /// they read any of them. An entry of a name that is taken replaces the other one.
  public static func register(_ entry: Self) { registry.register(entry) }
}

/// Everything of one kind that configurations can name: what the project brings, and what a program
/// adds to it.
public final class Registry<Entry: Registrable>: Sendable {
  /// What an entry is called in messages: `model`.
  public let noun: String
  private let state: Mutex<[Entry]>

  /// A registry of what is there from the start.
  public init(_ noun: String, _ builtIn: [Entry]) {
    self.noun = noun
    state = Mutex(builtIn)
  }

  /// Adds an entry, or replaces the one of its name.
  public func register(_ entry: Entry) {
    state.withLock { entries in
      if let place = entries.firstIndex(where: { $0.name == entry.name }) {
        entries[place] = entry
      } else {
        entries.append(entry)
      }
    }
  }

  /// All entries, in the order in which they were registered.
  public var entries: [Entry] { state.withLock { $0 } }

  /// What configurations are told of them.
  public var variants: [Variant] { entries.map(\.variant) }

  /// The entry of a name; nil where there is none.
  public subscript(name: String) -> Entry? { entries.first { $0.name == name } }

  /// The entry that a configuration has chosen.
  ///
  /// - Throws: `ConfigurationError.unknownChoice` where there is none of that name.
  public func entry(for selection: Selection) throws(ConfigurationError) -> Entry {
    if let entry = self[selection.name] { return entry }
    let names = entries.map(\.name)
    throw .unknownChoice(
      noun, .unwritten, given: selection.name,
      nearest: nearestName(to: selection.name, among: names), known: names)
  }
}
