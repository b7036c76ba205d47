import Foundation
import Tensors

/// First and second derivatives of every differentiable operator against finite differences in
/// `float64`, at the points that the cases of operators give.
struct DerivativeSuite: Suite {
  let units: [String]
  private let operators: OperatorSuite

  /// PyTorch has no second derivatives of these.
  private static let onceOnly: Set<String> = [
    "cdist", "nn.functional.embedding_bag", "nn.functional.hardsigmoid",
    "nn.functional.multi_margin_loss", "nn.functional.multilabel_margin_loss",
    "nn.functional.pdist",
  ]
  /// These read one triangle of a symmetric matrix: only symmetric changes of it have a derivative.
  private static let symmetric: Set<String> = [
    "linalg.cholesky", "linalg.eigh", "linalg.pinv.hermitian",
  ]
  /// These are asked for one of several slopes where there is no derivative.
  private static let atKinks: Set<String> = ["linalg.norm.subgradients_at_zero"]
  /// Cases of an operator that are checked, and the most elements of their inputs: each costs several
  /// walks.
  private static let casesPerUnit = 4
  private static let mostElements = 240

  init(folder: URL, options: Options) throws {
    operators = try OperatorSuite(folder: folder, options: options)
    units = operators.units
  }

  func checks(of unit: String) throws -> [Check] {
    let (cases, tensors, row) = try operators.contents(of: unit)
    let suitable = try cases.filter { item in
      guard !DerivativeSuite.atKinks.contains(unit), item.dtype == "float32",
        let grads = item.grads, !grads.isEmpty
      else { return false }
      return try grads.keys.reduce(0) { $0 + (try tensors.tensor($1).count) }
        <= DerivativeSuite.mostElements
    }
    // Spread over the file: neighbours are alike.
    let step = max(1, suitable.count / DerivativeSuite.casesPerUnit)
    return stride(from: 0, to: suitable.count, by: step).prefix(DerivativeSuite.casesPerUnit)
      .map { suitable[$0] }.map { item in
        Check(id: "\(item.id)") {
          guard let row else { throw Unsupported("operator \(unit)") }
          try check(
            item, tensors, row, symmetric: DerivativeSuite.symmetric.contains(unit),
            twice: !DerivativeSuite.onceOnly.contains(unit))
        }
      }
  }

  private func check(
    _ item: OperatorCase, _ tensors: TensorFile, _ row: Registry.Row, symmetric: Bool, twice: Bool
  ) throws {
    let keys = (item.grads ?? [:]).keys.sorted()
    let inputs = try keys.map { try tensors.tensor($0).to(.float64) }
    let function: ([Tensor]) -> [Tensor] = { moved in
      // An error of the case's form has shown in the first call, outside the check.
      let moved = symmetric ? moved.map { ($0 + $0.transposed()) / 2 } : moved
      return (try? compute(item, tensors, row, Dictionary(uniqueKeysWithValues: zip(keys, moved))))
        ?? []
    }
    let values = try compute(
      item, tensors, row, Dictionary(uniqueKeysWithValues: zip(keys, inputs)))
    guard values.contains(where: { $0.dtype == .float64 && $0.count > 0 }) else {
      throw Unsupported("results that are not float64")
    }
    let finite = values.allSatisfy { value in
      !value.dtype.isFloatingPoint || value.array(of: Double.self).allSatisfy(\.isFinite)
    }
    guard finite else { throw Unsupported("results that are not finite") }
    do {
      try gradcheck(function, inputs)
    } catch {
      throw Mismatch("first derivatives: \(error)")
    }
    guard twice else { return }
    do {
      try gradgradcheck(function, inputs)
    } catch {
      throw Mismatch("second derivatives: \(error)")
    }
  }

  /// The operator's floating-point results with some of its inputs replaced, the others in `float64`
  /// as well.
  private func compute(
    _ item: OperatorCase, _ tensors: TensorFile, _ row: Registry.Row, _ inputs: [String: Tensor]
  ) throws -> [Tensor] {
    func input(_ key: String, _ requiresGrad: Bool) throws -> Tensor {
      if let input = inputs[key] { return input }
      let tensor = try tensors.tensor(key)
      return tensor.dtype == .float32 ? tensor.to(.float64) : tensor
    }
    func value(_ form: Form) throws -> Value {
      let value = try form.value(input)
      if case .dtype(.float32) = value { return .dtype(.float64) }
      return value
    }
    let call = Call(try item.args.map(value), try item.kwargs.mapValues(value))
    manualSeed(OperatorCheck.seed)
    let results = try row.compute(call).flattened.compactMap { result in
      if case .tensor(let tensor) = result { tensor } else { nil }
    }
    let cotangents = item.cotangents ?? []
    // What PyTorch gave no upstream gradient is not differentiated.
    return results.enumerated().compactMap { index, tensor in
      index < cotangents.count && cotangents[index] == nil ? nil : tensor
    }
  }
}
