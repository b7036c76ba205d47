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
        try compare(got, expected, factorized: item.what.hasPrefix("init orthogonal_"))
      }
    }
  }

  /// Whole numbers exactly; floats by at most two units in the last place, which a transcendental
  /// may differ by. Uniform draws have none and come out exact. What went through a factorization
  /// is an operator's result, with its tolerance.
  private func compare(_ got: Tensor, _ expected: Tensor, factorized: Bool) throws {
    if factorized { return try Comparison.check(got, expected, "draw", Tolerance.outputs) }
    guard expected.dtype == .float32 else {
      return try Comparison.check(got, expected, "draw") { _ in Tolerance(relative: 0, absolute: 0)
      }
    }
    let pairs = zip(got.array(of: Float.self), expected.array(of: Float.self))
    for (index, (a, b)) in pairs.enumerated() where abs(a - b) > 2 * b.ulp {
      throw Mismatch("draw \(index): expected \(b), got \(a)")
    }
  }

  private func draw(_ item: Case) throws -> Tensor {
    switch item.what {
    case "rand": return Tensor.rand(item.shape ?? [])
    case "randn": return Tensor.randn(item.shape ?? [])
    case "randperm": return Tensor.randperm(item.n ?? 0)
    case "randint": return Tensor.randint(item.low ?? 0, item.high ?? 0, item.shape ?? [])
    case "two draws: randn[5] then rand[3]: second":
      _ = Tensor.randn([5])
      return Tensor.rand([3])
    case "dropout mask of ones[64]": return F.dropout(Tensor.ones([64]), p: item.p ?? 0.5)
    case "Linear(7,5).weight default init": return Linear(7, 5).weight.value.detach()
    case "Linear(7,5).bias (same layer, after weight)":
      guard let bias = Linear(7, 5).bias else { throw Unsupported("Linear without a bias") }
      return bias.value.detach()
    case "Embedding(11,6).weight default init": return Embedding(11, 6).weight.value.detach()
    case "Conv2d(3,4,3).weight default init":
      return Conv2d(3, 4, 3).weight.value.detach()
    default: return try initialised(item.what)
    }
  }

  /// `init NAME of [sizes]`.
  private func initialised(_ what: String) throws -> Tensor {
    let words = what.split(separator: " ", maxSplits: 3).map(String.init)
    guard words.count == 4, words[0] == "init", words[2] == "of" else { throw Unsupported(what) }
    let shape = try JSONDecoder().decode([Int].self, from: Data(words[3].utf8))
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
    default: throw Unsupported("init \(words[1])")
    }
    return parameter.value.detach()
  }
}
