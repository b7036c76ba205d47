import Foundation
import Testing
import Torus

/// `compile` and `fit` as in Keras.
@Suite("Compiled models")
struct CompiledModelTests {
  /// Points of three clusters.
  static func data(_ count: Int, seed: UInt64) -> (Tensor, Tensor) {
    let labels = Tensor((0..<count).map { $0 % 3 })
    let noise = Tensor.randn([count, 4], generator: Generator(seed: seed)) * 0.3
    return (F.oneHot(labels, numClasses: 4).to(.float32) + noise, labels)
  }

  static func net() -> Sequential {
    Generator(seed: 2).asDefault { Sequential(Linear(4, 16), ReLU(), Linear(16, 3)) }
  }

  @Test("two statements train, judge and predict")
  func twoStatements() throws {
    let ((x, y), (xv, yv)) = (Self.data(90, seed: 1), Self.data(31, seed: 2))
    let model = Self.net()
    let m = model.compile(
      optimizer: "adam", loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"])
    let history = m.fit(
      x, y, epochs: 10, validation: (xv, yv), batchSize: 8, verbose: .silent)
    #expect(history.names == ["loss", "accuracy", "val_loss", "val_accuracy"])
    #expect(history["loss"].count == 10 && history["val_loss"].count == 10)
    #expect(history["loss"][9] < history["loss"][0] && m.epochs == 10)
    #expect(history.training[0].records == 90 && history.validation[0].records == 31)
    let figures = m.evaluate(xv, yv, batchSize: 7)
    #expect(abs((figures["accuracy"] ?? 0) - (history["val_accuracy"].last ?? 1)) < 1e-12)
    let logits = m.predict(xv, batchSize: 10)
    #expect(logits.shape == [31, 3] && model.isTraining && !logits.requiresGrad)
    let right = logits.argmax(dim: -1).eq(yv).to(.float32).mean().item()
    #expect(abs(right - (figures["accuracy"] ?? 0)) < 1e-6)
    // Epochs count from the call, with orders of their own.
    let again = m.fit(x, y, epochs: 2, verbose: .silent)
    #expect(again["loss"].count == 2 && m.epochs == 12 && again.validation.isEmpty)
    #expect(again["accuracy"].last ?? 0 > 0.7)
    let text = history.description.split(whereSeparator: \.isNewline)
    #expect(text.count == 11 && text[0].hasPrefix("epoch") && text[0].hasSuffix("val_accuracy"))
    #expect(history.plot().contains("val_loss"))
  }

  @Test("figures are those of all records, whatever the number of ranks", arguments: [2, 3])
  func ranks(count: Int) throws {
    @Sendable func run(_ group: ProcessGroup?) -> [Double] {
      let ((x, y), (xv, yv)) = (Self.data(30, seed: 3), Self.data(17, seed: 4))
      let names: [FitMetric] = [
        "accuracy", "top_2_accuracy", "precision", "recall_micro", "f1_weighted", "perplexity",
        "matthews_correlation", "confusion_matrix",
      ]
      let model = Self.net()
      let m = model.compile(
        optimizer: SGD(model.parameters(), lr: 0.1), loss: .sparseCategoricalCrossEntropy,
        metrics: names, group: group)
      let judged = m.evaluate(xv, yv, batchSize: 4)
      let history = m.fit(x, y, epochs: 1, batchSize: 12, verbose: .silent)
      let rows = m.predict(xv).array(of: Float.self)
      return (judged.values + history.training[0].values).map(\.value)
        + [Double(rows.count), Double(rows[16]), Double(m.confusionMatrix?.records ?? 0)]
    }
    let alone = run(nil)
    // The loss and seven figures, twice.
    #expect(alone.count == 2 * 8 + 3)
    #expect(alone.last == 30 && alone[alone.count - 3] == 51)
    let together = try World.threads(count) { world in run(world.group) }
    for figures in together {
      #expect(figures.count == alone.count)
      // Batches' losses are added up in float32, in parts of other sizes.
      for (here, there) in zip(figures, alone) { #expect(abs(here - there) < 2e-5) }
    }
  }

  @Test("figures are scikit-learn's")
  func figures() throws {
    // Outputs of one class, told by the loss' threshold of 0: 1 1 0 0 1 0 against 1 0 0 1 1 0.
    let x = Tensor([[2], [1], [-1], [-2], [3], [-3]], dtype: .float32)
    let y = Tensor([1, 0, 0, 1, 1, 0])
    let model = Sequential(Lambda { $0 * 1 }, Linear(1, 1))
    model[1, as: Linear.self].weight.assign(Tensor([[1]], dtype: .float32))
    model[1, as: Linear.self].bias?.assign(Tensor([0], dtype: .float32))
    let m = model.compile(
      loss: .binaryCrossEntropy,
      metrics: ["accuracy", "precision", "recall", "f1", "auc", "average_precision"])
    let figures = m.evaluate(x, y, batchSize: 4)
    func value(_ name: String) -> Double { figures[name] ?? .nan }
    #expect(abs(value("accuracy") - 4 / 6.0) < 1e-12 && abs(value("precision") - 2 / 3.0) < 1e-12)
    #expect(abs(value("recall") - 2 / 3.0) < 1e-12 && abs(value("f1") - 2 / 3.0) < 1e-12)
    // Scores 3 2 1 -1 -2 -3 of classes 1 1 0 0 1 0: 7 of 9 pairs are in order.
    #expect(abs(value("auc") - 7 / 9.0) < 1e-12)
    #expect(abs(value("average_precision") - (1 + 1 + 3 / 5.0) / 3) < 1e-12)
    let regression = model.compile(loss: "mse", metrics: ["mae", "mse", "r2"])
    let errors = regression.evaluate(x, x * 2)
    #expect(abs((errors["mae"] ?? 0) - 2) < 1e-6 && abs((errors["mse"] ?? 0) - 28 / 6.0) < 1e-6)
    #expect(abs(errors.loss - 28 / 6.0) < 1e-6 && abs((errors["r2"] ?? 1) - 0.75) < 1e-6)
  }

  @Test("callbacks stop, reduce, save, log and look on")
  func callbacks() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "torus-callbacks-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    func path(_ name: String) -> String { folder.appending(path: name).path }
    let ((x, y), (xv, yv)) = (Self.data(60, seed: 5), Self.data(12, seed: 6))
    let model = Self.net()
    // Nothing is learnt, so that nothing gets better after the first epoch.
    let optimizer = SGD(model.parameters(), lr: 1e-30)
    let m = model.compile(optimizer: optimizer, loss: "sparse_categorical_crossentropy")
    var epochs: [Int] = []
    let history = m.fit(
      x, y, epochs: 9, validation: (xv, yv),
      callbacks: [
        .earlyStopping(patience: 3, restoreBestWeights: true),
        .reduceLROnPlateau(factor: 0.5, patience: 2),
        .bestCheckpoint(to: path("best.pth")), .lastCheckpoint(to: path("last.pth")),
        .csvLogger(to: path("log.csv")), .jsonLogger(to: path("log.jsonl")),
        .lambda { epochs.append($0.epoch) },
      ], verbose: .silent)
    #expect(epochs == [1, 2, 3, 4] && history["loss"].count == 4)
    #expect(history.stoppedBy == "val_loss has been no better for 3 epochs")
    #expect(optimizer.groups[0].lr == 5e-31)
    let best = try load(from: path("best.pth"))
    #expect(try best.int("epoch") == 1 && best.double("val_loss") == history["val_loss"][0])
    #expect(try load(from: path("last.pth")).int("epoch") == 4)
    let twin = Self.net()
    try twin.load(best.stateDict("model"))
    let lines = try String(contentsOfFile: path("log.csv"), encoding: .utf8)
      .split(whereSeparator: \.isNewline)
    #expect(lines.count == 5 && lines[0] == "epoch,loss,val_loss,learning_rate")
    #expect(lines[4].hasPrefix("4,") && lines[4].hasSuffix(",5e-31"))
    let json = try String(contentsOfFile: path("log.jsonl"), encoding: .utf8)
    #expect(json.hasPrefix("{\"epoch\": 1, \"loss\": ") && json.hasSuffix("}\n"))
  }

  @Test("a loss that is not finite ends the training, or the process")
  func notFinite() throws {
    let (x, y) = Self.data(12, seed: 7)
    let model = Self.net()
    let m = model.compile(
      optimizer: "sgd",
      loss: .custom { outputs, _ in outputs.mean() * Double.nan })
    let before = model.stateDict()
    let history = m.fit(x, y, epochs: 3, callbacks: [.terminateOnNaN()], verbose: .silent)
    #expect(history.training.isEmpty && history.stoppedBy?.contains("became NaN") == true)
    for (name, tensor) in model.stateDict() {
      #expect(tensor.array(of: Float.self) == before[name]?.array(of: Float.self))
    }
    let loader = DataLoader(TensorDataset(x, y), batchSize: 4)
    #expect(throws: TrainingError.self) { try m.fit(loader, epochs: 1, verbose: .silent) }
    let good = model.compile(loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"])
    #expect(try good.fit(loader, epochs: 2, verbose: .silent)["loss"].count == 2)
    #expect(try good.evaluate(loader).records == 12)
    let split = good.fit(x, y, validationSplit: 0.25, verbose: .silent)
    #expect(split.training[0].records == 9 && split.validation[0].records == 3)
  }

  @Test("a functional model of two outputs has two losses")
  func functional() throws {
    let (x, y) = Self.data(24, seed: 8)
    let input = Input(4)
    let hidden = ReLU()(Linear(4, 8)(input))
    let model = FunctionalModel(
      inputs: [input], outputs: [Linear(8, 3)(hidden), Linear(8, 1)(hidden)])
    let m = model.compile(
      losses: [.sparseCategoricalCrossEntropy, "mse"], lossWeights: [1, 0.5], metrics: ["accuracy"])
    let figures = m.evaluate([x], [y, y])
    #expect(figures.values.map(\.name) == ["loss", "output_0_accuracy", "output_1_accuracy"])
    let before = figures.loss
    m.fit([x], [y, y], epochs: 5, verbose: .silent)
    #expect(m.evaluate([x], [y, y]).loss < before)
    #expect(m.predict([x]).map(\.shape) == [[24, 3], [24, 1]])
  }

  @Test("an optimizer of another model's parameters is refused")
  func otherOptimizer() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let other = SGD(Linear(2, 2).parameters(), lr: 0.1)
      _ = Linear(2, 2).compile(optimizer: other, loss: "mse")
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("holds none of the model's parameters"))
  }

