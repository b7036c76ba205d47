import NN
import TensorTesting
import Tensors
import Testing

/// Sequences, lists and dictionaries of modules.
@Suite("Containers of modules")
struct ContainerTests {
  @Test("a sequence takes names, functions and layers that come later")
  func sequential() throws {
    let model = Sequential(["fc1": Linear(3, 4), "act": ReLU()])
    model.append(Linear(4, 2), named: "fc2").append { $0 * 2 }
    #expect(model.stateDict().names == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"])
    #expect(model.namedChildren().map(\.name) == ["fc1", "act", "fc2", "3"])
    #expect(model.count == 4 && model["fc1", as: Linear.self].weight.shape == [4, 3])
    #expect(model[2, as: Linear.self] === model["fc2"] && model["fc3"] == nil)
    let x = Tensor.randn([5, 3], generator: Generator(seed: 1))
    let expected = model[0..<3](x) * 2
    #expect(model(x).array(of: Float.self) == expected.array(of: Float.self))
    #expect(model.description.hasPrefix("Sequential(\n  (fc1): Linear(in_features=3"))

    let numbered = Sequential(Linear(3, 4), Lambda { $0.tanh() }, Linear(4, 2))
    numbered.remove(at: 1)
    numbered.insert(Sigmoid(), at: 0)
    #expect(numbered.namedChildren().map(\.name) == ["0", "1", "2"])
    numbered.layers.append(Tanh())
    numbered[3] = ReLU()
    #expect(numbered.stateDict().names == ["1.weight", "1.bias", "2.weight", "2.bias"])
    #expect(numbered[3] is ReLU && numbered(x).shape == [5, 2])
  }

  final class Net: Module, Layer {
    let blocks = ModuleList((0..<2).map { _ in Linear(3, 3) })
    let mixed = ModuleList<any Layer>([Linear(3, 3), Tanh()])
    let heads = ModuleDict(["topic": Linear(3, 2), "alert": Linear(3, 1)])
    func forward(_ x: Tensor) -> Tensor {
      var y = blocks.reduce(x) { $1($0) }
      for layer in mixed { y = layer(y) }
      return heads.values.reduce(y.sum(dim: -1, keepDim: true)) { $0 + $1(y) }
    }
  }

  @Test("lists and dictionaries name what they hold, in order")
  func listsAndDictionaries() throws {
    let net = Net()
    #expect(
      net.namedParameters().map(\.name) == [
        "blocks.0.weight", "blocks.0.bias", "blocks.1.weight", "blocks.1.bias", "mixed.0.weight",
        "mixed.0.bias", "heads.topic.weight", "heads.topic.bias", "heads.alert.weight",
        "heads.alert.bias",
      ])
    #expect(net(Tensor.ones([4, 3])).shape == [4, 2])
    // As PyTorch 2.13 prints them.
    let three = ModuleList<any Layer>([LayerNorm(4), LayerNorm(4), GroupNorm(2, 4, affine: false)])
    #expect(
      three.description == """
        ModuleList(
          (0-1): 2 x LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)
          (2): GroupNorm(2, 4, eps=1e-05, affine=False, bias=False)
        )
        """)
    #expect(
      weightNorm(Linear(2, 3)).description.hasPrefix(
        "Linear(\n  in_features=2, out_features=3, bias=True\n  (parametrizations"))
    #expect(net.blocks.description.hasPrefix("ModuleList(\n  (0-1): 2 x Linear(in_features=3"))
    #expect(
      net.mixed.description.hasPrefix("ModuleList(\n")
        && net.heads.description.hasPrefix("ModuleDict(\n"))
    net.blocks.append(Linear(3, 3))
    net.blocks.remove(at: 0)
    #expect(net.blocks.count == 2 && net.blocks.namedChildren().map(\.name) == ["0", "1"])
    net.heads["topic"] = nil
    net.heads["kind"] = Linear(3, 4)
    #expect(net.heads.keys == ["alert", "kind"] && net.heads["topic"] == nil)
    #expect(net.heads.map { $0.key + "\($0.value.weight.shape)" } == ["alert[1, 3]", "kind[4, 3]"])
    net.eval()
    #expect(net.blocks[1].isTraining == false && net.heads["kind"]?.isTraining == false)
  }

  @Test("members are found by dotted names, and what is not there is said")
  func lookup() throws {
    let net = Net()
    #expect(try net.getSubmodule("") === net)
    #expect(try net.getSubmodule("blocks.1") === net.blocks[1])
    #expect(try net.getSubmodule("heads.topic", as: Linear.self).weight.shape == [2, 3])
    #expect(try net.getParameter("blocks.0.bias") === net.blocks[0].bias)
    let norm = Sequential(BatchNorm1d(3))
    #expect(try norm.getBuffer("0.running_mean").value.shape == [3])
    let error = #expect(throws: ModuleLookupError.self) { try net.getSubmodule("blocks.7.x") }
    #expect(
      error?.description == "there is no \"blocks.7.x\": below \"blocks\" there is 0, 1")
    #expect(throws: ModuleLookupError.self) { try net.getParameter("blocks.0.wait") }
  }

  @Test("apply comes to children before their parents")
  func apply() {
    var types: [String] = []
    Sequential(Sequential(Linear(1, 1), ReLU()), Tanh()).apply { types.append("\(type(of: $0))") }
    #expect(types == ["Linear", "ReLU", "Sequential", "Tanh", "Sequential"])
  }

  @Test("a position without a module is said, with those that there are")
  func positions() async {
    let r0 = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Sequential(ReLU(), Tanh())[-1] }
    #expect(says("Sequential[-1]: the modules' positions are 0 to 1", r0))
    let r1 = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Sequential()[0, as: Linear.self] }
    #expect(says("Sequential[0]: there are no modules", r1))
    let r2 = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { ModuleList([Linear(1, 1)])[1] = Linear(2, 2) }
    #expect(says("ModuleList[1]: the modules' positions are 0 to 0", r2))
  }
}
