import Collectives
import DataParallel
import Foundation
import Models
import NN
import Optimizers
import Tensors
import Testing

/// What DistributedDataParallel promises, on ranks that are threads; the MPI suites run the same
/// collectives as processes.
@Suite("DistributedDataParallel")
struct DistributedDataParallelTests {
  final class Branches: Module {
    let shared = Linear(4, 4)
    let left = Linear(4, 2)
    let right = Linear(4, 2)
    let unused = Linear(4, 2)

    func callAsFunction(_ x: Tensor, left useLeft: Bool) -> Tensor {
      useLeft ? left(shared(x)) : right(shared(x))
    }
  }

  /// Runs a body on ranks whose default generators start alike.
  private func ranks<Result: Sendable>(
    _ count: Int, _ body: @escaping @Sendable (ProcessGroup) throws -> Result
  ) throws -> [Result] {
    try World.threads(count) { world in
      try Generator(seed: 5).asDefault { try body(world.group) }
    }
  }

  @Test("replicas start as rank 0's", arguments: [2, 3, 4])
  func broadcast(count: Int) throws {
    let weights = try World.threads(count) { world in
      try Generator(seed: UInt64(world.rank)).asDefault {
        let model = MLP(inputs: 6, hidden: [5], classes: 3)
        _ = try DistributedDataParallel<MLP>(model, group: world.group)
        return model.parameters().flatMap { $0.value.array(of: Float.self) }
      }
    }
    for rank in 1..<count { #expect(weights[rank] == weights[0]) }
  }

  @Test("gradients are the averages over ranks", arguments: [1, 2, 3, 4])
  func averages(count: Int) throws {
    let results = try ranks(count) { group in
      let model = Linear(3, 2)
      let parallel = try DistributedDataParallel(model, group: group)
      let x = Tensor.full([1, 3], Double(group.rank + 1))
      parallel.module(x).sum().backward()
      return model.weight.grad?.array(of: Float.self) ?? []
    }
    let expected = (1...count).map(Float.init).reduce(0, +) / Float(count)
    for result in results { #expect(result.allSatisfy { abs($0 - expected) < 1e-6 }) }
    #expect(results[0].count == 6)
  }

  @Test("it is a module: parameters, state, modes and hooks pass through", arguments: [1, 2])
  func isModule(count: Int) throws {
    let results = try ranks(count) { group in
      let model = Sequential(Linear(3, 2), Dropout(0.5))
      let parallel = try DistributedDataParallel(model, group: group)
      var shapes: [[Int]] = []
      parallel.registerForwardHook { _, _, output in shapes.append(output.shape) }
      model[0].registerForwardHook { _, inputs, _ in shapes.append(inputs[0].shape) }
      _ = try parallel(Tensor.ones([4, 3]))
      parallel.eval()
      let same = zip(parallel.parameters(), model.parameters()).allSatisfy { $0 === $1 }
      var state = parallel.stateDict()
      state["module.0.bias"] = Tensor.ones([2])
      try parallel.load(state)
      return "\(shapes) \(same) \(model[1].isTraining) \(state.names) "
        + "\(model[0, as: Linear.self].bias?.value.sum().item() ?? 0)"
    }
    for result in results {
      #expect(
        result == "[[4, 3], [4, 2]] true false [\"module.0.weight\", \"module.0.bias\"] 2.0")
    }
  }

  @Test("a parameter that no rank used keeps a nil gradient, one used elsewhere gets the average")
  func unusedParameters() throws {
    let results = try ranks(2) { group in
      let model = Branches()
      let parallel = try DistributedDataParallel(model, group: group)
      var seen: [String] = []
      for _ in 0..<3 {
        model.zeroGrad()
        parallel.module(Tensor.ones([1, 4]), left: group.rank == 0).sum().backward()
        seen = model.namedParameters().filter { $0.parameter.grad == nil }.map(\.name)
      }
      let left = model.left.bias?.grad?.array(of: Float.self) ?? []
      let right = model.right.bias?.grad?.array(of: Float.self) ?? []
      return (seen, left, right, parallel.statistics.unusedParameters)
    }
    for (missing, left, right, _) in results {
      #expect(missing == ["unused.weight", "unused.bias"])
      #expect(left == [0.5, 0.5])
      #expect(right == [0.5, 0.5])
    }
    #expect(results[0].3.contains("right.weight"))
    #expect(results[1].3.contains("left.weight"))
  }

  @Test("noSync adds up locally, and the next pass reduces the sum")
  func noSync() throws {
    let results = try ranks(2) { group in
      let model = Linear(1, 1, bias: false)
      let parallel = try DistributedDataParallel(model, group: group)
      let x = Tensor.full([1, 1], Double(group.rank + 1))
      parallel.noSync { model(x).sum().backward() }
      let local = model.weight.grad?.item() ?? .nan
      model(x).sum().backward()
      return [local, model.weight.grad?.item() ?? .nan]
    }
    #expect(results[0] == [1, 3])
    #expect(results[1] == [2, 3])
  }

  @Test("a shared parameter is reduced once")
  func sharedParameters() throws {
    let results = try ranks(2) { group in
      let model = CharGPT(vocabulary: 11, context: 4, layers: 1, heads: 1, width: 8)
      let parallel = try DistributedDataParallel(model, group: group)
      let x = Tensor([1, 2, 3, 4 + group.rank], shape: [1, 4])
      F.crossEntropy(model(x).flattened(to: 1), x.flattened()).backward()
      return (
        parallel.bucketPlan.buckets.flatMap { $0 }.count,
        model.wte.weight.grad?.array(of: Float.self) ?? []
      )
    }
    #expect(results[0].0 == results[1].0)
    #expect(results[0].1 == results[1].1)
  }

  @Test("buckets are rebuilt once in the order of readiness, alike on all ranks")
  func rebuild() throws {
    let results = try ranks(3) { group in
      let model = MLP(inputs: 64, hidden: [64, 64], classes: 4)
      var options = DataParallelOptions()
      (options.firstBucketBytes, options.bucketBytes) = (1024, 8192)
      let parallel = try DistributedDataParallel(model, group: group, options: options)
      var gradients: [[Float]] = []
      for step in 0..<3 {
        model.zeroGrad()
        let x = Tensor.full([2, 64], Double(group.rank + step))
        model(x).square().mean().backward()
        gradients.append(model.parameters().flatMap { $0.grad?.array(of: Float.self) ?? [] })
      }
      return (parallel.bucketPlan, parallel.statistics.hasRebuilt, gradients)
    }
    for result in results {
      #expect(result.0 == results[0].0)
      #expect(result.1)
      #expect(result.2 == results[0].2)
      #expect(result.2[0].count == 64 * 64 * 2 + 64 * 2 + 64 * 4 + 4)
    }
    #expect(results[0].0.buckets.count > 1)
  }

  @Test("models that differ are refused with the parameter's name")
  func mismatch() throws {
    let messages = try ranks(2) { group in
      do {
        _ = try DistributedDataParallel(Linear(3, group.rank == 0 ? 2 : 4), group: group)
        return ""
      } catch let error as ReplicaMismatch {
        return error.description
      }
    }
    for message in messages {
      #expect(message.contains("rank 1 has parameter weight [4, 3]"))
      #expect(message.contains("rank 0 has parameter weight [2, 3]"))
    }
  }

  @Test("gradients live in the buckets: no second copy")
  func gradientsAreViews() throws {
    let results = try ranks(2) { group in
      let model = MLP(inputs: 8, hidden: [8], classes: 2)
      let parallel = try DistributedDataParallel(model, group: group)
      // Buckets are laid out anew when the second pass begins.
      model(.ones([1, 8])).sum().backward()
      var places: [[UnsafeMutableRawPointer?]] = []
      for _ in 0..<2 {
        model.zeroGrad()
        model(.ones([1, 8])).sum().backward()
        places.append(model.parameters().map { $0.grad?.storage.pointer })
      }
      withExtendedLifetime(parallel) {}
      return places[0] == places[1] && !places[0].contains(nil)
    }
    #expect(results == [true, true])
  }
}
