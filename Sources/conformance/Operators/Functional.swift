import Tensors

/// `torch.nn.functional`, one file a family.
extension Registry {
  mutating func addFunctional() {
    addActivations()
    addConvolutions()
    addPooling()
    addNormalization()
    addLosses()
    addDistances()
    addResampling()
    addEmbeddings()
    addAttention()
    addDropout()
  }

  /// Adds an operator of `torch.nn.functional`.
  mutating func functional(_ name: String, _ compute: @escaping (Call) throws -> any Returned) {
    row("nn.functional.\(name)") { try compute($0) }
  }
}

/// Arguments that several families read.
extension Call {
  /// A reduction by its name.
  func reduction(_ position: Int? = nil) throws -> Reduction {
    let name = try string(position, "reduction", default: "mean")
    guard let reduction = Reduction(rawValue: name) else { throw Unsupported("reduction \(name)") }
    return reduction
  }

  /// Whole numbers, of which some may be None.
  func optionalSizes(_ position: Int?, _ keyword: String) throws -> [Int?] {
    switch value(position, keyword) {
    case .int(let size): return [size]
    case .none?: return [nil]
    case .list(let values):
      return try values.map { value in
        if case .none = value { return nil }
        guard let size = Call.int(value) else { throw Unsupported("size \(value.form)") }
        return size
      }
    default: throw Unsupported("argument \(keyword)")
    }
  }

  /// Real numbers: a list of them, or one; nil where absent or None.
  func optionalDoubles(_ position: Int?, _ keyword: String) throws -> [Double]? {
    guard let value = value(position, keyword) else { return nil }
    if let single = Call.double(value) { return [single] }
    guard case .list(let values) = value else { return nil }
    let numbers = values.compactMap(Call.double)
    guard numbers.count == values.count else { throw Unsupported("argument \(keyword)") }
    return numbers
  }

  /// Lengths: a list, or a tensor of integers.
  func lengths(_ position: Int, _ keyword: String) throws -> [Int] {
    if case .tensor(let tensor)? = value(position, keyword) { return tensor.array(of: Int.self) }
    return try ints(position, keyword)
  }
}
