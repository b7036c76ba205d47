import NN
import Tensors
import Testing

/// Deep copies of modules.
@Suite("Copies of modules")
struct ModuleCopyTests {
  struct Pair {
    var left: Linear
    var scale: Double
  }

  final class Note {
    var text = "note"
  }

  final class Net: Module, Layer {
    let fc: Linear
    let tied: Linear
    let norm = BatchNorm1d(3)
    let blocks: [any Layer]
    let byName: [String: Linear]
    let pair = Pair(left: Linear(3, 3), scale: 0.5)
    let tuple = (Linear(3, 3), 7)
    let note = Note()
    let function: (Tensor) -> Tensor
    var optional: Linear?
    weak var parent: Net?
    lazy var late = Linear(3, 3)

    init(_ factor: Double) {
      fc = Linear(3, 3)
      tied = fc
      blocks = [Sequential(Linear(3, 3), Tanh()), Dropout(0.5)]
      byName = ["a": Linear(3, 3)]
      function = { $0 * factor }
      super.init()
      parent = self
      _ = late
    }

    func forward(_ x: Tensor) -> Tensor {
      let y = function(norm(tied(fc(x))))
      let z = blocks.reduce(y) { $1($0) } + pair.left(x) * pair.scale + tuple.0(x)
      return (byName["a"].map { $0(z) } ?? z) + late(x)
    }
  }

  @Test("share nothing that is trained, and compute the same")
  func independent() throws {
    let net = Net(2)
    net.blocks[1].eval()
    let x = Tensor.randn([5, 3], generator: Generator(seed: 1))
    net(x).sum().backward()
    net.fc.weight.requiresGrad = false
    let copy = net.copy()
    #expect(copy.stateDict().names == net.stateDict().names)
    #expect(copy.modules().map(\.isTraining) == net.modules().map(\.isTraining))
    #expect(copy.fc === copy.tied && copy.fc !== net.fc && copy.note === net.note)
    #expect(copy.parent == nil && copy.optional == nil && copy.tuple.1 == 7)
    #expect(!copy.fc.weight.requiresGrad && copy.pair.left.weight.requiresGrad)
    let own = Set(net.parameters().map { ObjectIdentifier($0) })
    #expect(copy.parameters().allSatisfy { !own.contains(ObjectIdentifier($0)) })
    #expect(
      copy.pair.left.weight.grad?.array(of: Float.self)
        == net.pair.left.weight.grad?.array(of: Float.self))
    let before = net.eval(x)
    #expect(copy.eval(x) == before)
    for parameter in copy.parameters() { parameter.assign(parameter.value.detach() + 1) }
    copy.norm.runningMean?.value = Tensor.ones([3])
    #expect(net.eval(x) == before && copy.eval(x) != before)
  }

  @Test("have hooks, parametrizations and masks of their own, and go away")
  func details() throws {
    let model = Sequential(spectralNorm(Linear(3, 3)), Linear(3, 2), Embedding(4, 2))
    Prune.l1Unstructured(model[1], "weight", amount: 2)
    var calls = 0
    let handle = model[0].registerForwardHook { _, _, _ in calls += 1 }
    weak var gone: Module?
    do {
      let copy = model.copy()
      gone = copy
      handle.remove()
      _ = copy[0](Tensor.ones([1, 3]))
      #expect(calls == 1 && copy.stateDict().names == model.stateDict().names)
      Prune.remove(copy[1], "weight")
      #expect(Prune.isPruned(model) && !Prune.isPruned(copy))
      try copy.getParameter("0.parametrizations.weight.original").assign(Tensor.ones([3, 3]))
      #expect(
        try model.getParameter("0.parametrizations.weight.original").value[0][0].item() != 1)
    }
    #expect(gone == nil)
  }

  final class Child: Module {
    unowned let parent: Module
    init(_ parent: Module) { self.parent = parent }
  }

  @Test("what cannot be copied is said by name")
  func refused() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let parent = Linear(1, 1)
      _ = Child(parent).copy()
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("Child.parent is unowned"))
  }

  @Test("a table of given vectors is frozen unless told otherwise")
  func pretrained() {
    let vectors = Tensor([[1, 2], [3, 4], [5, 6]], dtype: .float32)
    let table = Embedding.fromPretrained(vectors, paddingIdx: 0)
    #expect(table(Tensor([0, 2])).array(of: Float.self) == [1, 2, 5, 6])
    #expect(!table.weight.requiresGrad)
    #expect(Embedding.fromPretrained(vectors, freeze: false).weight.requiresGrad)
    #expect(table.description == "Embedding(3, 2, padding_idx=0)")
    let bags = EmbeddingBag.fromPretrained(vectors, mode: .sum, paddingIdx: 1)
    #expect(bags(Tensor([[0, 1, 2]])).array(of: Float.self) == [6, 8])
    #expect(!bags.weight.requiresGrad && bags.weight.value.equal(vectors))
  }

  @Test("windows at random places take a size, or a ratio for all dimensions or for each")
  func fractional() {
    let x = Tensor.arange(72.0).reshaped(1, 2, 6, 6)
    let samples = Tensor.full([1, 2, 2], 0.5)
    let bySize = F.fractionalMaxPool2d(x, 2, outputSize: [3, 4], samples: samples)
    let byRatio = F.fractionalMaxPool2dWithIndices(
      x, 2, outputRatio: [0.5, 0.67], samples: samples)
    #expect(bySize.shape == [1, 2, 3, 4] && byRatio.values.equal(bySize))
    #expect(byRatio.indices.to(.float32).equal(bySize % 36))
    #expect(FractionalMaxPool2d(2, outputRatio: 0.5)(x).shape == [1, 2, 3, 3])
  }
}

extension ModuleCopyTests.Net {
  fileprivate func eval(_ x: Tensor) -> [Float] {
    let modes = modules().map { ($0, $0.isTraining) }
    eval()
    defer { for (module, isTraining) in modes { module.train(isTraining) } }
    return noGrad { self(x).array(of: Float.self) }
  }
}
