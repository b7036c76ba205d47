import NN
import Optimizers
import Tensors
import Testing

@Suite("State in fewer bits")
struct StateFormatTests {
  private static let formats: [StateFormat] = [.bfloat16, .int8]

  private func parameter(_ shape: [Int], _ seed: UInt64 = 7) -> Parameter {
    Parameter(.randn(shape, generator: Generator(seed: seed)))
  }

  /// Gradients whose sizes lie two tenths apart at most, the same for the same number.
  private func push(_ parameters: [Parameter], _ number: Int) {
    for (place, parameter) in parameters.enumerated() {
      let generator = Generator(seed: UInt64(100 * number + place))
      let noise = Tensor.randn(parameter.shape, generator: generator)
      let sizes = Tensor.rand(parameter.shape, generator: Generator(seed: UInt64(place)))
      parameter.grad = noise * Tensor(10.0).pow(sizes * -2)
    }
  }

  @Test("takes the memory that it says")
  func memory() {
    for (format, bytes) in [(StateFormat.full, 4.0), (.bfloat16, 2), (.int8, 1 + 4.0 / 256)] {
      let parameters = [parameter([128, 128]), parameter([100])]
      let optimizer = AdamW(parameters, lr: 1e-3)
      optimizer.stateFormat = format
      push(parameters, 1)
      optimizer.step()
      #expect(optimizer.stateByteCount == 2 * (Int(16_384 * bytes) + 400))
      // What is read is float32, as without it.
      #expect(optimizer.state(of: parameters[0])["exp_avg"]?.dtype == .float32)
    }
  }

