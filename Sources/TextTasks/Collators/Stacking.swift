import Tensors

/// Tensors of the records' fields of one name.
enum Stacking {
  /// `[N]` of numbers, `[N, length]` of rows, `[N, rows, length]` of rows of rows.
  /// - Throws: ``CollationError`` where records differ in kind or length.
  static func tensor(_ values: [FeatureValue], _ name: String) throws(CollationError) -> Tensor {
    switch values[0] {
    case .int, .double: return try numbers(values, name)
    case .ints, .doubles: return try rows(values, name)
    case .rows(let first):
      let length = first.first?.count ?? 0
      var flat: [Int] = []
      for value in values {
        guard let rows = value.rows, rows.count == first.count,
          rows.allSatisfy({ $0.count == length })
        else { throw differing(name) }
        for row in rows { flat += row }
      }
      return Tensor(flat, shape: [values.count, first.count, length])
    case .text: throw CollationError("\(name) is a text, of which no tensor can be made")
    }
  }

  private static func numbers(
    _ values: [FeatureValue], _ name: String
  ) throws(CollationError) -> Tensor {
    var (whole, broken): ([Int], [Double]) = ([], [])
    for value in values {
      switch value {
      case .int(let number):
        whole.append(number)
        broken.append(Double(number))
      case .double(let number): broken.append(number)
      default: throw CollationError("\(name) is a number in some records and none in others")
      }
    }
    return whole.count == values.count ? Tensor(whole) : Tensor(broken.map { Float($0) })
  }

  private static func rows(
    _ values: [FeatureValue], _ name: String
  ) throws(CollationError) -> Tensor {
    var (whole, broken): ([Int], [Float]) = ([], [])
    var isWhole = true
    var length: Int?
    for value in values {
      switch value {
      case .ints(let row):
        guard length ?? row.count == row.count else { throw differing(name) }
        length = row.count
        whole += row
        if !isWhole || broken.count > 0 { broken += row.map { Float($0) } }
      case .doubles(let row):
        guard length ?? row.count == row.count else { throw differing(name) }
        length = row.count
        if isWhole { broken = whole.map { Float($0) } }
        isWhole = false
        broken += row.map { Float($0) }
      default: throw CollationError("\(name) is a row in some records and none in others")
      }
    }
    let shape = [values.count, length ?? 0]
    return isWhole ? Tensor(whole, shape: shape) : Tensor(broken, shape: shape)
  }

  private static func differing(_ name: String) -> CollationError {
    CollationError(
      "\(name) has another length in some records, and is not a field that is filled up; leave it out, "
        + "or make its rows equally long")
  }

  /// The values of a field in all records.
  static func values(
    _ features: [TextFeature], _ name: String
  ) throws(CollationError) -> [FeatureValue] {
    var values: [FeatureValue] = []
    for (number, feature) in features.enumerated() {
      guard let value = feature[name] else {
        throw CollationError("record \(number) of the batch has no \(name), and the first one has")
      }
      values.append(value)
    }
    return values
  }
}
