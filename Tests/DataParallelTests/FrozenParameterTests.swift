import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// Parameters frozen before, and freed or frozen again after a model is made data-parallel.
@Suite("Frozen parameters")
struct FrozenParameterTests {
  /// Two layers of which the first may be out of training.
  static func model(firstIsFrozen: Bool) -> TwoLayers {
    let model = TwoLayers()
    model.first.requiresGrad(!firstIsFrozen)
    return model
  }

  @Test("gradients are forgotten and steps made beside them")
  func beside() {
    let model = Self.model(firstIsFrozen: true)
    let before = model.weights
    let optimizer = SGD(model.parameters(), lr: 0.1)
    model.loss(rank: 0, pass: 0).backward()
    optimizer.step()
    optimizer.zeroGrad()
    model.zeroGrad()
    #expect(model.weights[0] == before[0])
    #expect(model.weights[2] != before[2])
    #expect(model.parameters().allSatisfy { $0.grad == nil })
  }

  @Test("a gradient stays while its parameter is frozen, until it is forgotten")
  func gradient() {
    let parameter = Parameter(Tensor([1, 2] as [Float]))
    (parameter.value * 3).sum().backward()
    parameter.requiresGrad = false
    #expect(parameter.grad?.array(of: Float.self) == [3, 3])
    #expect(!(parameter.value * 2).requiresGrad)
    parameter.requiresGrad = true
    (parameter.value * 3).sum().backward()
    #expect(parameter.grad?.array(of: Float.self) == [6, 6])
    parameter.requiresGrad = false
    parameter.grad = nil
    parameter.requiresGrad = true
    #expect(parameter.grad == nil)
  }

  @Test(
    "a layer that is frozen for some steps is averaged again afterwards",
    arguments: [nil, .zero1, .zero2] as [ShardedOptimizer.Stage?])
  func toggled(stage: ShardedOptimizer.Stage?) throws {
    /// The weights after each step of `ranks` workers, each of whom has as many batches a step.
    func run(_ ranks: Int, batches: Int) throws -> [[[Float]]] {
      try onRanks(ranks) { group in
        let model = TwoLayers()
        let rule = SGD(model.parameters(), lr: 0.1, momentum: 0.9)
        let sharded = try stage.map { try ShardedOptimizer(rule, group: group, stage: $0) }
        let parallel = try DistributedDataParallel(model, group: group, optimizer: sharded)
        let optimizer = sharded ?? rule
        return try (0..<5).map { step in
          model.first.requiresGrad(![1, 3].contains(step))
          optimizer.zeroGrad()
          let losses = (0..<batches).map {
            model.loss(rank: group.rank + $0, pass: step) * (1 / Double(batches))
          }
          try parallel.forward { _ in losses.dropFirst().reduce(losses[0], +) }.backward()
          optimizer.step()
          return model.weights
        }.flatMap { $0 }
      }
    }
    let together = try run(2, batches: 1)
    let alone = try run(1, batches: 2)
    #expect(together[0] == together[1])
    #expect(distance(together[0], alone[0]) < 1e-5)
  }

  @Test("one that is freed after the start is named", arguments: [false, true])
  func freed(isSharded: Bool) async {
    // An exit test captures nothing.
    let result =
      isSharded
      ? await #expect(
        processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent],
        performing: { try Self.trainFreed(isSharded: true) })
      : await #expect(
        processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent],
        performing: { try Self.trainFreed(isSharded: false) })
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("first.weight was frozen when the model was made data-parallel"))
  }

  static func trainFreed(isSharded: Bool) throws {
    _ = try onRanks(1) { group in
      let model = model(firstIsFrozen: true)
      let sharded = try ShardedOptimizer(
        SGD(model.second.parameters(), lr: 0.1), group: group, stage: .zero2)
      let parallel = try DistributedDataParallel(
        model, group: group, optimizer: isSharded ? sharded : nil)
      model.requiresGrad(true)
      try parallel.forward { $0.loss(rank: 0, pass: 0) }.backward()
      return true
    }
  }
}