  @Test(
    "every rule stays near float32's way", arguments: Optimizer.names.filter { $0 != "LBFGS" },
    formats)
  func rules(_ name: String, _ format: StateFormat) throws {
    let exact = parameter([80, 80])
    let compact = Parameter(exact.value.detach().clone())
    let before = exact.value.detach().clone()
    let options: OptionValues = ["lr": 1e-2]
    let reference = try #require(
      Optimizer.named(name, [ParameterGroup([exact])], options: options))
    let optimizer = try #require(
      Optimizer.named(name, [ParameterGroup([compact])], options: options))
    optimizer.stateFormat = format
    for number in 0..<30 {
      push([exact], number)
      compact.grad = exact.grad
      reference.step()
      optimizer.step()
    }
    let way: Double = (exact.value - before).norm().item()
    let distance: Double = (compact.value - exact.value).norm().item()
    #expect(distance <= (format == .int8 ? 0.08 : 0.02) * way, "\(distance / way)")
  }

  @Test("small changes of squares add up", arguments: formats)
  func decay(_ format: StateFormat) throws {
    let one = parameter([64, 64])
    let optimizer = AdamW([one], lr: 1e-6)
    optimizer.stateFormat = format
    one.grad = .ones([64, 64])
    optimizer.step()
    // Without gradients squares fall by 1/1000 a step, beside one in each block that grows.
    var mask = Tensor.zeros([4096])
    for block in 0..<16 { mask[block * 256] = 1 }
    for _ in 0..<400 {
      one.grad = mask.view(64, 64)
      optimizer.step()
    }
    let squares = try #require(optimizer.state(of: one)["exp_avg_sq"]).flattened()
    var resting: Double = 0
    for block in 0..<16 {
      resting += squares.sliced(from: block * 256 + 1, to: block * 256 + 256).mean().item() / 16
    }
    let expected: Double = 1e-3 * 0.6702
    #expect(abs(resting / expected - 1) < 0.02, "\(resting / expected)")
  }

  @Test("a large parameter moves in parts as if it were one", arguments: formats)
  func parts(_ format: StateFormat) throws {
    // 300,000 numbers in one piece, and the same in two parameters.
    let whole = parameter([300_000])
    let flat = whole.value.detach().clone()
    let start = Parameter(flat.sliced(from: 0, to: 262_144).clone())
    let end = Parameter(flat.sliced(from: 262_144, to: 300_000).clone())
    let (one, two) = (Adagrad([whole], lr: 1e-2), SGD([start, end], lr: 1e-2, momentum: 0.9))
    let three = SGD([parameter([300_000])], lr: 1e-2, momentum: 0.9)
    for optimizer in [one, two, three] as [Optimizer] { optimizer.stateFormat = format }
    for number in 0..<3 {
      push([whole], number)
      let gradient = try #require(whole.grad)
      three.parameters[0].grad = gradient
      start.grad = gradient.sliced(from: 0, to: 262_144)
      end.grad = gradient.sliced(from: 262_144, to: 300_000)
      for optimizer in [one, two, three] as [Optimizer] { optimizer.step() }
    }
    #expect(one.state(of: whole)[value: "step"]?.int == 3)
    // Momenta go to the nearest number, whatever the parameter's position.
    #expect(bits(three.parameters[0].value) == bits(.cat([start.value, end.value])))
  }

  @Test("an initial value of the rule is that of every part", arguments: formats)
  func initial(_ format: StateFormat) throws {
    let one = parameter([300_000])
    let optimizer = Adagrad([one], lr: 1e-2, initialAccumulatorValue: 0.25)
    optimizer.stateFormat = format
    one.grad = .zeros([300_000])
    optimizer.step()
    let sums = try #require(optimizer.state(of: one)["sum"])
    #expect(((sums - 0.25).abs().max().item() as Double) < 1e-3)
    let steps = Rprop([one], lr: 0.125)
    steps.stateFormat = format
    steps.step()
    let sizes = try #require(steps.state(of: one)["step_size"])
    #expect((sizes.min().item() as Double) == 0.125 && (sizes.max().item() as Double) == 0.125)
  }

  @Test("goes on from saved state bit for bit, and from any other format", arguments: formats)
  func resume(_ format: StateFormat) throws {
    let straight = [parameter([64, 100]), parameter([12])]
    let first = AdamW(straight, lr: 1e-3, amsgrad: true)
    first.stateFormat = format
    for number in 0..<3 {
      push(straight, number)
      first.step()
    }
    let saved = first.stateDict()
    let resumed = straight.map { Parameter($0.value.detach().clone()) }
    let plain = straight.map { Parameter($0.value.detach().clone()) }
    let (second, other) = (
      AdamW(resumed, lr: 1e-3, amsgrad: true), AdamW(plain, lr: 1e-3, amsgrad: true)
    )
    second.stateFormat = format
    try second.load(saved)
    try other.load(saved)
    for number in 3..<7 {
      for parameters in [straight, resumed, plain] { push(parameters, number) }
      for optimizer in [first, second, other] { optimizer.step() }
    }
    for (one, again) in zip(straight, resumed) { #expect(bits(one.value) == bits(again.value)) }
    #expect(((plain[0].value - straight[0].value).abs().max().item() as Double) < 1e-3)
  }

  @Test("what is kept in one format goes into another that is chosen later")
  func change() throws {
    let one = parameter([64, 64])
    let optimizer = SGD([one], lr: 1, momentum: 0.5)
    for (format, bytes) in [(StateFormat.int8, 65 * 64), (.bfloat16, 2 * 4096), (.full, 4 * 4096)] {
      optimizer.stateFormat = format
      let before = one.value.detach().clone()
      one.grad = .ones([64, 64])
      optimizer.step()
      optimizer.step()
      #expect(optimizer.stateByteCount == bytes)
      // The momentum grows with every step: 1, 1.5, 1.75 and so on.
      let way: Double = (before - one.value).mean().item()
      let expected = [StateFormat.int8: 2.5, .bfloat16: 3.625][format] ?? 3.90625
      #expect(abs(way - expected) < 0.02, "\(format): \(way)")
    }
  }

  @Test("a loaded number of steps below 0 does no harm", arguments: formats)
  func negative(_ format: StateFormat) {
    let one = parameter([64, 64])
    let optimizer = Adagrad([one], lr: 1e-2)
    optimizer.stateFormat = format
    optimizer.state(of: one)[value: "step"] = -5
    push([one], 1)
    optimizer.step()
    #expect(optimizer.state(of: one)[value: "step"]?.int == -4)
  }

  @Test("numbers that are not finite are not taken for others", arguments: formats)
  func nonfinite(_ format: StateFormat) throws {
    let one = parameter([5000])
    let optimizer = Adam([one], lr: 1e-3)
    optimizer.stateFormat = format
    var gradient = Tensor.ones([5000])
    gradient[700] = Tensor(Float.nan)
    gradient[4000] = Tensor(Float.infinity)
    one.grad = gradient
    optimizer.step()
    optimizer.step()
    let isFinite = one.value.isFinite()
    #expect(!(isFinite[700].item() as Bool) && !(isFinite[4000].item() as Bool))
    // A block of 8 bits shares the fate of its numbers; others do not.
    #expect(isFinite.sliced(from: 0, to: 512).all().item() as Bool)
  }

  @Test("works beside rests of 16-bit parameters")
  func rests() throws {
    let exact = parameter([100, 100])
    let half = Parameter(exact.value.to(.bfloat16))
    let optimizer = AdamW([half], lr: 1e-4)
    optimizer.rounding = .kahan
    optimizer.stateFormat = .int8
    for number in 0..<3 {
      push([exact], number)
      half.grad = exact.grad?.to(.bfloat16)
      optimizer.step()
    }
    let state = optimizer.state(of: half)
    #expect(state["exp_avg"]?.dtype == .float32 && state["kahan_comp"]?.dtype == .bfloat16)
    #expect(optimizer.stateByteCount < 10_000 * 5)
  }
}
