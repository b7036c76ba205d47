import Collectives
import DataParallel
import NN
import Tensors
import Testing
import Transformers

/// A loss over the vectors of all ranks is the loss of the whole batch.
@Suite("Differentiable gather")
struct DifferentiableGatherTests {
  /// The loss and the gradients of a share of twelve pairs, with negatives of all shares.
  private static func gradients(
    _ share: Range<Int>, _ group: ProcessGroup?,
    _ directions: [MultipleNegativesRankingLoss.Direction]
  ) throws -> (loss: Float, gradients: [[Float]]) {
    let model = TwoLayers()
    let (queries, documents, others) = (
      Tensor.randn([12, 12]), Tensor.randn([12, 12]), Tensor.randn([12, 12])
    )
    let gather = try group.map { try DifferentiableGather(group: $0) }
    let parallel = try group.map { try DistributedDataParallel(model, group: $0) }
    let loss = MultipleNegativesRankingLoss(
      directions: directions, gather: gather.map { gather in { gather($0) } })
    func run(_ model: TwoLayers) -> Tensor {
      loss(
        [queries, documents, others].map {
          model($0.sliced(from: share.lowerBound, to: share.upperBound))
        })
    }
    let mean = try parallel?.forward { run($0) } ?? run(model)
    // Each rank counts by its records.
    let weight = Double(share.count * (group?.size ?? 1)) / 12
    (mean * weight).backward()
    withExtendedLifetime(parallel) {}
    return (mean.item(Float.self) * Float(share.count) / 12, model.gradients)
  }

  @Test(
    "gradients of several ranks are those of one with the whole batch",
    arguments: [[0..<6, 6..<12], [0..<7, 7..<8, 8..<12]],
    [[.queryToDoc], MultipleNegativesRankingLoss.Direction.allCases])
  func wholeBatch(
    shares: [Range<Int>], directions: [MultipleNegativesRankingLoss.Direction]
  ) throws {
    let alone = try Generator(seed: 5).asDefault {
      try Self.gradients(0..<12, nil, directions)
    }
    let together = try onRanks(shares.count) {
      try Self.gradients(shares[$0.rank], $0, directions)
    }
    #expect(abs(together.map(\.loss).reduce(0, +) - alone.loss) < 1e-4)
    for result in together { #expect(distance(alone.gradients, result.gradients) < 1e-4) }
  }

  @Test("second derivatives go through the ranks as well")
  func secondDerivatives() throws {
    let results = try onRanks(2) { group in
      let gather = try DifferentiableGather(group: group)
      var x = Tensor([Float(group.rank + 1)], shape: [1, 1])
      x.requiresGrad = true
      // Both ranks add up y² of all rows y = x³: for its row, each rank's gradient is 2 · 6 x⁵.
      let sum = gather(x.pow(3)).rows.square().sum()
      let first = grad(of: [sum], withRespectTo: [x], createGraph: true)[0] ?? Tensor(0)
      let second = grad(of: [first.sum()], withRespectTo: [x])[0] ?? Tensor(0)
      return [first.item(Float.self), second.item(Float.self)]
    }
    #expect(results == [[12, 60], [384, 960]])
  }
}
