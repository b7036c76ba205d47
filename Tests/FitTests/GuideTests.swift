import Foundation
import Testing
import Torus

/// The examples of docs/modules.md and docs/fit.md.
@Suite("The guides to modules and to fitting")
struct GuideTests {
  final class NeuralNet: Module, Layer {
    let fc1 = Linear(784, 128)
    let fc2 = Linear(128, 10)
    func forward(_ x: Tensor) -> Tensor { fc2(fc1(x).relu()) }
  }

  final class Scale: Module, Layer {
    let weight = Parameter(Tensor.randn(8, 8) / 8)
    let shift = Parameter(Tensor.zeros(8))
    let positions = Buffer(Tensor.arange(8) / 8)  // in the state dict, but not trained

    func forward(_ x: Tensor) -> Tensor {
      x.matmul(weight) * 2 + shift + positions[..<x.size(-1)]
    }
  }

  final class Scorer: Module, Hookable {
    let fc = Linear(8, 2)
    func callAsFunction(_ x: Tensor, scale: Double) -> Tensor {
      withHooks(x) { fc($0) * scale }
    }
  }

  final class Norms: Module {
    let ln1 = LayerNorm(8)
    let ln2 = LayerNorm(8)
    override class var stateNames: [String: String] { ["ln1": "ln_1", "ln2": "ln_2"] }
  }

  @Test("what docs/modules.md shows works")
  func modules() throws {
    let model = Sequential(Linear(784, 128), ReLU(), Lambda { $0 * 2 }, Linear(128, 10))
    model[0, as: Linear.self].weight.requiresGrad = false
    let named = Sequential(["fc1": Linear(784, 128), "act": ReLU()])
    named.append(Linear(128, 10), named: "fc2").append { F.logSoftmax($0, dim: -1) }
    let blocks = ModuleList((0..<4).map { _ in Linear(8, 8) })
    let heads = ModuleDict(["topic": Linear(8, 3), "tone": Linear(8, 2)])
    #expect(blocks.parameters().count == 8 && heads.parameters().count == 4)

    let fc = try named.getSubmodule("fc2", as: Linear.self)
    let bias = try named.getParameter("fc2.bias")
    named.apply { if let linear = $0 as? Linear { Init.xavierUniform(linear.weight) } }
    #expect(Norms().stateDict().names.first == "ln_1.weight")
    let norm = Scale().weight.value.norm().item()
    #expect(norm > 0 && Scale()(Tensor.ones([2, 8])).shape == [2, 8])
    let twin = named.copy()
    #expect(fc.bias === bias && twin.stateDict().names == named.stateDict().names)

    var features: [String: Tensor] = [:]
    let handle = model[0].registerForwardHook { _, _, output in features["fc1"] = output.detach() }
    model[3].registerFullBackwardHook { _, gradInputs, gradOutputs in
      features["gradient"] = gradOutputs[0]
    }
    model(Tensor.ones([2, 784])).sum().backward()
    handle.remove()
    #expect(features["fc1"]?.shape == [2, 128] && features["gradient"]?.shape == [2, 10])

    let text = NeuralNet().summary(Tensor.zeros([64, 784])).description
    let scored = Scorer().summary { _ = $0(Tensor.ones([4, 8]), scale: 0.5) }
    #expect(text.contains("101,770") && scored["fc"]?.outputShape == [4, 2])

    let normed = weightNorm(Linear(20, 40))
    let bounded = spectralNorm(Conv2d(3, 8, 3))
    Prune.l1Unstructured(named["fc2", as: Linear.self], "weight", amount: 0.3)
    Prune.globalUnstructured([(blocks[0], "weight"), (blocks[1], "weight")], amount: 20)
    Prune.remove(named["fc2", as: Linear.self], "weight")
    #expect(normed.isParametrized("weight") && bounded.isParametrized("weight"))

    let (image, words) = (Input(1, 28, 28), Input(nil, dtype: .int64))
    let seen = ReLU()(Linear(784, 64)(Flatten()(image)))
    let read = Embedding(1000, 64)(words).map { $0.mean(dim: 1) }
    let both = SymbolicTensor.cat([seen, read])
    let graph = FunctionalModel(
      inputs: [image, words],
      outputs: [Linear(128, 10)(both, named: "topic"), Linear(128, 1)(both)])
    let outputs = graph([Tensor.zeros([2, 1, 28, 28]), Tensor.zeros([2, 7], dtype: .int64)])
    #expect(outputs.map(\.shape) == [[2, 10], [2, 1]])
  }

  @Test("what docs/fit.md shows works")
  func fitting() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "torus-guide-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let ((x, y), (xv, yv)) = (
      CompiledModelTests.data(60, seed: 1), CompiledModelTests.data(9, seed: 2)
    )
    let model = CompiledModelTests.net()
    do {
      let m = model.compile(
        optimizer: "adam", loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"])
      m.fit(x, y, epochs: 10, validation: (xv, yv), batchSize: 32)
      let figures = m.evaluate(xv, yv)
      let logits = m.predict(xv)
      #expect(figures.records == 9 && logits.shape == [9, 3])
    }
    let m = model.compile(loss: .sparseCategoricalCrossEntropy)
    func within(_ name: String) -> String { folder.appending(path: name).path }
    let history = m.fit(
      x, y, epochs: 50, validationSplit: 0.2,
      callbacks: [
        .earlyStopping(patience: 5, restoreBestWeights: true),
        .bestCheckpoint(to: within("best.pth")),
        .reduceLROnPlateau(patience: 2), .csvLogger(to: within("history.csv")), .terminateOnNaN(),
        .lambda { session in if session.epoch == 3 { session.stop("enough") } },
      ], verbose: .silent)
    let curve = history["val_loss"]
    let text = "\(history)" + history.plot()
    #expect(curve.count == 3 && history.stoppedBy == "enough" && text.contains("enough"))
  }

  @Test("and is all that they show", arguments: ["modules", "fit"])
  func isComplete(page: String) throws {
    func lines(_ text: some StringProtocol) -> [String] {
      text.split(whereSeparator: \.isNewline).map { line in
        // Files of a test have a folder, and it says nothing.
        line.trimmingCharacters(in: .whitespaces)
          .replacing("within(\"best.pth\")", with: "\"best.pth\"")
          .replacing("within(\"history.csv\")", with: "\"history.csv\"")
          .replacing("], verbose: .silent)", with: "])")
      }
    }
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..")
    let guide = try String(
      contentsOf: root.appending(path: "docs/\(page).md"), encoding: .utf8)
    let here = Set(lines(try String(contentsOfFile: #filePath, encoding: .utf8)))
    let blocks = guide.components(separatedBy: "```swift\n").dropFirst()
    #expect(blocks.count == (page == "modules" ? 10 : 2))
    for block in blocks {
      for line in lines(block.components(separatedBy: "```")[0]) {
        #expect(here.contains(line), "\(line)")
      }
    }
  }
}
