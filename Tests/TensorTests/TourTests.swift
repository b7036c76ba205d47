import Foundation
import Testing
import Torus

/// A tour of Torus for newcomers: read it from top to bottom.
@Suite("A tour")
struct TourTests {
  @Test("tensors are values with shape, dtype and PyTorch's broadcasting")
  func tensors() {
    let a = Tensor([[1.0, 2, 3], [4, 5, 6]] as [[Float]])
    #expect(a.shape == [2, 3])
    #expect(a.dtype == .float32)

    let b = a * 2 + Tensor([10, 20, 30] as [Float])
    #expect(b.array(of: Float.self) == [12, 24, 36, 18, 30, 42])
    #expect(a.sum(dim: 0).array(of: Float.self) == [5, 7, 9])
    #expect(a.t.matmul(a).shape == [3, 3])

    var c = a
    c[0, 1] = Tensor(99.0)
    #expect(c[0, 1].item() == 99)
    #expect(a[0, 1].item() == 2, "another copy is left alone")
    #expect(a[.all, 1...].shape == [2, 2])
    #expect(a[a.gt(2.5)].array(of: Float.self) == [3, 4, 5, 6])
  }

  @Test("operations record themselves, and backward walks the record")
  func autograd() {
    var x = Tensor([1.0, 2, 3] as [Float])
    x.requiresGrad = true
    let y = (x * x).sum()
    #expect(y.gradFunction?.name == "sum")
    y.backward()
    #expect(x.grad?.array(of: Float.self) == [2, 4, 6])

    noGrad { #expect(!(x * 2).requiresGrad) }

    // Gradients of gradients.
    let slope = grad(of: [(x * x * x).sum()], withRespectTo: [x], createGraph: true)[0]
    let curve = slope.flatMap { grad(of: [$0.sum()], withRespectTo: [x])[0] }
    #expect(curve?.array(of: Float.self) == [6, 12, 18])
  }

  /// A network is a class whose properties are its layers.
  final class NeuralNet: Module, Layer {
    let fc1 = Linear(2, 16)
    let fc2 = Linear(16, 2)

    func forward(_ x: Tensor) -> Tensor { fc2(fc1(x).tanh()) }
  }

  /// Points, and whether the signs of their coordinates differ.
  private func exclusiveOr() -> (inputs: Tensor, labels: Tensor) {
    let inputs = Tensor.uniform([256, 2], from: -1, to: 1, generator: Generator(seed: 1))
    let labels = (inputs[.all, 0] * inputs[.all, 1]).lt(0).to(.int64)
    return (inputs, labels)
  }

  @Test("a training loop is yours to write")
  func trainingLoop() {
    Generator(seed: 0).asDefault {
      let (inputs, labels) = exclusiveOr()
      let model = NeuralNet()
      #expect(
        model.namedParameters().map(\.name) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"])

      let optimizer = Adam(model.parameters(), lr: 0.05)
      var loss = Tensor(0.0)
      for _ in 0..<200 {
        loss = F.crossEntropy(model(inputs), labels)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
      }
      #expect(loss.item() < 0.1)
      let accuracy = model(inputs).argmax(dim: 1).eq(labels).to(.float32).mean()
      #expect(accuracy.item() > 0.97)
    }
  }

  @Test("or nobody's: fit")
  func fit() throws {
    try Generator(seed: 0).asDefault {
      let (inputs, labels) = exclusiveOr()
      let records = (0..<256).map { (inputs[$0].array(of: Float.self), labels[$0].item(Int.self)) }
      let loader = DataLoader(
        ArrayDataset(records),
        batches: BatchSampler(RandomSampler(recordCount: 256, seed: 3), batchSize: 32)
      ) { batch in
        (x: Tensor(batch.map(\.0)), y: Tensor(batch.map(\.1)))
      }
      let model = NeuralNet()
      let trainer = try Trainer<(x: Tensor, y: Tensor)>(
        model, optimizer: Adam(model.parameters(), lr: 0.05)
      ) { .classification(model($0.x), $0.y) }
      let history = try trainer.fit(loader, epochs: 20)
      #expect(history.training.count == 20)
      #expect(history.training[19].loss < history.training[0].loss)
      #expect((history.training[19]["accuracy"] ?? 0) > 0.95)
    }
  }

  @Test("state dicts carry PyTorch's names and load all or nothing")
  func stateDict() throws {
    try Generator(seed: 1).asDefault {
      let one = NeuralNet()
      let other = NeuralNet()
      try other.load(one.stateDict())
      let x = Tensor.ones([1, 2])
      #expect(other(x).array(of: Float.self) == one(x).array(of: Float.self))

      var wrong = one.stateDict()
      wrong["fc1.weight"] = Tensor.zeros([3, 3])
      #expect(throws: StateDictError.self) { try other.load(wrong) }
      #expect(other(x).array(of: Float.self) == one(x).array(of: Float.self))
    }
  }

  @Test("workers average their gradients")
  func workers() throws {
    // Ranks as threads of one process; under mpirun the same code runs as processes.
    let gradients = try World.threads(2) { world in
      let model = try Generator(seed: 7).asDefault {
        try DistributedDataParallel(Linear(1, 1, bias: false), group: world.group)
      }
      try model(Tensor.full([1, 1], Double(world.rank + 1))).sum().backward()
      return model.module.weight.grad?.item(Double.self) ?? 0
    }
    #expect(gradients == [1.5, 1.5])
  }

  @Test("a tensor and a module print as in PyTorch")
  func printing() {
    #expect("\(Tensor([1.0, 2.5] as [Float]))" == "tensor([1.0000, 2.5000])")
    #expect("\(Tensor([[1, 2], [3, 4]]))" == "tensor([[1, 2],\n        [3, 4]])")
    #expect(
      "\(NeuralNet())".hasPrefix(
        "NeuralNet(\n  (fc1): Linear(in_features=2, out_features=16, bias=True)"))
  }
}
