import NN
import Tensors
import Testing

/// Hooks around modules' forward and backward passes.
@Suite("Hooks of modules")
struct ModuleHookTests {
  private func layer(_ weight: [[Double]]) throws -> Linear {
    let layer = Linear(weight[0].count, weight.count, bias: false)
    layer.weight.assign(Tensor(weight))
    return layer
  }

  @Test("see and replace what goes in and what comes out, in order of registration")
  func forward() throws {
    let layer = try layer([[2, 0], [0, 3]])
    let x = Tensor([[1, 1]], dtype: .float32)
    var seen: [String] = []
    let before = layer.registerForwardPreHook { module, inputs in
      seen.append("pre \(module === layer) \(inputs[0].shape)")
      return [inputs[0] * 10]
    }
    let after = layer.registerForwardHook { _, inputs, output -> Tensor? in
      seen.append("after \(inputs[0].array(of: Float.self)) \(output.array(of: Float.self))")
      return output + 1
    }
    let looking = layer.registerForwardHook { _, _, output in
      seen.append("looked \(output.array(of: Float.self))")
    }
    #expect(layer(x).array(of: Float.self) == [21, 31])
    #expect(
      seen == ["pre true [1, 2]", "after [10.0, 10.0] [20.0, 30.0]", "looked [21.0, 31.0]"])
    // The forward pass alone has none.
    #expect(layer.forward(x).array(of: Float.self) == [2, 3])
    before.remove()
    before.remove()
    #expect(layer(x).array(of: Float.self) == [3, 4])
    after.remove()
    looking.remove()
    seen = []
    #expect(layer(x).array(of: Float.self) == [2, 3] && seen.isEmpty)
  }

  @Test("run inside Sequential, by any Layer, and not for another's number")
  func nested() throws {
    let model = Sequential(Linear(3, 4), ReLU(), Linear(4, 2))
    var shapes: [String: [Int]] = [:]
    let handles = model.namedModules().map { name, module in
      module.registerForwardHook { _, _, output in shapes[name] = output.shape }
    }
    _ = model(Tensor.ones([5, 3]))
    #expect(shapes == ["": [5, 2], "0": [5, 4], "1": [5, 4], "2": [5, 2]])
    shapes = [:]
    handles[0].remove()
    let other = model.registerForwardHook { _, _, _ in shapes["other"] = [] }
    handles[0].remove()
    _ = model(Tensor.ones([5, 3]))
    #expect(shapes.keys.sorted() == ["0", "1", "2", "other"])
    other.remove()
  }

  @Test("see and replace gradients on the way back")
  func backward() throws {
    let model = Sequential(try layer([[1, 2], [3, 4]]), try layer([[1, -1]]))
    var seen: [[[Float]?]] = []
    let handle = model[1].registerFullBackwardHook { _, inputs, outputs -> [Tensor?]? in
      seen.append((inputs + outputs).map { $0?.array(of: Float.self) })
      return inputs.map { $0.map { $0 * 2 } }
    }
    model[0].registerFullBackwardHook { _, inputs, outputs in
      seen.append((inputs + outputs).map { $0?.array(of: Float.self) })
    }
    model(Tensor([[1, 1]], dtype: .float32)).sum().backward()
    // The first layer's input wants no gradient, so it is told of none.
    #expect(seen == [[[1, -1], [1]], [nil, [2, -2]]])
    #expect(model[0, as: Linear.self].weight.grad?.array(of: Float.self) == [2, 2, -2, -2])
    #expect(model[1, as: Linear.self].weight.grad?.array(of: Float.self) == [3, 7])
    handle.remove()
    model.zeroGrad()
    model(Tensor([[1, 1]], dtype: .float32)).sum().backward()
    #expect(seen.last == [nil, [1, -1]])
    #expect(noGrad { model(Tensor([[1, 1]], dtype: .float32)).item() } == -4)
  }

  final class Scorer: Module, Hookable {
    let fc = Linear(2, 2)
    func callAsFunction(_ x: Tensor, scale: Double) -> Tensor {
      withHooks(x) { fc($0) * scale }
    }
  }

  @Test("run around modules of other signatures")
  func signatures() {
    var outputs: [String: [Int]] = [:]
    func note(_ name: String, _ module: Module) {
      module.registerForwardHook { _, _, output in outputs[name] = output.shape }
    }
    let (lstm, attention) = (LSTM(3, 4), MultiheadAttention(4, 2))
    let (loss, cell, scorer) = (CrossEntropyLoss(), GRUCell(3, 4), Scorer())
    let encoder = TransformerEncoderLayer(TransformerSettings(dModel: 4, nhead: 2))
    for (name, module) in [
      ("lstm", lstm), ("attention", attention), ("loss", loss), ("cell", cell),
      ("scorer", scorer), ("encoder", encoder), ("embedding", table),
    ] as [(String, Module)] { note(name, module) }
    let y = lstm(Tensor.ones([5, 2, 3])).output
    _ = encoder(attention(y, y, y).output)
    _ = cell(Tensor.ones([2, 3]))
    _ = scorer(Tensor.ones([1, 2]), scale: 2)
    _ = loss(Tensor.ones([2, 3]), Tensor([0, 1]))
    _ = table(Tensor([[0, 1, 2]]))
    #expect(
      outputs == [
        "lstm": [5, 2, 4], "attention": [5, 2, 4], "encoder": [5, 2, 4], "cell": [2, 4],
        "scorer": [1, 2], "loss": [], "embedding": [1, 3, 2],
      ])
  }

  private let table = Embedding(3, 2)

  final class Deaf: Module {
    func callAsFunction(_ x: Tensor) -> Tensor { x }
  }

  @Test("are refused by a module whose calls would not run them")
  func refused() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      Deaf().registerForwardHook { _, _, _ in }
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("Deaf: its calls run no hooks: adopt Layer"))
  }
}
