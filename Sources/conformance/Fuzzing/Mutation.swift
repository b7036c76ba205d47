import Tensors

/// Changes the arguments of a call at random: shapes, dtypes, layouts, values, and what is there.
struct Mutation {
  /// SplitMix64 (Steele, Lea and Flood 2014).
  private var state: UInt64

  /// The same changes for the same seed, operator and number of call.
  init(seed: UInt64, unit: String, index: Int) {
    // FNV-1a over the name: the standard library's hashes differ from run to run.
    state = unit.utf8.reduce(0xcbf2_9ce4_8422_2325 ^ seed) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    state = state &+ UInt64(index) &* 0xbf58_476d_1ce4_e5b9
  }

  private mutating func next() -> UInt64 {
    state = state &+ 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }

  /// A number from 0 up to a bound.
  mutating func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  private mutating func happens(oneIn chances: Int) -> Bool { below(chances) == 0 }

  private mutating func one<T>(of choices: [T]) -> T { choices[below(choices.count)] }

  /// A case's call with some of its arguments changed.
  mutating func call(_ item: OperatorCase, _ tensors: TensorFile) throws -> Call {
    var positional = try item.args.map { try argument($0, tensors) }
    if happens(oneIn: 20), positional.count > 1 { positional.removeLast() }
    var keywords: [String: Value] = [:]
    for key in item.kwargs.keys.sorted() {
      guard let form = item.kwargs[key], !happens(oneIn: 12) else { continue }
      keywords[key] = try argument(form, tensors)
    }
    return Call(positional, keywords)
  }

  private mutating func argument(_ form: Form, _ tensors: TensorFile) throws -> Value {
    changed(try form.value { key, _ in try tensors.tensor(key) })
  }

  private mutating func changed(_ value: Value) -> Value {
    switch value {
    case .tensor(let tensor): return .tensor(changed(tensor))
    case .list(var values):
      if happens(oneIn: 8), !values.isEmpty { values.remove(at: below(values.count)) }
      if happens(oneIn: 8), let last = values.last { values.append(last) }
      if happens(oneIn: 12) { values.reverse() }
      return .list(values.map { changed($0) })
    case .slice(let start, let stop, let step):
      guard happens(oneIn: 3) else { return value }
      return .slice(bound(start), bound(stop), happens(oneIn: 2) ? step : bound(step))
    default: break
    }
    guard happens(oneIn: 3) else { return value }
    switch value {
    case .int(let number): return .int(whole(near: number))
    case .double: return .double(one(of: [0, -1, 0.5, 3, 1e-30, 1e30, .infinity, .nan]))
    case .bool(let flag): return .bool(!flag)
    case .string: return .string(one(of: ["mean", "sum", "none", "reflect", "zeros", ""]))
    case .dtype: return .dtype(one(of: DType.allCases))
    default: return value
    }
  }

  private mutating func whole(near number: Int) -> Int {
    happens(oneIn: 12)
      ? one(of: [.min, .max, 1 << 32, -1 << 31])
      : one(of: [number + 1, number - 1, -number, 0, 1, -1, 2, 5, 17])
  }

  private mutating func bound(_ number: Int?) -> Int? {
    happens(oneIn: 4) ? nil : whole(near: number ?? 1)
  }

  private mutating func changed(_ tensor: Tensor) -> Tensor {
    var result = happens(oneIn: 3) ? reshaped(tensor) : tensor
    if happens(oneIn: 6) { result = revalued(result) }
    if happens(oneIn: 6) { result = result.to(one(of: DType.allCases)) }
    if happens(oneIn: 4) { result = relaid(result) }
    return result.dtype.isFloatingPoint && happens(oneIn: 2) ? result.requiringGrad() : result
  }

  /// Another shape: a dimension more, less, or of another size.
  private mutating func reshaped(_ tensor: Tensor) -> Tensor {
    var shape = tensor.shape
    switch below(4) {
    case 0: shape.insert(one(of: [0, 1, 2, 3]), at: below(shape.count + 1))
    case 1 where !shape.isEmpty: shape.remove(at: below(shape.count))
    default:
      guard !shape.isEmpty else { return tensor }
      let dim = below(shape.count)
      shape[dim] = one(of: [0, 1, 2, shape[dim] + 1, Swift.max(0, shape[dim] - 1)])
    }
    let count = shape.reduce(1, *)
    guard tensor.count > 0, count <= 1 << 16 else { return .zeros(shape, dtype: tensor.dtype) }
    let positions = Tensor((0..<count).map { Int64($0 % tensor.count) })
    return tensor.flattened().indexSelect(dim: 0, index: positions).reshaped(shape)
  }

  /// The same elements in another order in memory.
  private mutating func relaid(_ tensor: Tensor) -> Tensor {
    guard tensor.rank > 0 else { return tensor }
    if tensor.rank == 1 {
      return Tensor.stack([tensor, tensor], dim: 1).select(dim: 1, index: below(2))
    }
    let (first, second) = (below(tensor.rank), below(tensor.rank))
    return tensor.transposed(first, second).contiguous().transposed(first, second)
  }

  /// Elements that an operator may not expect: indices out of range, NaN, infinities.
  private mutating func revalued(_ tensor: Tensor) -> Tensor {
    guard tensor.count <= 4096 else { return tensor }
    if tensor.dtype.isFloatingPoint {
      let odd: [Double] = [0, -0.0, 1, -3, 1e-40, 1e38, .infinity, -.infinity, .nan]
      let values = (0..<tensor.count).map { _ in one(of: odd) }
      return Tensor(values, shape: tensor.shape, dtype: .float64).to(tensor.dtype)
    }
    let odd: [Int64] = [0, 1, -1, 2, 5, 100, -100, .max, .min]
    let values = (0..<tensor.count).map { _ in one(of: odd) }
    return Tensor(values, shape: tensor.shape).to(tensor.dtype)
  }
}
