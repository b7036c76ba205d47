import Collectives
import DataParallel
import Foundation
import NN
import Tensors
import Testing

/// Graphs that differ from pass to pass and from rank to rank.
@Suite("Graphs under data parallelism")
struct GraphTests {
  typealias Branches = DistributedDataParallelTests.Branches

  @Test("control flow that is the same on all ranks and changes from pass to pass")
  func controlFlowSame() throws {
    let results = try onRanks(2) { group in
      let model = Branches()
      let parallel = try DistributedDataParallel(model, group: group)
      return try (0..<4).map { pass in
        model.zeroGrad()
        let x = Tensor.full([1, 4], Double(group.rank + 1))
        try parallel.forward { $0(x, left: pass % 2 == 0) }.sum().backward()
        return (model.left.weight.grad == nil, model.right.weight.grad == nil)
      }
    }
    for result in results {
      #expect(result.map(\.0) == [false, true, false, true])
      #expect(result.map(\.1) == [true, false, true, false])
    }
  }

  @Test("control flow that differs across ranks", arguments: [2, 3, 4])
  func controlFlowDifferent(ranks: Int) throws {
    let results = try onRanks(ranks) { group in
      let model = Branches()
      let parallel = try DistributedDataParallel(model, group: group)
      var gradients: [[[Float]]] = []
      for pass in 0..<3 {
        model.zeroGrad()
        let goesLeft = (group.rank + pass) % ranks == 0
        try parallel.forward { $0(.ones([1, 4]), left: goesLeft) }.sum().backward()
        gradients.append(model.gradients)
        let share = 1 / Float(ranks)
        #expect(
          (model.left.bias?.grad?.array(of: Float.self) ?? []).allSatisfy {
            abs($0 - share) < 1e-6
          })
      }
      return gradients
    }
    for result in results { #expect(result == results[0]) }
  }

  final class TwoOutputs: Module {
    let first = Linear(3, 3)
    let second = Linear(3, 3)
    func callAsFunction(_ x: Tensor) -> (Tensor, Tensor) { (first(x), second(x)) }
  }

