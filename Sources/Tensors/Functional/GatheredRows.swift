/// Rows that come from several holders, such as the ranks of a group.
extension F {
  /// What brings rows together, and back.
  package struct RowExchange {
    /// The rows of all holders in their order, for this one's.
    package let gather: (Tensor) -> Tensor
    /// This holder's rows of the sum over what all holders hold for all rows.
    package let scatterSum: (Tensor) -> Tensor

    package init(gather: @escaping (Tensor) -> Tensor, scatterSum: @escaping (Tensor) -> Tensor) {
      self.gather = gather
      self.scatterSum = scatterSum
    }
  }

  /// The rows of all holders. The gradient of a holder's rows is the sum of what all of them have for
  /// these rows.
  package static func gatheredRows(_ x: Tensor, _ exchange: RowExchange) -> Tensor {
    Tensor.apply("all_gather", [x]) {
      exchange.gather($0[0])
    } gradient: { g, _ in
      [scatteredRows(g, exchange)]
    }
  }

  /// The sum of all holders' rows, of which each keeps its own.
  private static func scatteredRows(_ x: Tensor, _ exchange: RowExchange) -> Tensor {
    Tensor.apply("reduce_scatter", [x]) {
      exchange.scatterSum($0[0])
    } gradient: { g, _ in
      [gatheredRows(g, exchange)]
    }
  }
}
