import NN
import Tensors
import Testing

/// What models consist of and what a pass costs.
@Suite("Summaries of models")
struct ModelSummaryTests {
  final class Net: Module, Layer {
    let features = Sequential(Conv2d(3, 8, 3, padding: 1), BatchNorm2d(8), ReLU(), MaxPool2d(2))
    let fc = Linear(128, 10)
    func forward(_ x: Tensor) -> Tensor { fc(features(x).flattened(from: 1)) }
  }

  @Test("count parameters, shapes, bytes and multiply-adds layer by layer")
  func layers() {
    let net = Net()
    net.features[3].eval()
    net.fc.weight.requiresGrad = false
    let modes = net.modules().map(\.isTraining)
    let summary = net.summary(Tensor.zeros([2, 3, 8, 8]))
    #expect(net.modules().map(\.isTraining) == modes)
    #expect(
      summary.rows.map(\.name) == [
        "", "features", "features.0", "features.1", "features.2", "features.3", "fc",
      ])
    #expect(summary.rows.map(\.depth) == [0, 1, 2, 2, 2, 2, 1])
    #expect(summary["features.0"]?.outputShape == [2, 8, 8, 8])
    #expect(
      summary["features.3"]?.outputShape == [2, 8, 4, 4] && summary[""]?.outputShape == [2, 10])
    // 8·3·3·3 + 8, 2·8, 10·128 + 10.
    #expect(summary.rows.map(\.parameters) == [0, 0, 224, 16, 0, 0, 1290])
    #expect(summary.parameters == 1530 && summary.trained == 250 && summary.parameterBytes == 6120)
    // 2·8·64 outputs of 27 products each, 2·10 of 128.
    #expect(summary["features.0"]?.multiplyAdds == 27648 && summary["fc"]?.multiplyAdds == 2560)
    #expect(summary.multiplyAdds == 30208 && summary.bufferBytes == 2 * 8 * 4 + 8)
    #expect(summary.outputBytes == 4 * (1024 * 3 + 256 + 20))
    let text = summary.description
    #expect(text.contains("Conv2d       [2, 8, 8, 8]         224") && text.contains("    0     "))
    #expect(text.contains("Parameters: 1,530, of them trained 250; 6,120 bytes"))
    #expect(text.contains("Multiply-adds: 30,208"))
  }

  final class Reader: Module {
    let table = Embedding(10, 6)
    let lstm = LSTM(6, 4, bidirectional: true)
    let attention = MultiheadAttention(8, 2)
    func callAsFunction(_ words: Tensor, scale: Double) -> Tensor {
      let y = lstm(table(words)).output
      return attention(y, y, y, needWeights: false).output * scale
    }
  }

  @Test("take models of any signature, and count calls")
  func anySignature() {
    let reader = Reader()
    let summary = reader.summary { _ = $0(Tensor.zeros([5, 3], dtype: .int64), scale: 2) }
    #expect(summary[""]?.outputShape == nil && summary["table"]?.outputShape == [5, 3, 6])
    // 15 rows, two directions, 4·4·(6 + 4) products each.
    #expect(summary["lstm"]?.multiplyAdds == 15 * 2 * 160)
    // Projections of 15 rows to 3·8 and to 8; scores and sums of 3·2 heads of 4 over 5 × 5 places.
    #expect(summary["attention"]?.multiplyAdds == 15 * 8 * 32 + 6 * 25 * 8)
    let shared = Linear(4, 4)
    let twice = Sequential(shared, shared)
    let counted = twice.summary(Tensor.zeros([2, 4]))
    #expect(counted["0"]?.calls == 2 && counted.parameters == 20 && counted.multiplyAdds == 64)
  }
}
