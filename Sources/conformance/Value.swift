import Tensors

/// An argument or result of an operator in the forms that the case files have.
indirect enum Value {
  case tensor(Tensor)
  case int(Int)
  case double(Double)
  case bool(Bool)
  case string(String)
  case dtype(DType)
  case slice(Int?, Int?, Int?)
  case ellipsis
  case none
  case list([Value])

  /// The form's name, for messages.
  var form: String {
    switch self {
    case .tensor: "tensor"
    case .int: "int"
    case .double: "float"
    case .bool: "bool"
    case .string: "str"
    case .dtype: "dtype"
    case .slice: "slice"
    case .ellipsis: "ellipsis"
    case .none: "none"
    case .list(let values): "[\(values.map(\.form).joined(separator: ", "))]"
    }
  }
}

/// An argument as it stands in a file, its tensors by key.
indirect enum Form: Decodable {
  case tensor(String, requiresGrad: Bool)
  case plain(Value)
  case list([Form])
  case unknown(String)

  private enum Keys: String, CodingKey, CaseIterable {
    case tensor, requires_grad, int, float, bool, str, none, dtype, slice, ellipsis, list
  }

  private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let box = try decoder.container(keyedBy: Keys.self)
    if let key = try box.decodeIfPresent(String.self, forKey: .tensor) {
      let requiresGrad = try box.decodeIfPresent(Bool.self, forKey: .requires_grad)
      self = .tensor(key, requiresGrad: requiresGrad ?? false)
    } else if let value = try box.decodeIfPresent(Int.self, forKey: .int) {
      self = .plain(.int(value))
    } else if box.contains(.float) {
      self = .plain(.double(try Form.double(box)))
    } else if let value = try box.decodeIfPresent(Bool.self, forKey: .bool) {
      self = .plain(.bool(value))
    } else if let value = try box.decodeIfPresent(String.self, forKey: .str) {
      self = .plain(.string(value))
    } else if box.contains(.none) {
      self = .plain(.none)
    } else if let name = try box.decodeIfPresent(String.self, forKey: .dtype) {
      let dtype = DType(named: name)
      self = dtype.map { .plain(.dtype($0)) } ?? .unknown("dtype \(name)")
    } else if box.contains(.slice) {
      let bounds = try box.decode([Int?].self, forKey: .slice)
      guard bounds.count == 3 else { throw RunnerError("a slice has three bounds, not \(bounds)") }
      self = .plain(.slice(bounds[0], bounds[1], bounds[2]))
    } else if box.contains(.ellipsis) {
      self = .plain(.ellipsis)
    } else if let forms = try box.decodeIfPresent([Form].self, forKey: .list) {
      self = .list(forms)
    } else {
      let names = try decoder.container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
      self = .unknown(names.joined(separator: ", "))
    }
  }

  /// A number, or "inf", "-inf", "nan".
  private static func double(_ box: KeyedDecodingContainer<Keys>) throws -> Double {
    if let value = try? box.decode(Double.self, forKey: .float) { return value }
    let name = try box.decode(String.self, forKey: .float)
    guard let value = Double(name) else { throw RunnerError("\"\(name)\" is no float") }
    return value
  }

  /// The value, its tensors taken from `tensors` by key.
  /// - Throws: ``Unsupported`` for a form that is not in the file's description.
  func value(_ tensor: (String, _ requiresGrad: Bool) throws -> Tensor) throws -> Value {
    switch self {
    case .tensor(let key, let requiresGrad): .tensor(try tensor(key, requiresGrad))
    case .plain(let value): value
    case .list(let forms): .list(try forms.map { try $0.value(tensor) })
    case .unknown(let name): throw Unsupported("argument form \(name)")
    }
  }
}
