import Foundation

/// What a `.pth` file can hold: the values that PyTorch reads with `weights_only=True`.
public indirect enum PthValue: Sendable, Equatable {
  /// `None`.
  case none
  /// `True` or `False`.
  case bool(Bool)
  /// A whole number of at most 64 bits.
  case int(Int)
  /// A whole number beyond 64 bits, in decimal digits.
  case largeInt(String)
  /// A float.
  case double(Double)
  /// A complex number.
  case complex(real: Double, imaginary: Double)
  /// A string, a device, or the name of a dtype: `torch.float32`.
  case string(String)
  /// `bytes` or a `bytearray`.
  case bytes(Data)
  /// A list, or a set or frozenset in the order of the file.
  case list([PthValue])
  /// A tuple or a `torch.Size`.
  case tuple([PthValue])
  /// A dict in its order; an `OrderedDict`, a `defaultdict` or a `Counter` too.
  case dictionary([Member])
  /// A tensor or a parameter; views are laid out in row-major order.
  case tensor(StoredTensor)

  /// A key with its value.
  public struct Member: Sendable, Equatable {
    /// The key.
    public var key: PthValue
    /// The value.
    public var value: PthValue

    /// A key with its value.
    public init(_ key: PthValue, _ value: PthValue) {
      self.key = key
      self.value = value
    }
  }

  /// The value under a string key of a dictionary, or nil. Keys are compared by their bytes.
  public subscript(key: String) -> PthValue? {
    guard case .dictionary(let members) = self else { return nil }
    return members.last {
      if case .string(let name) = $0.key { name.utf8.elementsEqual(key.utf8) } else { false }
    }?.value
  }

  /// Whether Python can use it as a dictionary's key.
  package var isHashable: Bool {
    switch self {
    case .list, .dictionary: false
    case .tuple(let elements): elements.allSatisfy(\.isHashable)
    default: true
    }
  }

  /// What kind of value this is, in Python's words.
  package var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .int, .largeInt: "an int"
    case .double: "a float"
    case .complex: "a complex number"
    case .string: "a string"
    case .bytes: "bytes"
    case .list: "a list"
    case .tuple: "a tuple"
    case .dictionary: "a dict"
    case .tensor: "a tensor"
    }
  }
}

extension PthValue: CustomStringConvertible {
  /// The value as Python prints it.
  public var description: String {
    switch self {
    case .none: "None"
    case .bool(let value): value ? "True" : "False"
    case .int(let value): "\(value)"
    case .largeInt(let digits): digits
    case .double(let value): "\(value)"
    case .complex(let real, let imaginary): "(\(real)\(imaginary < 0 ? "" : "+")\(imaginary)j)"
    case .string(let value): "'\(value)'"
    case .bytes(let value): "bytes of length \(value.count)"
    case .list(let values): "[" + values.map(\.description).joined(separator: ", ") + "]"
    case .tuple(let values):
      "(" + values.map(\.description).joined(separator: ", ") + (values.count == 1 ? ",)" : ")")
    case .dictionary(let members):
      "{" + members.map { "\($0.key): \($0.value)" }.joined(separator: ", ") + "}"
    case .tensor(let stored):
      (try? stored.tensor(path: "")).map { "\($0)" } ?? "a tensor of \(stored.shape)"
    }
  }
}
