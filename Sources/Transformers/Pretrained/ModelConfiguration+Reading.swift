import Tensors

/// Reading fields by kind. Each takes transformers' default for a field that is absent.
extension ModelConfiguration {
  /// A whole number.
  /// - Throws: ``ModelError`` where the field is of another kind.
  public func int(_ name: String, _ fallback: Int) throws -> Int {
    try optionalInt(name) ?? fallback
  }

  /// A whole number, or nil where the field is absent or null.
  public func optionalInt(_ name: String) throws -> Int? {
    try value(name).map { value in
      guard let int = value.int else { throw fault(name, "a whole number is expected") }
      guard (-1 << 31...1 << 31).contains(int) else {
        throw fault(name, "\(int) is beyond what is expected: at most 2147483648")
      }
      return int
    }
  }

  /// A size: a whole number from 1 to 2³¹.
  public func size(_ name: String, _ fallback: Int) throws -> Int {
    try optionalSize(name) ?? fallback
  }

  /// A size, or nil where the field is absent or null.
  public func optionalSize(_ name: String) throws -> Int? {
    try value(name).map { value in
      guard let int = value.int else { throw fault(name, "a whole number is expected") }
      guard (1...1 << 31).contains(int) else {
        throw fault(name, "\(int) is no size: a number from 1 to 2147483648 is expected")
      }
      return int
    }
  }

  /// A real number.
  public func double(_ name: String, _ fallback: Double) throws -> Double {
    try optionalDouble(name) ?? fallback
  }

  /// A real number, or nil where the field is absent or null.
  public func optionalDouble(_ name: String) throws -> Double? {
    try value(name).map { value in
      guard let double = value.double else { throw fault(name, "a number is expected") }
      return double
    }
  }

  /// A probability.
  public func probability(_ name: String, _ fallback: Double) throws -> Double {
    let value = try double(name, fallback)
    guard (0...1).contains(value) else {
      throw fault(name, "\(value) is no probability: a number from 0 to 1 is expected")
    }
    return value
  }

  /// A truth value.
  public func bool(_ name: String, _ fallback: Bool) throws -> Bool {
    try value(name).map { value in
      guard let bool = value.bool else { throw fault(name, "true or false is expected") }
      return bool
    } ?? fallback
  }

  /// A word.
  public func string(_ name: String, _ fallback: String) throws -> String {
    try optionalString(name) ?? fallback
  }

  /// A word, or nil where the field is absent or null.
  public func optionalString(_ name: String) throws -> String? {
    try value(name).map { value in
      guard let string = value.string else { throw fault(name, "a string is expected") }
      return string
    }
  }

  /// Words, or nil where the field is absent or null.
  public func optionalStrings(_ name: String) throws -> [String]? {
    try value(name).map { value in
      let words = value.list?.compactMap(\.string)
      guard let words, words.count == value.list?.count else {
        throw fault(name, "a list of strings is expected")
      }
      return words
    }
  }

  /// A field that is honoured only by its usual value.
  /// - Throws: ``ModelError`` that names the field where it asks for something else.
  public func expect(_ name: String, _ expected: ConfigurationValue) throws {
    guard let found = value(name) else { return }
    if found == expected || found.double != nil && found.double == expected.double { return }
    throw fault(
      name, "only \(expected.json()) is supported, not \(found.json())",
      remedy: "Use a model that does without it")
  }
}
