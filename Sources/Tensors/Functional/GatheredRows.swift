/// What brings the rows of several holders together, such as the ranks of a group, and back.
package protocol RowExchange {
  /// The rows of all holders in their order, for this one's.
  func gather(_ rows: Tensor) -> Tensor
  /// This holder's rows of the sum over what all holders hold for all rows.
  func scatterSum(_ rows: Tensor) -> Tensor
}

extension F {
  /// The rows of all holders. The gradient of a holder's rows is the sum of what all of them have for
  /// these rows.
  package static func gatheredRows(_ x: Tensor, _ exchange: any RowExchange) -> Tensor {
    Tensor.record(RowGathering(exchange: exchange), [x])
  }
}

/// The rows of all holders.
private struct RowGathering: TensorOperation {
  let exchange: any RowExchange
  var name: String { "all_gather" }
  var attributes: [String: Attribute] { [:] }
  func forward(_ inputs: [Tensor]) -> Tensor { exchange.gather(inputs[0]) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [Tensor.record(RowScattering(exchange: exchange), [g])]
  }
}

/// The sum of all holders' rows, of which each keeps its own.
private struct RowScattering: TensorOperation {
  let exchange: any RowExchange
  var name: String { "reduce_scatter" }
  var attributes: [String: Attribute] { [:] }
  func forward(_ inputs: [Tensor]) -> Tensor { exchange.scatterSum(inputs[0]) }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    [Tensor.record(RowGathering(exchange: exchange), [g])]
  }
}
