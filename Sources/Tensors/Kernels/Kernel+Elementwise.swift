internal import CKernels

/// A kernel that computes each element of its result of the operands' elements at the same place, with its
/// numbers. Operands are of one dtype, but for the condition of ``select``; shapes broadcast.
enum ElementKernel {
  case unary(UnaryKernel, Double = 0, Double = 0)
  case binary(BinaryKernel, Double = 0, Double = 0)
  case ternary(TernaryKernel, Double = 1)
  case compare(CompareKernel)
  case predicate(PredicateKernel)
  /// The second operand where the first holds, else the third.
  case select
  case convert(DType)
}

extension Kernel {
  /// Runs an elementwise kernel.
  static func elementwise(
    _ name: String, _ kernel: ElementKernel, _ inputs: [Tensor]
  ) -> Tensor {
    switch kernel {
    case .unary(let op, let p0, let p1): return unary(name, op, inputs[0], p0, p1)
    case .binary(let op, let p0, let p1): return binary(name, op, inputs[0], inputs[1], p0, p1)
    case .ternary(let op, let p0): return ternary(name, op, inputs[0], inputs[1], inputs[2], p0)
    case .compare(let op): return compare(name, op, inputs[0], inputs[1])
    case .predicate(let op): return predicate(name, op, inputs[0])
    case .select: return select(inputs[0], inputs[1], inputs[2])
    case .convert(let dtype):
      let out = Tensor.uninitialized(like: inputs[0], dtype: dtype)
      copy(inputs[0], into: out)
      return out
    }
  }
}

/// Elementwise operations that one pass over memory computes, with the bits that one after the other gives:
/// results that nobody else reads are never written out.
struct ElementChain {
  /// An operation of the chain. Operands are counted: the chain's inputs first, then its steps' results.
  struct Step {
    let kernel: ElementKernel
    /// The operands' dtype: for ``ElementKernel/select``, that of the values.
    let dtype: DType
    let operands: [Int]
    /// The result's dtype, and whether it is written out.
    let result: DType
    let isKept: Bool
  }

  /// How many inputs and steps a chain may have together.
  static let limit = Int(TORUS_CHAIN_VALUES)

  private let shape: [Int]
  private let inputDTypes: [DType]
  private let steps: [Step]
  private let list: [torus_chain_step]
  private let resultStrides: [Int]

  init(_ shape: [Int], inputs: [DType], _ steps: [Step]) {
    (self.shape, inputDTypes, self.steps) = (shape, inputs, steps)
    list = steps.map(\.chained)
    resultStrides = contiguousStrides(shape)
  }

  /// Whether a chain may hold a kernel: not where it may have to stop at an element, as integers do at a zero.
  static func takes(_ kernel: ElementKernel, of dtype: DType) -> Bool {
    switch kernel {
    case .unary, .binary, .ternary: dtype.isFloatingPoint
    case .compare, .predicate, .select, .convert: true
    }
  }

  /// Computes the steps.
  /// - Returns: The results that are kept, contiguous, in the steps' places.
  func callAsFunction(_ inputs: [Tensor]) -> [Tensor?] {
    let results = steps.map { $0.isKept ? Tensor.uninitialized(shape, $0.result) : nil }
    var strides: [Int] = []
    strides.reserveCapacity(inputs.count * shape.count)
    for input in inputs { strides += input.broadcastStrides(to: shape) }
    let status = withInts(shape, strides, resultStrides) { shape, strides, resultStrides in
      withUnsafeTemporaryAllocation(
        of: torus_chain_value.self, capacity: inputs.count + steps.count
      ) { values in
        for index in values.indices {
          let (data, dtype) =
            index < inputs.count
            ? (inputs[index].pointer, inputDTypes[index])
            : (results[index - inputs.count]?.pointer, steps[index - inputs.count].result)
          values.initializeElement(
            at: index,
            to: torus_chain_value(
              data: data,
              strides: index < inputs.count
                ? strides.map { $0 + index * self.shape.count } : resultStrides,
              dtype: dtype.c))
        }
        return torus_chain(
          Int32(self.shape.count), shape, Int32(inputs.count), Int32(steps.count),
          values.baseAddress, list)
      }
    }
    Kernel.check(status, "compile", inputDTypes[0])
    return results
  }
}

extension ElementChain.Step {
  fileprivate var chained: torus_chain_step {
    var step = torus_chain_step()
    step.dtype = dtype.c
    switch kernel {
    case .unary(let op, let p0, let p1):
      (step.kind, step.op, step.p0, step.p1) = (.unary, op.rawValue, p0, p1)
    case .binary(let op, let p0, let p1):
      (step.kind, step.op, step.p0, step.p1) = (.binary, op.rawValue, p0, p1)
    case .ternary(let op, let p0): (step.kind, step.op, step.p0) = (.ternary, op.rawValue, p0)
    case .compare(let op): (step.kind, step.op) = (.compare, op.rawValue)
    case .predicate(let op): (step.kind, step.op) = (.predicate, op.rawValue)
    case .select: step.kind = .select
    case .convert: step.kind = .convert
    }
    withUnsafeMutableBytes(of: &step.operands) { bytes in
      let places = bytes.bindMemory(to: Int32.self)
      for (index, operand) in operands.enumerated() { places[index] = Int32(operand) }
    }
    return step
  }
}
