import Foundation
import NN
import Tensors

/// Draws of the generator by seed: `random.json` beside `random.safetensors`.
struct RandomSuite: Suite {
  private struct File: Decodable {
    let cases: [Case]
  }

  private struct Case: Decodable {
    let what: String
    let seed: UInt64
    let tensor: String
    let shape: [Int]?
    let n: Int?
    let low: Int?
    let high: Int?
    let p: Double?
    let dtype: String?
  }

  private let cases: Grouped<Case>
  private let tensors: TensorFile

  init(path: URL, options: Options) throws {
    let url = path.file("random.json")
    let file = try JSONDecoder().decode(File.self, from: url.unpacked())
    cases = Grouped(file.cases) { $0.what }
    tensors = try TensorFile(url.deletingPathExtension().appendingPathExtension("safetensors"))
  }

  var units: [String] { cases.units }

  func checks(of unit: String) throws -> [Check] {
    cases[unit].map { item in
      Check(id: "\(item.tensor) seed \(item.seed)") {
        manualSeed(item.seed)
        let got = try draw(item)
        let expected = try tensors.tensor(item.tensor)
        try Comparison.checkShape(got, expected, item.what)
        try compare(item, got, expected)
      }
    }
  }

  /// Floats by at most two units in the last place, which a transcendental may differ by (uniform
  /// draws have none and come out exact), and where a factorization follows by `float32` outputs'
  /// tolerance; all else exactly.
  private func compare(_ item: Case, _ got: Tensor, _ expected: Tensor) throws {
    let fraction: Int
    switch expected.dtype {
    case .float32: fraction = 23
    case .float64: fraction = 52
    case .bfloat16: fraction = 7
    case .float16: fraction = 10
    default:
      return try Comparison.check(got, expected, "draw") { _ in Tolerance(relative: 0, absolute: 0)
      }
    }
    if item.what.hasPrefix("init orthogonal_") {
      return try Comparison.check(got, expected, "draw", Tolerance.outputs)
    }
    let pairs = zip(got.array(of: Double.self), expected.array(of: Double.self))
    for (index, (a, b)) in pairs.enumerated() where a != b {
      let unit = scalbn(1, Swift.max(Int(b.exponent), -1022) - fraction)
      if abs(a - b) <= 2 * unit { continue }
      throw Mismatch("draw \(index): expected \(b), got \(a)")
    }
  }

  private func draw(_ item: Case) throws -> Tensor {
    let words = item.what.split(separator: " ").map(String.init)
    let dtype = try item.dtype.map { name in
      guard let dtype = DType(named: name) else {
        throw Unsupported("dtype \(name)")
      }
      return dtype
    }
    let (shape, p, float) = (item.shape ?? [], item.p ?? 0.5, dtype ?? .float32)
    switch words[0] {
    case "rand": return Tensor.rand(shape, dtype: float)
    case "randn": return Tensor.randn(shape, dtype: float)
    case "randperm": return Tensor.randperm(item.n ?? 0, dtype: dtype ?? .int64)
    case "randint":
      return Tensor.randint(item.low ?? 0, item.high ?? 0, shape, dtype: dtype ?? .int64)
    case "bernoulli": return Tensor.bernoulli(shape, p: p, dtype: float)
    case "exponential": return Tensor.exponential(shape, rate: p, dtype: float)
    case "multinomial":
      let weights = Tensor.arange(1, (item.n ?? 0) + 1, dtype: float)
      return weights.multinomial(item.high ?? 1, replacement: words.contains("replaced"))
    case "two": return try second(of: words)
    case "dropout": return F.dropout(Tensor.ones([try size(words[3])], dtype: float), p: p)
    case "init": return try initialised(words)
    default: return try parameter(words[0])
    }
  }

  /// `two draws: NAME[m] then NAME[n]: second`.
  private func second(of words: [String]) throws -> Tensor {
    func draw(_ word: String) throws -> Tensor {
      let shape = [try size(word)]
      return word.hasPrefix("randn") ? Tensor.randn(shape) : Tensor.rand(shape)
    }
    _ = try draw(words[2])
    return try draw(words[4])
  }

  /// n of `NAME[n]`.
  private func size(_ word: String) throws -> Int {
    guard let size = Int(word.filter(\.isNumber)) else { throw Unsupported(word) }
    return size
  }

  /// `LAYER(sizes).PARAMETER`: what a new layer's parameter starts as.
  private func parameter(_ word: String) throws -> Tensor {
    let parts = word.replacingOccurrences(of: ").", with: "(")
      .split(separator: "(").map(String.init)
    guard parts.count == 3 else { throw Unsupported(word) }
    let sizes = parts[1].split(separator: ",").compactMap { Int($0) }
    let layer: Module
    switch (parts[0], sizes.count) {
    case ("Linear", 2): layer = Linear(sizes[0], sizes[1])
    case ("Bilinear", 3): layer = Bilinear(sizes[0], sizes[1], sizes[2])
    case ("Embedding", 2): layer = Embedding(sizes[0], sizes[1])
    case ("Conv1d", 3): layer = Conv1d(sizes[0], sizes[1], sizes[2])
    case ("Conv2d", 3): layer = Conv2d(sizes[0], sizes[1], sizes[2])
    case ("Conv3d", 3): layer = Conv3d(sizes[0], sizes[1], sizes[2])
    case ("ConvTranspose2d", 3): layer = ConvTranspose2d(sizes[0], sizes[1], sizes[2])
    case ("LSTM", 2): layer = LSTM(sizes[0], sizes[1])
    case ("GRU", 2): layer = GRU(sizes[0], sizes[1])
    case ("MultiheadAttention", 2): layer = MultiheadAttention(sizes[0], sizes[1])
    default: throw Unsupported("\(parts[0])(\(parts[1]))")
    }
    guard let found = layer.namedParameters().first(where: { $0.name == parts[2] }) else {
      throw Unsupported("\(parts[0]) without a \(parts[2])")
    }
    return found.parameter.value.detach()
  }

  /// `init NAME of [sizes]`.
  private func initialised(_ words: [String]) throws -> Tensor {
    guard words.count > 3, words[2] == "of" else {
      throw Unsupported(words.joined(separator: " "))
    }
    let shape = try JSONDecoder().decode(
      [Int].self, from: Data(words[3...].joined(separator: " ").utf8))
    let parameter = Parameter(Tensor.empty(shape))
    switch words[1] {
    case "xavier_uniform_": Init.xavierUniform(parameter)
    case "xavier_normal_": Init.xavierNormal(parameter)
    case "kaiming_uniform_": Init.kaimingUniform(parameter)
    case "kaiming_normal_": Init.kaimingNormal(parameter)
    case "uniform_": Init.uniform(parameter)
    case "normal_": Init.normal(parameter)
    case "orthogonal_": Init.orthogonal(parameter)
    case "trunc_normal_": Init.truncatedNormal(parameter)
    case "sparse_": Init.sparse(parameter, sparsity: 0.3)
    case "eye_": Init.identity(parameter)
    case "dirac_": Init.dirac(parameter)
    default: throw Unsupported("init \(words[1])")
    }
    return parameter.value.detach()
  }
}
