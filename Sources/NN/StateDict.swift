import Base
import Tensors

/// A module's tensors by name, in the order of definition (`Module.state_dict()`).
///
/// Names are PyTorch's: `encoder.layers.0.weight`.
public struct StateDict: RandomAccessCollection {
  /// A name with its tensor.
  public typealias Element = (name: String, tensor: Tensor)

  private var entries: [Element] = []
  // By UTF-8, since Swift holds canonically equivalent strings for equal and file formats do not.
  private var places: [[UInt8]: Int] = [:]

  /// An empty state.
  public init() {}

  /// A state of the given entries; of equal names the last one counts.
  public init(_ entries: some Sequence<(String, Tensor)>) {
    for (name, tensor) in entries { self[name] = tensor }
  }

  /// A state of the given entries in their order: `StateDict(["fc.weight": weight])`.
  public init(_ entries: KeyValuePairs<String, Tensor>) {
    self.init(entries.map { ($0.key, $0.value) })
  }

  /// A state of a dictionary's entries, sorted by name.
  @_disfavoredOverload
  public init(_ entries: [String: Tensor]) {
    self.init(entries.inKeyOrder.map { ($0.key, $0.value) })
  }

  /// The tensor of a name; setting nil takes the entry away.
  public subscript(name: String) -> Tensor? {
    get { places[Array(name.utf8)].map { entries[$0].tensor } }
    set {
      let key = Array(name.utf8)
      switch (places[key], newValue) {
      case (let place?, let tensor?): entries[place].tensor = tensor
      case (nil, let tensor?):
        places[key] = entries.count
        entries.append((name, tensor))
      case (let place?, nil):
        entries.remove(at: place)
        places = [:]
        for (index, entry) in entries.enumerated() { places[Array(entry.name.utf8)] = index }
      case (nil, nil): break
      }
    }
  }

  /// The names in order.
  public var names: [String] { entries.map(\.name) }

  /// The position of the first entry.
  public var startIndex: Int { 0 }
  /// The position past the last entry.
  public var endIndex: Int { entries.count }
  /// The entry at a position.
  public subscript(position: Int) -> Element { entries[position] }
}

extension StateDict: ExpressibleByDictionaryLiteral {
  /// The entries as they are written: `["fc.weight": weight]`. Of equal names the last one counts.
  public init(dictionaryLiteral entries: (String, Tensor)...) { self.init(entries) }
}

extension StateDict: CustomStringConvertible {
  /// Names and tensors, as PyTorch prints them.
  public var description: String {
    "OrderedDict([" + map { "('\($0.name)', \($0.tensor))" }.joined(separator: ", ") + "])"
  }
}

/// A state dict that does not fit a module.
public struct StateDictError: Error, CustomStringConvertible {
  /// Names that the module has and the state lacks.
  public internal(set) var missing: [String]
  /// Names that the state has and the module lacks.
  public internal(set) var unexpected: [String]
  /// Entries whose shapes differ: name, the module's shape, the state's.
  public internal(set) var mismatched: [(name: String, expected: [Int], found: [Int])]
  /// Pairs of names of one parameter, as tied weights have them, for which the state has different
  /// values.
  public internal(set) var contradictions: [(name: String, other: String)] = []

  /// Every name that does not fit, by kind.
  public var description: String {
    var lines = ["the state dict does not fit the module"]
    if !missing.isEmpty { lines.append("missing: \(missing.joined(separator: ", "))") }
    if !unexpected.isEmpty { lines.append("unexpected: \(unexpected.joined(separator: ", "))") }
    for entry in mismatched {
      lines.append("\(entry.name): the module has \(entry.expected), the state \(entry.found)")
    }
    for pair in contradictions {
      lines.append(
        "\(pair.name) and \(pair.other) are one parameter of the module, but the state has different "
          + "values for them; take the wrong one out")
    }
    return lines.joined(separator: "\n  ")
  }
}
