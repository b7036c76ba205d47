import Collectives
import DataParallel
import NN
import Tensors
import Testing

/// Gradients of passes inside `noSync` and of the one that ends it are those of one pass over all
/// records.
@Suite("noSync")
struct NoSyncTests {
  enum Variant: CaseIterable {
    case plain
    case gradientsOfTheirOwn
    case allReduceHook
    case hookWithSecondStep
  }

  @Test("accumulating without meeting gives the average of the sums", arguments: Variant.allCases)
  func accumulates(variant: Variant) throws {
    let results = try onRanks(2) { group in
      let model = TwoLayers()
      let parallel = try DistributedDataParallel(model, group: group)
      switch variant {
      case .plain, .gradientsOfTheirOwn: break
      case .allReduceHook: try parallel.register(AllReduceHook())
      case .hookWithSecondStep: try parallel.register(HookTests.TwoSteps())
      }
      var differs = false
      for step in 0..<3 {
        model.zeroGrad()
        if variant == .gradientsOfTheirOwn {
          for parameter in model.parameters() { parameter.grad = .zeros(like: parameter.value) }
        }
        try parallel.noSync {
          for part in 0..<2 {
            try parallel.forward { $0.loss(rank: group.rank, pass: 10 * step + part) }.backward()
          }
        }
        let local = model.gradients[0]
        let all = try group.allGather(local)
        differs = differs || all[0] != all[1]
        try parallel.forward { $0.loss(rank: group.rank, pass: 10 * step + 2) }.backward()
      }
      let together = model.gradients
      // The same by hand.
      let alone = TwoLayers()
      alone.load(from: model)
      for part in 0..<3 {
        for rank in 0..<2 { (alone.loss(rank: rank, pass: 20 + part) * 0.5).backward() }
      }
      return (together, alone.gradients, differs)
    }
    for (together, alone, differed) in results {
      #expect(distance(alone, together) < 1e-5)
      #expect(differed)
    }
    #expect(results[0].0 == results[1].0)
  }

  @Test("whether ranks meet is put back after an error")
  func afterError() throws {
    struct Broken: Error {}
    let results = try onRanks(2) { group in
      let model = Linear(1, 1, bias: false)
      let parallel = try DistributedDataParallel(model, group: group)
      #expect(throws: Broken.self) { try parallel.noSync { throw Broken() } }
      model(Tensor.full([1, 1], Double(group.rank))).sum().backward()
      return model.gradients[0][0]
    }
    #expect(results == [0.5, 0.5])
  }
}

extension Module {
  /// Takes over another model's weights.
  func load(from other: Module) {
    for (mine, theirs) in zip(parameters(), other.parameters()) { mine.assign(theirs.value) }
  }
}