  @Test("outputs that the loss does not use leave their parameters without a gradient")
  func unusedOutputs() throws {
    let results = try onRanks(2) { group in
      let model = TwoOutputs()
      let parallel = try DistributedDataParallel(model, group: group)
      let (used, _) = try parallel.forward { $0(.ones([1, 3])) }
      used.sum().backward()
      #expect(parallel.statistics.unusedParameters == ["second.weight", "second.bias"])
      return (model.first.weight.grad == nil, model.second.weight.grad == nil)
    }
    for result in results { #expect(result == (false, true)) }
  }

  @Test("a walk that reaches no parameter of the model is another model's")
  func otherModel() throws {
    let results = try onRanks(2) { group in
      let parallel = try DistributedDataParallel(Linear(2, 2), group: group)
      let other = Linear(2, 2)
      // On one rank only: nothing may be exchanged.
      if group.rank == 0 { other(.ones([1, 2])).sum().backward() }
      return parallel.statistics.passes
    }
    #expect(results == [0, 0])
  }

  /// y = x + w whose gradient for w is left out.
  enum Forgetful: CustomFunction {
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
      [inputs[0] + inputs[1]]
    }
    static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
      [gradients[0], nil]
    }
  }

  final class WithForgetful: Module {
    let first = Linear(3, 3)
    let lost = Linear(3, 3)
    func callAsFunction(_ x: Tensor, forgets: Bool) -> Tensor {
      let (a, b) = (first(x), lost(x))
      return forgets ? Forgetful.apply(a, b)[0] : a + b
    }
  }

  @Test("gradients that are not defined count as none, on one rank and on all", arguments: [1, 2])
  func undefinedGradients(forgetful: Int) throws {
    let results = try onRanks(2) { group in
      let model = WithForgetful()
      let parallel = try DistributedDataParallel(model, group: group)
      for _ in 0..<2 {
        model.zeroGrad()
        try parallel.forward { $0(.ones([1, 3]), forgets: group.rank < forgetful) }.sum().backward()
      }
      return (
        model.first.bias?.grad?.array(of: Float.self) ?? [],
        model.lost.bias?.grad?.array(of: Float.self) ?? []
      )
    }
    for result in results {
      #expect(result.0 == [1, 1, 1])
      #expect(result.1 == (forgetful == 1 ? [0.5, 0.5, 0.5] : []))
    }
  }

  final class Twice: Module {
    let one = Linear(3, 3, bias: false)
    func callAsFunction(_ x: Tensor) -> Tensor { one(one(x)) }
  }

  @Test("a layer that is used twice is reduced once, after its second use")
  func sharedLayer() throws {
    let results = try onRanks(2) { group in
      let model = Twice()
      let parallel = try DistributedDataParallel(model, group: group)
      var differences: [Float] = []
      for pass in 0..<2 {
        model.zeroGrad()
        func loss(_ rank: Int) -> Tensor {
          model(Tensor.full([2, 3], Double(rank + pass + 1))).square().sum()
        }
        loss(group.rank).backward()
        let together = model.gradients
        model.zeroGrad()
        parallel.noSync { for rank in 0..<2 { (loss(rank) * 0.5).backward() } }
        differences.append(distance(model.gradients, together))
      }
      return differences
    }
    for result in results { #expect(result.allSatisfy { $0 < 1e-5 }) }
  }

  // MARK: Walks within walks

  /// Begins a backward walk of its own when its gradient is computed.
  enum Walking: CustomFunction {
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
      context.save(inputs[1])
      return [inputs[0] * 1]
    }
    static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
      // A leaf of its own; the walk is that of another graph.
      let leaf = context.saved[0].requiringGrad()
      enableGrad { (leaf * 3).sum().backward() }
      return [gradients[0], leaf.grad]
    }
  }

  /// Computes a model again when its gradient is asked for, as memory-saving checkpoints do.
  enum Again: CustomFunction {
    static func forward(_ context: FunctionContext, _ inputs: [Tensor]) -> [Tensor] {
      [inputs[0] * 1]
    }
    static func backward(_ context: FunctionContext, _ gradients: [Tensor?]) -> [Tensor?] {
      enableGrad { again?.loss(rank: 0, pass: 0).backward() }
      return gradients
    }
  }

  /// The model of ``Again``, in a process of its own.
  nonisolated(unsafe) static var again: TwoLayers?

  @Test("a walk of another graph within a walk leaves the averages as they are")
  func innerWalk() throws {
    let results = try onRanks(2) { group in
      let model = TwoLayers()
      let parallel = try DistributedDataParallel(model, group: group)
      return try [false, true].map { isNested in
        model.zeroGrad()
        let loss = try parallel.forward { $0.loss(rank: group.rank, pass: 0) }
        (isNested ? Walking.apply(loss, Tensor.ones([3]))[0] : loss).backward()
        return model.gradients
      }
    }
    #expect(results[0][0] == results[1][0])
    #expect(results[0][1] == results[0][0])
    #expect(results[1][1] == results[0][0])
  }

  @Test("a walk to the model's own parameters within a walk is named")
  func innerWalkOfOwn() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = try onRanks(1) { group in
        let model = TwoLayers()
        let parallel = try DistributedDataParallel(model, group: group)
        GraphTests.again = model
        let loss = try parallel.forward { $0.loss(rank: 0, pass: 0) }
        Again.apply(loss)[0].backward()
        return true
      }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("a walk within another one reaches first.weight"))
  }

  @Test("a walk on another thread, whose gradients would not be averaged, is named")
  func foreignThread() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = try onRanks(1) { group in
        let parallel = try DistributedDataParallel(TwoLayers(), group: group)
        nonisolated(unsafe) let loss = try parallel.forward { $0.loss(rank: 0, pass: 0) }
        let ended = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
          loss.backward()
          ended.signal()
        }
        ended.wait()
        return true
      }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("is on another thread than the one that made the model data-parallel"))
  }

  // MARK: Static graphs

  @Test("a static graph trains as any other, and sends less", arguments: [1, 2, 4])
  func staticGraph(ranks: Int) throws {
    func run(_ isStatic: Bool) throws -> [[[[Float]]]] {
      try onRanks(ranks) { group in
        let model = Branches()
        var options = DataParallelOptions()
        options.isStaticGraph = isStatic
        let parallel = try DistributedDataParallel(model, group: group, options: options)
        return try (0..<4).map { pass in
          model.zeroGrad()
          let x = Tensor.full([1, 4], Double(group.rank + pass))
          try parallel.forward { $0(x, left: group.rank == 0) }.sum().backward()
          #expect(model.unused.weight.grad == nil)
          return model.gradients
        }
      }
    }
    let (promised, free) = (try run(true), try run(false))
    #expect(promised == free)
  }

  @Test("a static graph that changes is named")
  func staticGraphInvalid() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = try onRanks(1) { group in
        let model = DistributedDataParallelTests.Branches()
        var options = DataParallelOptions()
        options.isStaticGraph = true
        let parallel = try DistributedDataParallel(model, group: group, options: options)
        for pass in 0..<2 {
          try parallel.forward { $0(.ones([1, 4]), left: pass == 0) }.sum().backward()
        }
        return true
      }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("pass 2"))
    #expect(message.contains("does not reach left.weight, left.bias"))
    #expect(message.contains("reaches right.weight, right.bias"))
  }
}
