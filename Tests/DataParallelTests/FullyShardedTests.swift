import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// A model whose parameters are spread over ranks trains as one that every rank has.
@Suite("Fully sharded models")
struct FullyShardedTests {
  /// One of the tower's floors.
  final class Floor: Module, Layer {
    let first: Linear
    let second: Linear
    let drop: Dropout

    init(dropout: Double) {
      (first, second, drop) = (Linear(12, 20), Linear(20, 12), Dropout(dropout))
    }

    func forward(_ x: Tensor) -> Tensor { x + drop(second(F.gelu(first(x)))) }
  }

  /// Blocks between a table and a head that is the table again.
  final class Tower: Module {
    let table = Embedding(17, 12)
    let floors: [Floor]
    let norm = BatchNorm1d(12)
    let way: Way

    init(_ way: Way) {
      self.way = way
      floors = (0..<4).map { _ in Floor(dropout: way.dropout) }
      super.init()
      if way.freezes {
        for parameter in floors[1].parameters() + floors[2].first.parameters() {
          parameter.requiresGrad = false
        }
      }
    }

    func callAsFunction(_ ids: Tensor) -> Tensor {
      var x = table(ids)
      for floor in floors + (way.repeats ? [floors[1], floors[0]] : []) {
        x = way.checkpoints ? checkpoint(floor, [x]) { floor($0[0]) } : floor(x)
      }
      return norm(x).matmul(table.weight.value.transposed(0, 1))
    }

    /// The loss of one rank's records in one pass.
    func loss(rank: Int, pass: Int) -> Tensor {
      let ids = Tensor.randint(17, [6], generator: Generator(seed: UInt64(1000 * pass + rank)))
      return autocast(.bfloat16, enabled: way.isMixed) {
        F.crossEntropy(self(ids), (ids + 1).remainder(17))
      }
    }
  }

  /// What is trained, and how.
  struct Way: Sendable, CustomTestStringConvertible {
    var testDescription: String { name }
    let name: String
    var dropout = 0.0
    var freezes = false
    var repeats = false
    var checkpoints = false
    var isMixed = false
    var scales = false
    var accumulate = 1
    var clip: Double?
    var evaluates = false
    /// Whether the bits of gradients that are next to nothing have no say in a step.
    var isSteady = true
    var rule: @Sendable (Module) -> Optimizer = {
      SGD($0.parameters().filter(\.requiresGrad), lr: 0.05, momentum: 0.9)
    }
  }

  private static let ways: [Way] = [
    Way(name: "plain"), Way(name: "dropout", dropout: 0.3), Way(name: "frozen", freezes: true),
    Way(name: "a unit used twice", repeats: true), Way(name: "checkpoints", checkpoints: true),
    Way(name: "checkpoints, used twice, dropout", dropout: 0.2, repeats: true, checkpoints: true),
    Way(name: "mixed precision", isMixed: true), Way(name: "scaled", isMixed: true, scales: true),
    Way(name: "accumulated", accumulate: 3), Way(name: "clipped", clip: 0.05),
    Way(name: "evaluated between", evaluates: true),
    Way(
      name: "AdamW", isSteady: false,
      rule: { AdamW($0.parameters().filter(\.requiresGrad), lr: 0.01) }),
    Way(
      name: "whole parameters", isSteady: false,
      rule: { Adafactor($0.parameters().filter(\.requiresGrad), lr: 0.01) }),
  ]

  static func prepare<Model: Module>(
    _ model: Model, _ group: ProcessGroup, _ stage: ShardedOptimizer.Stage?,
    _ rule: (Module) -> Optimizer
  ) throws -> (Optimizer, DistributedDataParallel<Model>) {
    guard let stage else { return (rule(model), try DistributedDataParallel(model, group: group)) }
    let sharded = try ShardedOptimizer(
      rule(model), group: group, stage: stage, units: ShardUnits(model))
    return (sharded, try DistributedDataParallel(model, group: group, optimizer: sharded))
  }

  private struct Trained: Sendable {
    let weights: [[Float]]
    let buffers: [[Float]]
    let losses: [Float]
  }

  private func train(
    _ ranks: Int, _ stage: ShardedOptimizer.Stage?, _ way: Way, passes: Int = 4
  ) throws -> [Trained] {
    try onRanks(ranks) { group in
      let model = Tower(way)
      let (optimizer, parallel) = try Self.prepare(model, group, stage, way.rule)
      let scaler = GradScaler(initScale: 8, enabled: way.scales)
      var losses: [Float] = []
      for pass in 0..<passes {
        // Each rank drops others.
        let generator = Generator(seed: UInt64(40 + group.rank + 10 * pass))
        try generator.asDefault {
          try parallel.noSync {
            for part in 1..<way.accumulate {
              try parallel { $0.loss(rank: group.rank, pass: pass + 100 * part) }.backward()
            }
          }
          let loss = try parallel { $0.loss(rank: group.rank, pass: pass) }
          losses.append(Float(loss.item()))
          scaler.scale(loss).backward()
        }
        scaler.unscale(optimizer)
        if let clip = way.clip { optimizer.clipGradNorm(clip) }
        scaler.step(optimizer)
        scaler.update()
        optimizer.zeroGrad()
        if way.evaluates {
          model.eval()
          losses.append(
            Float(try noGrad { try parallel { $0.loss(rank: 0, pass: 7) } }.item()))
          model.train()
        }
      }
      return try parallel.withFullParameters { model in
        Trained(
          weights: model.weights,
          buffers: model.namedBuffers().map { $0.buffer.value.array(of: Float.self) },
          losses: losses)
      }
    }
  }

  @Test("equals stage 2 and the whole model", arguments: ways, [1, 2, 3, 4])
  func equals(way: Way, ranks: Int) throws {
    let whole = try train(ranks, nil, way)
    let second = try train(ranks, .zero2, way)
    let third = try train(ranks, .zero3, way)
    for rank in 0..<ranks {
      let agrees = third[rank].weights == third[0].weights
      #expect(agrees)
      if way.isSteady {
        #expect(distance(whole[rank].weights, third[rank].weights) < (way.isMixed ? 2e-2 : 1e-4))
      }
      let isAlike = second[rank].weights == third[rank].weights
      #expect(isAlike, "apart by \(distance(second[rank].weights, third[rank].weights))")
      #expect(second[rank].losses == third[rank].losses)
      let keepsBuffers = second[rank].buffers == third[rank].buffers
      #expect(keepsBuffers)
    }
  }
}
