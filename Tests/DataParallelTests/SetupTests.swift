import Collectives
import DataParallel
import Foundation
import NN
import Optimizers
import Tensors
import Testing

/// What is checked and made equal before training, and what is told of it.
@Suite("Setting data parallelism up")
struct SetupTests {
  final class Stack: Module {
    var layers: [Linear] = []
    convenience init(_ count: Int) {
      self.init()
      layers = (0..<count).map { _ in Linear(2, 2) }
    }
  }

  @Test("models of different numbers of parameters are refused")
  func numbers() throws {
    let messages = try onRanks(3) { group in
      let error = #expect(throws: ReplicaMismatch.self) {
        try DistributedDataParallel(Stack(group.rank == 2 ? 1 : 2), group: group)
      }
      return "\(String(describing: error))"
    }
    for message in messages {
      #expect(message.contains("rank 2 has 2 parameters and buffers, rank 0 has 4"))
    }
  }

  @Test("the memory of models that are gone is given back", arguments: [1, 2, 3])
  func memory(ranks: Int) throws {
    let results = try onRanks(ranks) { group in
      var kept: Tensor?
      for round in 0..<6 {
        let model = Linear(64, 64)
        let parallel = try DistributedDataParallel(model, group: group)
        try parallel(.full([2, 64], Double(group.rank))).sum().backward()
        // A gradient that one rank keeps holds all ranks' memory.
        if round == 0 && group.rank == ranks - 1 { kept = model.weight.grad }
      }
      let count = group.lentBuffers
      let average = Double((0..<ranks).reduce(0, +)) * 2 / Double(ranks)
      #expect(kept.map { $0.array(of: Double.self).allSatisfy { $0 == average } } ?? true)
      return count
    }
    // The first one is held, the last one not yet given back.
    #expect(results.allSatisfy { $0 == 2 })
  }

  @Test("converting a data-parallel model is refused, before and afterwards it is not")
  func conversion() async throws {
    _ = try onRanks(1) { group in
      let model = Linear(2, 2).to(.float64)
      do {
        let parallel = try DistributedDataParallel(model, group: group)
        parallel.module.to(.float64)
      }
      model.to(.float32)
      return true
    }
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = try onRanks(1) { group in
        let parallel = try DistributedDataParallel(Linear(2, 2), group: group)
        parallel.module.to(.float32)
        parallel.module.to(.float64)
        return true
      }
    }
    let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(message.contains("Module.to: a parameter of [2, 2] is one of a data-parallel model"))
  }

  @Test("models whose parameters differ in dtype or are frozen on some ranks are refused")
  func kinds() throws {
    let messages = try onRanks(2) { group in
      let model = Linear(2, 2)
      if group.rank == 1 { model.bias?.requiresGrad = false }
      let frozen = #expect(throws: ReplicaMismatch.self) {
        try DistributedDataParallel(model, group: group)
      }
      let wide = #expect(throws: ReplicaMismatch.self) {
        try DistributedDataParallel(
          Linear(2, 2, dtype: group.rank == 1 ? .float64 : .float32), group: group)
      }
      return "\(String(describing: frozen)) \(String(describing: wide))"
    }
    for message in messages {
      #expect(message.contains("parameter bias [2] float32 frozen"))
      #expect(message.contains("rank 1 has parameter weight [2, 2] float64"))
    }
  }

  @Test("an embedding that shortens the rows it looks up is refused on several ranks")
  func maxNorm() throws {
    final class Words: Module {
      let table = Embedding(5, 2, maxNorm: 1)
      let bags = EmbeddingBag(5, 2)
    }
    let messages = try onRanks(2) { group in
      let error = #expect(throws: DataParallelError.self) {
        try DistributedDataParallel(Words(), group: group)
      }
      // The user keeps an ignored table alike.
      var options = DataParallelOptions()
      options.ignored = ["table.weight"]
      _ = try DistributedDataParallel(Words(), group: group, options: options)
      return "\(String(describing: error))"
    }
    for message in messages { #expect(message.contains("Embedding table with maxNorm 1.0")) }
    _ = try onRanks(1) { group in
      _ = try DistributedDataParallel(Words(), group: group)
      return true
    }
  }

  @Test("a wrapped model is called, whatever its pass takes, and knows its parameters' names")
  func calls() throws {
    let outputs = try onRanks(2) { group in
      let layer = try DistributedDataParallel(Linear(2, 2), group: group)
      let x = Tensor.ones([1, 2])
      let both = try layer { ($0(x), $0(x * 2)) }
      #expect(try layer(x).array(of: Float.self) == both.0.array(of: Float.self))
      #expect(SGD(layer.module.parameters()).groups[0].names == ["weight", "bias"])
      return both.1.array(of: Float.self)
    }
    #expect(outputs[0] == outputs[1])
  }

  @Test("a model without trained parameters is refused")
  func nothingToDo() throws {
    _ = try onRanks(1) { group in
      let model = Linear(2, 2)
      model.requiresGrad(false)
      #expect(throws: DataParallelError.self) {
        try DistributedDataParallel(model, group: group)
      }
      return true
    }
  }

  @Test("ignored parameters and buffers are left alone")
  func ignored() throws {
    let results = try onRanks(2) { group in
      let model = Sequential(Linear(2, 2), BatchNorm1d(2), Linear(2, group.rank + 1))
      let own = model.parameters().map { $0.value.array(of: Float.self) }
      var options = DataParallelOptions()
      options.ignored = ["2.weight", "2.bias", "1.running_mean"]
      options.broadcastsBuffers = true
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      let mean = model.namedBuffers().first { $0.name == "1.running_mean" }?.buffer
      mean?.value = .full([2], Double(group.rank))
      let last = parallel.bucketPlan.buckets.joined().count
      let x = Tensor.full([2, 2], Double(group.rank + 1)) * Tensor([Float(1), 2])
      let output = try parallel.forward { $0[0]($0[0](x)) }
      let head = try #require(model[2] as? Linear)
      (output.sum() + head(output).sum()).backward()
      let gradient = head.bias?.grad?.array(of: Float.self) ?? []
      return (last, gradient, own.last ?? [], mean?.value.array(of: Float.self) ?? [])
    }
    #expect(results[0].0 == 4)
    #expect(results[0].1 == [2])
    #expect(results[1].1 == [2, 2])
    #expect(results[1].3 == [1, 1])
  }

  @Test("ignored names that the model does not have are an error")
  func ignoredUnknown() throws {
    _ = try onRanks(1) { group in
      var options = DataParallelOptions()
      options.ignored = ["wieght"]
      let error = #expect(throws: DataParallelError.self) {
        try DistributedDataParallel(Linear(2, 2), group: group, options: options)
      }
      #expect("\(String(describing: error))".contains("no wieght; it has weight, bias"))
      return true
    }
  }

  // MARK: Buckets

  @Test(
    "bucket limits may repeat, ascend, or be left out",
    arguments: [[800, 800, 800], [400, 800, 1600], []])
  func bucketLimits(limits: [Int]) throws {
    let results = try onRanks(2) { group in
      let model = Stack(0)
      model.layers = (0..<8).map { _ in Linear(10, 10) }
      var options = DataParallelOptions()
      options.bucketLimits = limits
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      var x = Tensor.full([1, 10], Double(group.rank))
      for layer in model.layers { x = layer(x) }
      x.sum().backward()
      return (parallel.bucketPlan.buckets.map(\.count), model.gradients)
    }
    #expect(results[0].0 == results[1].0)
    #expect(results[0].1 == results[1].1)
    if limits.isEmpty { #expect(results[0].0 == [16]) }
    if !limits.isEmpty { #expect(results[0].0.count > 2) }
    #expect(results[0].0.reduce(0, +) == 16)
  }

  @Test("limits that are not positive are refused")
  func badLimits() throws {
    _ = try onRanks(1) { group in
      for limits in [[0], [400, -1]] {
        var options = DataParallelOptions()
        options.bucketLimits = limits
        #expect(throws: DataParallelError.self) {
          try DistributedDataParallel(Linear(2, 2), group: group, options: options)
        }
      }
      return true
    }
  }

  @Test(
    "plans with duplicates, empty buckets, or missing or unknown parameters are refused by name",
    arguments: [
      ([[0, 1], [0]], "weight comes twice"), ([[0, 1], []], "bucket 1 is empty"),
      ([[1]], "no bucket holds weight"), ([[0, 1, 2]], "parameter 2, and the model has 2"),
    ])
  func badPlans(buckets: [[Int]], expected: String) throws {
    _ = try onRanks(1) { group in
      var options = DataParallelOptions()
      options.plan = BucketPlan(buckets: buckets)
      let error = #expect(throws: DataParallelError.self) {
        try DistributedDataParallel(Linear(2, 2), group: group, options: options)
      }
      #expect("\(String(describing: error))".contains(expected))
      return true
    }
  }

  @Test("a plan that is given is kept, without rebuilding")
  func keptPlan() throws {
    let results = try onRanks(2) { group in
      let model = Linear(3, 3)
      var options = DataParallelOptions()
      options.plan = BucketPlan(buckets: [[0], [1]])
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      for _ in 0..<2 { model(.ones([1, 3])).sum().backward() }
      return (parallel.bucketPlan.buckets, parallel.statistics.hasRebuilt)
    }
    for result in results { #expect(result == ([[0], [1]], false)) }
  }

  // MARK: Buffers

  @Test("forward passes begin with rank 0's buffers, once an optimizer step, unless turned off")
  func buffers() throws {
    for isOn in [true, false] {
      let results = try onRanks(3) { group in
        let model = BatchNorm1d(2, momentum: 0.5)
        var options = DataParallelOptions()
        options.broadcastsBuffers = isOn
        let parallel = try DistributedDataParallel(model, group: group, options: options)
        let x = Tensor([Float(group.rank), 1, Float(group.rank), 3], shape: [2, 2])
        func mean() -> [Float] { model.runningMean?.value.array(of: Float.self) ?? [] }
        try parallel.forward { $0(x) }.sum().backward()
        let first = mean()
        // The first of two passes of a step takes rank 0's; the second goes on from it.
        try parallel.noSync { try parallel.forward { $0(x) }.sum().backward() }
        let second = mean()
        try parallel.forward { $0(x) }.sum().backward()
        return [first[0], second[0], mean()[0]]
      }
      for (rank, result) in results.enumerated() {
        let r = Float(rank)
        #expect(result[0] == r / 2)
        #expect(result[1] == (isOn ? r / 2 : r * 0.75))
        #expect(result[2] == (isOn ? r * 0.75 : r * 0.875))
      }
    }
  }

  // MARK: What is told

  @Test("logging data: buckets before and after, order of readiness by name, times; as JSON")
  func loggingData() throws {
    let results = try onRanks(2) { group in
      let model = TwoLayers()
      var options = DataParallelOptions()
      options.bucketLimits = [200, 400]
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      for pass in 0..<4 {
        model.zeroGrad()
        try parallel.forward { $0.loss(rank: group.rank, pass: pass) }.backward()
      }
      return parallel.statistics
    }
    for (rank, log) in results.enumerated() {
      #expect(log.worldSize == 2)
      #expect(log.rank == rank)
      #expect(log.module == "TwoLayers")
      #expect(log.parameterCount == 4)
      #expect(log.parameterBytes == 4 * (120 + 10 + 80 + 8))
      #expect(log.hasRebuilt)
      #expect(log.passes == 4)
      #expect(
        log.readyOrder.sorted() == ["first.bias", "first.weight", "second.bias", "second.weight"])
      #expect(log.readyOrder.first?.hasPrefix("second") == true)
      #expect(log.unusedParameters.isEmpty)
      // Gradients begin on cache lines.
      #expect(log.initialBucketBytes.reduce(0, +) >= log.parameterBytes)
      #expect(log.bucketBytes.reduce(0, +) == log.initialBucketBytes.reduce(0, +))
      #expect(log.forwardSeconds > 0 && log.backwardSeconds > 0 && log.communicationSeconds > 0)
      #expect(log.overlapSeconds >= 0 && log.overlapSeconds <= log.communicationSeconds)
      #expect(log.waitSeconds >= 0)
      #expect(log.hook == nil && !log.isStaticGraph && log.broadcastsBuffers)
    }
    let data = try JSONEncoder().encode(results[0])
    let read = try JSONDecoder().decode(DataParallelStatistics.self, from: data)
    #expect(read == results[0])
  }

  @Test("gradients that are there when buckets are laid out anew are kept")
  func keptGradients() throws {
    let results = try onRanks(2) { group in
      let model = Sequential(Linear(30, 20), Linear(20, 10))
      var options = DataParallelOptions()
      options.bucketLimits = [500]
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      let initial = parallel.bucketPlan
      let x = Tensor.ones([1, 30]) * Double(group.rank + 1)
      model(x).sum().backward()
      let once = model.parameters().map { $0.grad?.clone() ?? .zeros([1]) }
      // The new plan is there for a checkpoint, the layout comes with the next pass.
      let planned = parallel.bucketPlan
      model(x).sum().backward()
      let isDouble = zip(model.parameters(), once).allSatisfy { parameter, first in
        parameter.grad.map { ($0 - first * 2).abs().max().item() < 1e-4 } ?? false
      }
      return (parallel.statistics.hasRebuilt, isDouble, initial != planned, planned)
    }
    for (hasRebuilt, isDouble, isChanged, plan) in results {
      #expect(hasRebuilt && isDouble && isChanged)
      #expect(plan == results[0].3)
    }
  }

  @Test("memory: the gradients once, and less than 128 bytes a parameter; after rebuilding too")
  func memory() throws {
    let results = try onRanks(2) { group in
      let model = Sequential(Linear(300, 200), Linear(200, 100))
      var options = DataParallelOptions()
      options.bucketLimits = [100_000]
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      let before = parallel.statistics.addedBytes
      var places: [Set<Int>] = []
      for _ in 0..<3 {
        model.zeroGrad()
        model(.ones([1, 300])).sum().backward()
        places.append(
          Set(model.parameters().map { Int(bitPattern: $0.grad?.storage.pointer) }))
      }
      let all = places.joined()
      let extent = (all.max() ?? 0) - (all.min() ?? 0)
      return (parallel.statistics, before, extent)
    }
    for (log, before, extent) in results {
      #expect(log.hasRebuilt)
      #expect(log.addedBytes == before)
      #expect(log.addedBytes <= log.parameterBytes + 4 * 128)
      // Rebuilt buckets lie where the first ones did.
      #expect(extent < log.addedBytes)
    }
  }
}
