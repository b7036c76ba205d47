import Tensors

/// The arguments of one call, read by position or keyword as the right kind.
///
/// An argument that is of another kind than the operator's row reads, or that the row does not read
/// at all, makes the case unsupported.
final class Call {
  private let positional: [Value]
  private let keywords: [String: Value]
  private var readPositions: Set<Int> = []
  /// What says where a result lies or how it is made, but not what it is.
  private var readKeywords: Set<String> = ["device", "layout", "pin_memory", "requires_grad"]

  init(_ positional: [Value], _ keywords: [String: Value]) {
    self.positional = positional
    self.keywords = keywords
  }

  /// The number of positional arguments.
  var count: Int { positional.count }

  /// The value at a position or, where there are fewer, of a keyword.
  func value(_ position: Int?, _ keyword: String? = nil) -> Value? {
    if let position, position < positional.count {
      readPositions.insert(position)
      return positional[position]
    }
    guard let keyword, let value = keywords[keyword] else { return nil }
    readKeywords.insert(keyword)
    return value
  }

  /// Positional arguments from one on.
  func values(from start: Int) -> [Value] {
    (start..<Swift.max(start, positional.count)).compactMap { value($0) }
  }

  /// - Throws: ``Unsupported`` where an argument was not read.
  func requireAllRead() throws {
    for position in positional.indices where !readPositions.contains(position) {
      throw Unsupported("argument \(position) (\(positional[position].form))")
    }
    for (keyword, value) in keywords where !readKeywords.contains(keyword) {
      throw Unsupported("argument \(keyword) (\(value.form))")
    }
  }

  private func read<T>(
    _ position: Int?, _ keyword: String?, _ kind: String, _ convert: (Value) throws -> T?
  ) throws -> T {
    let value = value(position, keyword)
    let name = keyword ?? position.map(String.init) ?? ""
    guard let value else { throw Unsupported("no argument \(name)") }
    guard let converted = try convert(value) else {
      throw Unsupported("argument \(name) as \(value.form) where \(kind) is read")
    }
    return converted
  }

  /// Nil where the argument is absent or `None`.
  private func optional<T>(
    _ position: Int?, _ keyword: String?, _ kind: String, _ convert: (Value) throws -> T?
  ) throws -> T? {
    switch value(position, keyword) {
    case nil, .some(.none): nil
    default: try read(position, keyword, kind, convert)
    }
  }
}

/// Arguments that must be there.
extension Call {
  /// A tensor.
  func tensor(_ position: Int = 0, _ keyword: String? = nil) throws -> Tensor {
    try read(position, keyword, "tensor", Call.tensor)
  }
  /// A whole number.
  func int(_ position: Int?, _ keyword: String? = nil) throws -> Int {
    try read(position, keyword, "int", Call.int)
  }
  /// A real number.
  func double(_ position: Int?, _ keyword: String? = nil) throws -> Double {
    try read(position, keyword, "float", Call.double)
  }
  /// A number of any kind.
  func scalar(_ position: Int?, _ keyword: String? = nil) throws -> Scalar {
    try read(position, keyword, "number", Call.scalar)
  }
  /// A tensor or a number.
  func operand(_ position: Int?, _ keyword: String? = nil) throws -> any Operand {
    try read(position, keyword, "tensor or number", Call.operand)
  }
  /// Whole numbers: a list of them, or one.
  func ints(_ position: Int?, _ keyword: String? = nil) throws -> [Int] {
    try read(position, keyword, "[int]", Call.ints)
  }
  /// Tensors.
  func tensors(_ position: Int?, _ keyword: String? = nil) throws -> [Tensor] {
    try read(position, keyword, "[tensor]", Call.tensors)
  }
  /// Positional tensors from a position on, or the list of them that stands there.
  func tensors(from start: Int) throws -> [Tensor] {
    if count == start + 1, case .list = value(start) { return try tensors(start) }
    return try (start..<Swift.max(start, count)).map { try tensor($0) }
  }
  /// A word.
  func string(_ position: Int?, _ keyword: String? = nil) throws -> String {
    try read(position, keyword, "str", Call.string)
  }
}

