import NN
import Optimizers
import Tensors
import Testing

@Suite("Parameters of 16 bits")
struct RoundingTests {
  private func ones(_ count: Int, _ dtype: DType = .bfloat16) -> Parameter {
    Parameter(.ones([count], dtype: dtype))
  }

  private func step(_ optimizer: Optimizer, _ parameters: [Parameter], _ number: Int) {
    for (place, parameter) in parameters.enumerated() {
      let angles = Tensor.arange(parameter.count, dtype: .float32) + Double(number * 3 + place)
      parameter.grad = angles.sin().view(parameter.shape).to(parameter.dtype)
    }
    optimizer.step()
  }

  @Test(
    "small steps are lost by themselves, and add up with rests",
    arguments: [DType.bfloat16, .float16])
  func rests(_ dtype: DType) {
    for rounding in [ParameterRounding.nearest, .kahan] {
      let parameter = ones(3, dtype)
      let optimizer = SGD([parameter], lr: 1e-4)
      optimizer.rounding = rounding
      for _ in 0..<100 {
        parameter.grad = .ones([3], dtype: dtype)
        optimizer.step()
      }
      let rest = optimizer.state(of: parameter)["kahan_comp"]
      var sum = parameter.value.to(.float64)
      if let rest { sum = sum + rest.to(.float64) }
      let expected: Double = rounding == .kahan ? 0.99 : 1
      for value in sum.array(of: Double.self) { #expect(abs(value - expected) < 1e-4) }
      #expect(rest?.dtype == (rounding == .kahan ? dtype : nil))
    }
  }

  @Test("draws go to the two neighbours, with the right mean, and again the same")
  func draws() {
    func moved(seed: UInt64) -> [Double] {
      let parameter = ones(40_000)
      let optimizer = SGD([parameter], lr: 1e-3)
      optimizer.rounding = .stochastic(seed: seed)
      parameter.grad = .ones([40_000], dtype: .bfloat16)
      optimizer.step()
      return parameter.value.array(of: Double.self)
    }
    let values = moved(seed: 1)
    let below: Double = 1 - 1 / 256
    #expect(Set(values) == [1, below])
    // Six standard deviations of the mean: √(¼·¾)/256/200.
    let mean: Double = values.reduce(0, +) / 40_000
    let bound: Double = 6 * 0.44 / 256 / 200
    #expect(abs(mean - 0.999) < bound)
    #expect(values == moved(seed: 1))
    #expect(values != moved(seed: 2))
  }

  @Test(
    "every rule stays near float32's way", arguments: Optimizer.names.filter { $0 != "LBFGS" },
    [ParameterRounding.kahan, .stochastic(seed: 3)])
  func rules(_ name: String, _ rounding: ParameterRounding) throws {
    let exact = Parameter(Tensor.linspace(0.5, 1, steps: 12).view(3, 4).to(.bfloat16).to(.float32))
    let half = Parameter(exact.value.to(.bfloat16))
    let options: OptionValues = ["lr": 1e-3]
    let reference = try #require(Optimizer.named(name, [ParameterGroup([exact])], options: options))
    let optimizer = try #require(Optimizer.named(name, [ParameterGroup([half])], options: options))
    optimizer.rounding = rounding
    for number in 0..<20 {
      // The same gradients, which bfloat16 holds.
      step(optimizer, [half], number)
      exact.grad = half.grad?.to(.float32)
      reference.step()
    }
    var got = half.value.to(.float32)
    if let rest = optimizer.state(of: half)["kahan_comp"] { got = got + rest.to(.float32) }
    // Draws stray by a few gaps of 1/256.
    let bound = rounding == .kahan ? 2e-4 : 8.0 / 256
    let distance: Double = (got - exact.value).abs().max().item()
    #expect(distance <= bound)
  }

  @Test(
    "goes on from saved state bit for bit",
    arguments: [ParameterRounding.kahan, .stochastic(seed: 5)])
  func resume(_ rounding: ParameterRounding) throws {
    let straight = [ones(12), ones(5)]
    let first = AdamW(straight, lr: 1e-3)
    first.rounding = rounding
    for number in 0..<3 { step(first, straight, number) }
    let saved = first.stateDict()
    let resumed = straight.map { Parameter($0.value.detach().clone()) }
    for number in 3..<7 { step(first, straight, number) }
    let second = AdamW(resumed, lr: 1e-3)
    second.rounding = rounding
    try second.load(saved)
    for number in 3..<7 { step(second, resumed, number) }
    for (one, other) in zip(straight, resumed) { #expect(bits(one.value) == bits(other.value)) }
    #expect(first.state(of: straight[0])["exp_avg"]?.dtype == .float32)
  }

  @Test("numbers that are not finite stay what they are")
  func nonfinite() {
    for rounding in [ParameterRounding.kahan, .stochastic(seed: 1)] {
      let parameter = Parameter(Tensor([Float.infinity, -.infinity, .nan, 0, 1]).to(.bfloat16))
      let optimizer = SGD([parameter], lr: 1)
      optimizer.rounding = rounding
      for _ in 0..<2 {
        parameter.grad = Tensor([Float(1), 1, 1, 0, 0]).to(.bfloat16)
        optimizer.step()
      }
      let values = parameter.value.array(of: Double.self)
      #expect(values[0] == .infinity && values[1] == -.infinity && values[2].isNaN)
      #expect(values[3] == 0 && values[4] == 1)
    }
  }

  @Test("float32 is moved as ever")
  func wide() {
    let (one, other) = (ones(6, .float32), ones(6, .float32))
    let (plain, kahan) = (AdamW([one], lr: 1e-3), AdamW([other], lr: 1e-3))
    kahan.rounding = .kahan
    for number in 0..<3 {
      step(plain, [one], number)
      step(kahan, [other], number)
    }
    #expect(bits(one.value) == bits(other.value))
    #expect(kahan.state(of: other)["kahan_comp"] == nil)
  }
}
