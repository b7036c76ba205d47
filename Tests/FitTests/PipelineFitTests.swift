import Testing
import Torus

/// `fit` over data that come as a stream.
@Suite("Fitting pipelines")
struct PipelineFitTests {
  typealias Loader = StreamLoader<Pipeline<(Tensor, Tensor)>, (Tensor, Tensor)>

  private func loader(_ count: Int) -> Loader {
    let (x, y) = CompiledModelTests.data(count, seed: 1)
    let pipeline = Pipeline.from(slices: x, y).shuffle(buffer: 16, seed: 5)
      .map { (x, y) -> (Tensor, Tensor) in (x + Tensor.randn([4]) * 0.01, y) }.prefetch(4)
    return StreamLoader(pipeline, batchSize: 8) { records in
      (Tensor.stack(records.map(\.0)), Tensor.stack(records.map(\.1)))
    }
  }

  @Test("a compiled model fits a pipeline by its batches, the last smaller one among them")
  func fits() throws {
    let model = CompiledModelTests.net()
    let m = model.compile(
      optimizer: "adam", loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"])
    let loader = loader(90)
    #expect(loader.batchCount == 12)
    let history = try m.fit(loader, epochs: 6, validation: self.loader(31), verbose: .silent)
    #expect(history.training.map(\.records) == Array(repeating: 90, count: 6))
    #expect(history.validation.map(\.records) == Array(repeating: 31, count: 6))
    #expect(history["loss"][5] < history["loss"][0])
  }
}
