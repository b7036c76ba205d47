import Tensors

/// The operators that the runner knows, each by the name of PyTorch's operator database: its name,
/// or `name.variant` where variants differ.
///
/// A row calls the library's public operator and nothing else.
struct Registry {
  /// How an operator is called and judged.
  struct Row {
    let compute: (Call) throws -> any Returned
    /// For results that are not unique: checks that they give the input back.
    let reconstruct: (([Value], Call) throws -> Void)?
    /// Whether gradients are compared where results are not.
    let comparesGradients: Bool
  }

  private var rows: [String: Row] = [:]

  init() {
    addElementwise()
    addReductions()
    addViews()
    addIndexing()
    addSorting()
    addLinearAlgebra()
    addFunctional()
    addCreation()
    addRandom()
  }

  subscript(name: String) -> Row? { rows[name] }

  /// Adds an operator.
  mutating func row(
    _ names: String..., comparesGradients: Bool = false,
    reconstruct: (([Value], Call) throws -> Void)? = nil,
    _ compute: @escaping (Call) throws -> any Returned
  ) {
    for name in names {
      rows[name] = Row(
        compute: compute, reconstruct: reconstruct, comparesGradients: comparesGradients)
    }
  }

  /// Adds an operator of one tensor.
  mutating func unary(_ names: String..., compute: @escaping (Tensor) -> Tensor) {
    for name in names { row(name) { compute(try $0.tensor(0)) } }
  }

  /// Adds an operator of two tensors: the first may be a number beside the second, and the second
  /// one beside the first where `scalar` is given.
  mutating func binary(
    _ names: String..., tensors: @escaping (Tensor, Tensor) -> Tensor,
    scalar: ((Tensor, Scalar) -> Tensor)? = nil
  ) {
    for name in names {
      row(name) { call in
        let x = try call.left()
        if let scalar, let number = call.value(1, "other").flatMap(Call.scalar) {
          return scalar(x, number)
        }
        return tensors(x, try call.tensor(1, "other"))
      }
    }
  }
}

extension Call {
  /// The first of two operands: a tensor, or a number as it stands beside the second one.
  func left() throws -> Tensor {
    guard let number = value(0).flatMap(Call.scalar) else { return try tensor(0) }
    return number.operand(beside: try tensor(1, "other"))
  }
}

/// What an operator may return.
protocol Returned {
  /// The results in order.
  var flattened: [Value] { get }
}

extension Tensor: Returned {
  var flattened: [Value] { [.tensor(self)] }
}
extension Bool: Returned {
  var flattened: [Value] { [.bool(self)] }
}
extension Int: Returned {
  var flattened: [Value] { [.int(self)] }
}
extension Double: Returned {
  var flattened: [Value] { [.double(self)] }
}
extension Array: Returned where Element: Returned {
  var flattened: [Value] { flatMap(\.flattened) }
}

/// A pair of results, as an operator returns it, in a row.
func results(_ pair: (Tensor, Tensor)) -> [Tensor] { [pair.0, pair.1] }

/// Three results, as an operator returns them, in a row.
func results(_ triple: (Tensor, Tensor, Tensor)) -> [Tensor] { [triple.0, triple.1, triple.2] }