/// Arguments that may be left out, or be `None`.
extension Call {
  /// A tensor, or nil.
  func optionalTensor(_ position: Int?, _ keyword: String? = nil) throws -> Tensor? {
    try optional(position, keyword, "tensor", Call.tensor)
  }
  /// A whole number, or nil.
  func optionalInt(_ position: Int?, _ keyword: String? = nil) throws -> Int? {
    try optional(position, keyword, "int", Call.int)
  }
  /// A real number, or nil.
  func optionalDouble(_ position: Int?, _ keyword: String? = nil) throws -> Double? {
    try optional(position, keyword, "float", Call.double)
  }
  /// A number of any kind, or nil.
  func optionalScalar(_ position: Int?, _ keyword: String? = nil) throws -> Scalar? {
    try optional(position, keyword, "number", Call.scalar)
  }
  /// A tensor or a number, or nil.
  func optionalOperand(_ position: Int?, _ keyword: String? = nil) throws -> (any Operand)? {
    try optional(position, keyword, "tensor or number", Call.operand)
  }
  /// Whole numbers, or nil.
  func optionalInts(_ position: Int?, _ keyword: String? = nil) throws -> [Int]? {
    try optional(position, keyword, "[int]", Call.ints)
  }
  /// A truth value, or nil.
  func optionalBool(_ position: Int?, _ keyword: String? = nil) throws -> Bool? {
    try optional(position, keyword, "bool", Call.bool)
  }
  /// A word, or nil.
  func optionalString(_ position: Int?, _ keyword: String? = nil) throws -> String? {
    try optional(position, keyword, "str", Call.string)
  }
  /// A dtype, or nil.
  func dtype(_ position: Int? = nil, _ keyword: String = "dtype") throws -> DType? {
    try optional(position, keyword, "dtype") {
      if case .dtype(let dtype) = $0 { dtype } else { nil }
    }
  }
  /// A whole number, or a default.
  func int(_ position: Int?, _ keyword: String, default fallback: Int) throws -> Int {
    try optionalInt(position, keyword) ?? fallback
  }
  /// A real number, or a default.
  func double(_ position: Int?, _ keyword: String, default fallback: Double) throws -> Double {
    try optionalDouble(position, keyword) ?? fallback
  }
  /// A truth value, or a default.
  func bool(_ position: Int?, _ keyword: String, default fallback: Bool) throws -> Bool {
    try optionalBool(position, keyword) ?? fallback
  }
  /// A word, or a default.
  func string(_ position: Int?, _ keyword: String, default fallback: String) throws -> String {
    try optionalString(position, keyword) ?? fallback
  }
}

/// One value as one kind.
extension Call {
  static func tensor(_ value: Value) -> Tensor? {
    if case .tensor(let tensor) = value { tensor } else { nil }
  }
  static func int(_ value: Value) -> Int? {
    switch value {
    case .int(let value): value
    // A tensor of one whole number stands where Python takes an index.
    case .tensor(let tensor) where tensor.count == 1 && !tensor.dtype.isFloatingPoint:
      tensor.item(Int.self)
    default: nil
    }
  }
  static func double(_ value: Value) -> Double? {
    switch value {
    case .double(let value): value
    case .int(let value): Double(value)
    default: nil
    }
  }
  static func scalar(_ value: Value) -> Scalar? {
    switch value {
    case .double(let value): .double(value)
    case .int(let value): .int(value)
    case .bool(let value): .bool(value)
    default: nil
    }
  }
  static func operand(_ value: Value) -> (any Operand)? {
    if let tensor = tensor(value) { return tensor }
    return scalar(value)
  }
  static func bool(_ value: Value) -> Bool? {
    if case .bool(let value) = value { value } else { nil }
  }
  static func string(_ value: Value) -> String? {
    if case .string(let value) = value { value } else { nil }
  }
  static func ints(_ value: Value) throws -> [Int]? {
    if let single = int(value) { return [single] }
    guard case .list(let values) = value else { return nil }
    let numbers = values.compactMap(int)
    return numbers.count == values.count ? numbers : nil
  }
  static func tensors(_ value: Value) -> [Tensor]? {
    guard case .list(let values) = value else { return nil }
    let tensors = values.compactMap(tensor)
    return tensors.count == values.count ? tensors : nil
  }
}
