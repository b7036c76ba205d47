import Tensors

/// A tensor that is not there yet: what layers are called on to make a ``FunctionalModel``, as in Keras'
/// functional interface.
///
/// Shapes are found by running each layer on zeros, so that what does not fit stops where it is written.
public class SymbolicTensor {
  /// How it will be computed.
  enum Source {
    case input
    case step(Step)
  }

  /// A computation of some tensors.
  struct Step {
    let name: String?
    let module: Module?
    let operands: [SymbolicTensor]
    let compute: ([Tensor]) -> Tensor
  }

  /// What is known of one run on zeros.
  struct Probe {
    let shape: [Int]
    let dtype: DType
  }

  let source: Source
  /// Runs at two sizes of all that varies, which tell what varies.
  let probes: [Probe]

  init(_ source: Source, _ probes: [Probe]) { (self.source, self.probes) = (source, probes) }

  /// The sizes, nil for those that vary: the number of records, and what an ``Input`` leaves open.
  public var shape: [Int?] {
    zip(probes[0].shape, probes[1].shape).map { $0 == $1 ? $0 : nil }
  }

  /// The elements' type.
  public var dtype: DType { probes[0].dtype }

  /// What a computation makes of symbolic tensors.
  static func made(
    by module: Module?, _ name: String?, _ operands: [SymbolicTensor],
    _ compute: @escaping ([Tensor]) -> Tensor
  ) -> SymbolicTensor {
    let modes = module?.modules().map { ($0, $0.isTraining) } ?? []
    module?.eval()
    defer { for (module, isTraining) in modes { module.setMode(isTraining) } }
    let probes = (0..<2).map { run -> Probe in
      let result = noGrad {
        compute(
          operands.map { .zeros($0.probes[run].shape, dtype: $0.probes[run].dtype) })
      }
      return Probe(shape: result.shape, dtype: result.dtype)
    }
    return SymbolicTensor(
      .step(Step(name: name, module: module, operands: operands, compute: compute)), probes)
  }

  /// A function of this tensor: `x.map { $0.relu() }`.
  public func map(_ function: @escaping (Tensor) -> Tensor) -> SymbolicTensor {
    .made(by: nil, nil, [self]) { function($0[0]) }
  }

  /// A function of several tensors.
  public static func combined(
    _ tensors: [SymbolicTensor], _ function: @escaping ([Tensor]) -> Tensor
  ) -> SymbolicTensor {
    .made(by: nil, nil, tensors, function)
  }

  /// Tensors one after the other along a dimension (Keras' `Concatenate`).
  public static func cat(_ tensors: [SymbolicTensor], dim: Int = -1) -> SymbolicTensor {
    combined(tensors) { Tensor.cat($0, dim: dim) }
  }

  /// The sum of two tensors.
  public static func + (a: SymbolicTensor, b: SymbolicTensor) -> SymbolicTensor {
    combined([a, b]) { $0[0] + $0[1] }
  }

  /// The difference of two tensors.
  public static func - (a: SymbolicTensor, b: SymbolicTensor) -> SymbolicTensor {
    combined([a, b]) { $0[0] - $0[1] }
  }

  /// The product of two tensors.
  public static func * (a: SymbolicTensor, b: SymbolicTensor) -> SymbolicTensor {
    combined([a, b]) { $0[0] * $0[1] }
  }

  /// The tensor times a number.
  public static func * (a: SymbolicTensor, b: Double) -> SymbolicTensor { a.map { $0 * b } }
}

/// What a ``FunctionalModel`` will be given (Keras' `Input`): `Input(784)`, `Input(3, 32, 32)`,
/// `Input(nil, dtype: .int64)` for sequences of any length.
public final class Input: SymbolicTensor {
  /// A place for tensors of `[records] + shape`.
  /// - Parameters:
  ///   - shape: The sizes but for the number of records; nil for one that varies.
  ///   - dtype: The elements' type.
  public init(_ shape: [Int?], dtype: DType = .float32) {
    super.init(
      .input,
      [(1, 16), (2, 24)].map { batch, open in
        Probe(shape: [batch] + shape.map { $0 ?? open }, dtype: dtype)
      })
  }

  /// A place for tensors of `[records, …]`.
  public convenience init(_ shape: Int?..., dtype: DType = .float32) {
    self.init(shape, dtype: dtype)
  }
}

extension Layer {
  /// The layer's output for a tensor that is not there yet. A layer that is called more than once is
  /// shared.
  /// - Parameters:
  ///   - x: The layer's input.
  ///   - name: What the layer is called in the model; by default after its type.
  public func callAsFunction(_ x: SymbolicTensor, named name: String? = nil) -> SymbolicTensor {
    .made(by: self, name, [x]) { [self] in self($0[0]) }
  }
}

extension PairLayer {
  /// The module's output for two tensors that are not there yet.
  /// - Parameters:
  ///   - a: The first input.
  ///   - b: The second input.
  ///   - name: What the module is called in the model; by default after its type.
  public func callAsFunction(
    _ a: SymbolicTensor, _ b: SymbolicTensor, named name: String? = nil
  ) -> SymbolicTensor {
    .made(by: self, name, [a, b]) { [self] in self($0[0], $0[1]) }
  }
}

extension SymbolicTensor {
  /// What a module of another signature makes of this tensor: `x.through(lstm) { $0($1).output }`.
  public func through<Part: Module>(
    _ module: Part, named name: String? = nil, _ pass: @escaping (Part, Tensor) -> Tensor
  ) -> SymbolicTensor {
    .made(by: module, name, [self]) { pass(module, $0[0]) }
  }
}
