import Collectives
import DataParallel
import NN
import Optimizers
import Tensors
import Testing

/// State in fewer bits that is shared out.
@Suite("Sharded state in fewer bits")
struct ShardedStateFormatTests {
  private static func model() -> Linear {
    let model = Linear(200, 128)
    for parameter in model.parameters() {
      parameter.assign(.rand(parameter.shape, generator: Generator(seed: 5)) / 10)
    }
    return model
  }

  private static func step(_ model: Linear, _ optimizer: Optimizer, _ number: Int) {
    let generator = Generator(seed: UInt64(number))
    for parameter in model.parameters() {
      parameter.grad = .randn(parameter.shape, generator: generator)
    }
    optimizer.step()
    optimizer.zeroGrad()
  }

  private static func optimizer(_ model: Linear, _ format: StateFormat) -> AdamW {
    let optimizer = AdamW(model.parameters(), lr: 1e-2)
    optimizer.stateFormat = format
    return optimizer
  }

  private static func numbers(_ tensor: Tensor) -> [Float] { tensor.array(of: Float.self) }

  /// What an optimizer by itself makes of the weights, in a format.
  private static func alone(_ format: StateFormat, steps: Int) -> [Float] {
    let model = model()
    let optimizer = optimizer(model, format)
    for number in 0..<steps { step(model, optimizer, number) }
    return numbers(model.weight.value)
  }

  /// The weights after steps on ranks, and each rank's bytes of state.
  private static func sharded(
    _ ranks: Int, _ format: StateFormat, steps: Int
  ) throws -> [(weight: [Float], bytes: Int)] {
    try onRanks(ranks) { group in
      let model = model()
      let optimizer = try ShardedOptimizer(optimizer(model, format), group: group)
      for number in 0..<steps { step(model, optimizer, number) }
      return (numbers(model.weight.value), optimizer.stateByteCount)
    }
  }

  private static func distance(_ one: [Float], _ other: [Float]) -> Float {
    zip(one, other).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
  }

  @Test("bfloat16 has the bits of the optimizer by itself", arguments: [1, 2, 3])
  func bfloat16(ranks: Int) throws {
    let whole = Self.alone(.bfloat16, steps: 5)
    for (weight, bytes) in try Self.sharded(ranks, .bfloat16, steps: 5) {
      #expect(weight == whole)
      #expect(bytes <= (25_600 * 2 + 128 * 4) * 2 / ranks + 1024)
    }
  }

  @Test("8 bits stay near it, on as little memory", arguments: [1, 2, 3])
  func int8(ranks: Int) throws {
    let whole = Self.alone(.full, steps: 5)
    let way = Self.distance(whole, Self.numbers(Self.model().weight.value))
    for (weight, bytes) in try Self.sharded(ranks, .int8, steps: 5) {
      #expect(Self.distance(weight, whole) < 0.05 * way)
      #expect(bytes <= 25_600 * 2 * 65 / 64 / ranks + 2048)
    }
  }

  @Test(
    "takes over the state of an optimizer by itself, and gives it back",
    arguments: [StateFormat.bfloat16, .int8])
  func resume(format: StateFormat) throws {
    let whole = Self.alone(format, steps: 6)
    let way = Self.distance(whole, Self.numbers(Self.model().weight.value))
    for (weight, isAlike) in try onRanks(
      3,
      { group in
        let model = Self.model()
        let first = Self.optimizer(model, format)
        for number in 0..<3 { Self.step(model, first, number) }
        let second = try ShardedOptimizer(Self.optimizer(model, format), group: group)
        try second.load(first.stateDict())
        for number in 3..<5 { Self.step(model, second, number) }
        // As much as the optimizer by itself remembers after as many steps.
        let state = try second.consolidated(to: 1)
        Self.step(model, second, 5)
        let sharded = Self.numbers(model.weight.value)
        guard let squares = state?.tensors["state.0.exp_avg_sq"] else { return (sharded, true) }
        let other = Self.model()
        let third = Self.optimizer(other, format)
        for number in 0..<5 { Self.step(other, third, number) }
        let own = try #require(third.state(of: other.parameters()[0])["exp_avg_sq"])
        let difference = Self.distance(Self.numbers(squares), Self.numbers(own))
        let bound = format == .bfloat16 ? 0 : 0.05 * (own.norm().item() as Float)
        return (sharded, difference <= bound)
      })
    {
      if format == .bfloat16 {
        #expect(weight == whole)
      } else {
        #expect(Self.distance(weight, whole) < 0.05 * way)
      }
      #expect(isAlike)
    }
  }
}
