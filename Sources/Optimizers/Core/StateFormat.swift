import NN
import Settings
import Tensors

/// In how many bits an optimizer keeps what it remembers of each number.
///
/// Adam's two averages take twice the memory of float32 parameters. In 8 bits they take half of it, and the
/// rule computes in float32 still: it works on a part of a parameter at a time, whose state is read, changed and
/// written back.
///
/// ```swift
/// let optimizer = AdamW(model.parameters(), lr: 1e-4)
/// optimizer.stateFormat = .int8
/// ```
///
/// This covers averages and sums of gradients (`exp_avg`, `momentum_buffer`, `grad_avg`) and of their squares
/// (`exp_avg_sq`, `max_exp_avg_sq`, `square_avg`, `acc_delta`, `sum`, `exp_inf`) with 4,096 numbers or more, for
/// parameters of 32 bits or fewer. A step changes squares by less than 8 or 16 bits can show, so they are rounded up
/// or down at random, and many small changes add up. A draw depends only on the parameter's position, the step and
/// the number's index, and is the same on all ranks.
public enum StateFormat: String, ConfigurationChoice {
  /// The parameter's dtype, or float32 where ``Optimizer/rounding`` asks for it.
  case full
  /// bfloat16: half of float32.
  case bfloat16
  /// Blocks of 256 numbers share a scale, the power of two above the largest, and each takes 8 bits: 65/256 of
  /// float32. Steps of the scale grow with the number, over seven tenths; squares are kept as their roots.
  ///
  /// Dettmers et al., 8-bit Optimizers via Block-wise Quantization, 2021, where the scale is the largest number
  /// itself, so that all numbers are rounded anew whenever that changes, and squares are kept as they are, so
  /// that small ones are taken for 0.
  case int8

  /// The memory as a part of float32's, at least.
  package var share: Double {
    switch self {
    case .full: 1
    case .bfloat16: 0.5
    case .int8: 0.25
    }
  }

  /// The fewest numbers that are kept in fewer bits.
  static let least = 4096
  /// Averages and sums of gradients.
  private static let linear: Set<String> = ["exp_avg", "momentum_buffer", "grad_avg"]
  /// Numbers that are never negative.
  private static let squares: Set<String> = [
    "exp_avg_sq", "max_exp_avg_sq", "square_avg", "acc_delta", "sum", "exp_inf",
  ]
  /// A largest number so far: draws would lift it time and again.
  private static let largest: Set<String> = ["max_exp_avg_sq", "exp_inf"]

  /// The numbers of a parameter that are worked on at a time, a whole number of blocks.
  private static let part = 1 << 18

  /// An entry of a parameter's state in this format, zeros; nil where it is kept as it is.
  func compacted(_ name: String, shape: [Int], _ dtype: DType) -> CompactTensor? {
    guard self != .full, shape.reduce(1, *) >= Self.least,
      [.float32, .bfloat16, .float16].contains(dtype),
      Self.linear.contains(name) || Self.squares.contains(name)
    else { return nil }
    return CompactTensor(
      self, shape: shape, dtype: dtype, isSquare: Self.squares.contains(name),
      isDrawn: Self.squares.contains(name) && !Self.largest.contains(name))
  }

  /// Moves a parameter by a rule, with state in this format.
  /// - Parameters:
  ///   - unit: What the rule looks at together.
  ///   - position: The parameter's number among all of the optimizer.
  ///   - first: The index of its first number, where it is a part of one.
  func step(
    _ parameter: Parameter, _ gradient: Tensor, _ state: ParameterState, unit: UpdateUnit,
    position: Int, first: Int, by rule: (Parameter, Tensor, ParameterState) -> Void
  ) {
    state.convert(to: self)
    guard self != .full, parameter.count >= Self.least else {
      return rule(parameter, gradient, state)
    }
    let count = parameter.count
    let isCut = unit == .element && count > Self.part && parameter.value.isContiguous
    // Of what is there now: an entry's first numbers are the rule's, for every part.
    let (entries, values) = (state.entries.map(\.name), state.values)
    for start in stride(from: 0, to: count, by: isCut ? Self.part : count) {
      let range = isCut ? start..<min(start + Self.part, count) : nil
      let working = ParameterState()
      for (name, value) in values { working[value: name] = value }
      for entry in state.entries where entries.contains(entry.name) {
        working[entry.name] = entry.content.part(range, of: count)
      }
      rule(Self.part(of: parameter, range), Self.part(of: gradient, range), working)
      for (place, entry) in working.entries.enumerated() {
        let step = working[value: "step"]?.int
        let draws = step.map {
          Kernel.CompactRounding.draws(
            key: Generator.key(UInt64(truncatingIfNeeded: $0), position, place),
            first: first + start)
        }
        state.keep(
          entry.name, entry.content.tensor, range, shape: parameter.shape, self,
          draws: draws ?? .nearest)
      }
      if start + (range?.count ?? count) == count {
        for (name, value) in working.values { state[value: name] = value }
      }
    }
  }

  private static func part(of parameter: Parameter, _ range: Range<Int>?) -> Parameter {
    range == nil ? parameter : Parameter(part(of: parameter.value.detach(), range))
  }

  private static func part(of tensor: Tensor, _ range: Range<Int>?) -> Tensor {
    guard let range else { return tensor }
    return tensor.reshaped([tensor.count]).sliced(from: range.lowerBound, to: range.upperBound)
  }
}

/// A tensor of an optimizer's state in fewer bits.
struct CompactTensor {
  let format: StateFormat
  let shape: [Int]
  /// What it is read as.
  let dtype: DType
  let isSquare: Bool
  /// Whether numbers go to a neighbour by a draw.
  let isDrawn: Bool
  private let codes: Tensor
  private let scales: Tensor?

  /// Zeros.
  init(_ format: StateFormat, shape: [Int], dtype: DType, isSquare: Bool, isDrawn: Bool) {
    (self.format, self.shape, self.dtype) = (format, shape, dtype)
    (self.isSquare, self.isDrawn) = (isSquare, isDrawn)
    let count = shape.reduce(1, *)
    let isByte = format == .int8
    codes = .zeros([count], dtype: isByte ? .uint8 : .bfloat16)
    scales = isByte ? .zeros([(count + Kernel.compactBlock - 1) / Kernel.compactBlock]) : nil
  }

  var count: Int { codes.count }

  var byteCount: Int { codes.count * codes.dtype.size + (scales?.count ?? 0) * 4 }

  /// Numbers of a range, which begins at a block's border.
  func read(_ range: Range<Int>) -> Tensor {
    let numbers = Tensor.uninitialized([range.count], .float32)
    if let scales {
      Kernel.expand(
        codes: codes, scales: scales, from: range.lowerBound, squares: isSquare, into: numbers)
    } else {
      Kernel.expand(halves: codes, from: range.lowerBound, into: numbers)
    }
    return numbers.to(dtype)
  }

  /// All numbers.
  func read() -> Tensor { read(0..<count).reshaped(shape) }

  /// Replaces the numbers from a block's border on.
  func write(_ numbers: Tensor, from start: Int, _ rounding: Kernel.CompactRounding) {
    let numbers = numbers.to(.float32).contiguous()
    if let scales {
      Kernel.compact(
        numbers, codes: codes, scales: scales, from: start, squares: isSquare, rounding)
    } else {
      Kernel.compact(numbers, halves: codes, from: start, rounding)
    }
  }
}