  @Test("names that are not there are refused with those that are")
  func unknown() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Linear(1, 1).compile(optimizer: "adan", loss: "mse", metrics: ["accuracy"])
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("there is no optimizer \"adan\"") && text.contains("adamw"))
  }

  @Test("a model without parameters is refused by its name")
  func nothingToTrain() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Sequential(ReLU()).compile(loss: "mse")
    }
    let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(text.contains("Sequential has no parameters to train"))
  }

  @Test("what cannot be fitted is said by name")
  func unfit() async throws {
    func said(_ result: ExitTest.Result?) -> String {
      String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
    let classes = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let model = Sequential(Linear(2, 3), Softmax(dim: -1))
      model.compile(loss: .categoricalCrossEntropy(fromLogits: false))
        .fit(Tensor.ones([3, 2]), Tensor([0, 1, 2]))
    }
    #expect(said(classes).contains("targets of [3] are no probabilities of the outputs' shape"))
    let fraction = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let m = Linear(2, 3).compile(loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"])
      m.fit(Tensor.ones([3, 2]), Tensor([0.0, 1.0, 2.0]), verbose: .silent)
      m.fit(Tensor.ones([3, 2]), Tensor([0, 1.5, 2]))
    }
    #expect(said(fraction).contains("labels are whole numbers of classes, not 1.5"))
    let share = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      Linear(1, 1).compile(loss: "mse").fit(
        Tensor.ones([4, 1]), Tensor.ones([4, 1]), validationSplit: .nan)
    }
    #expect(said(share).contains("fit: a validation share of nan leaves no records"))
    let loss = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      Linear(1, 1).compile(loss: .custom("plain") { ($0 - $1).square() })
        .fit(Tensor.ones([4, 1]), Tensor.ones([4, 1]))
    }
    #expect(said(loss).contains("fit: the loss plain is [4, 1], not one number"))
    let file = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      Linear(1, 1).compile(loss: "mse").fit(
        Tensor.ones([4, 1]), Tensor.ones([4, 1]), callbacks: [.csvLogger(to: "/nowhere/a/b.csv")])
    }
    #expect(said(file).contains("Create the folder /nowhere/a") && !said(file).contains("Domain"))
    let frozen = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let model = Linear(1, 1)
      for parameter in model.parameters() { parameter.requiresGrad = false }
      model.compile(loss: "mse").fit(Tensor.ones([4, 1]), Tensor.ones([4, 1]))
    }
    #expect(said(frozen).contains("fit: there is nothing to train"))
    let none = DataLoader(
      TensorDataset(Tensor.ones([4, 1]), Tensor.ones([4, 1])), batchSize: 8, dropLast: true)
    #expect(throws: TrainingError.self) { try Linear(1, 1).compile(loss: "mse").fit(none) }
  }

  @Test("what cannot be predicted is said with its shape")
  func unpredicted() async {
    func said(_ result: ExitTest.Result?) -> String {
      String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
    let sum = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      final class Total: Module, Layer {
        let first = Linear(2, 1)
        func forward(_ x: Tensor) -> Tensor { first(x).sum() }
      }
      _ = Total().compile(loss: "mse").predict(Tensor.ones([4, 2]))
    }
    #expect(
      said(sum).contains("predict: the model makes [] of 4 records, and a row for each is expected")
    )
    let single = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Linear(1, 1).compile(loss: "mse").predict(Tensor(1.0))
    }
    #expect(said(single).contains("predict: inputs [[]] hold a single number"))
    let empty = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Linear(1, 1).compile(loss: "mse").predict(Tensor.zeros([0, 1]))
    }
    #expect(said(empty).contains("predict: there are no records: inputs [[0, 1]]"))
  }
}
