import Tensors
import Testing

/// Few rows times matrices in blocks of 8 and 4 bits, which are read as they lie. Levels hold for all threads,
/// so that each test is a process of its own.
@Suite("Products with blocks")
struct BlockProductTests {
  @Test("a few rows give what the written-out matrix gives, at every level")
  func levels() async {
    await #expect(processExitsWith: .success) {
      for level in Compute.Level.allCases where Compute.use(level) {
        for format in [BlockTensor.Format.q8_0, .q4_0, .nf4] {
          for (rows, outputs, inputs) in [
            (1, 7, 64), (1, 320, 96), (3, 18, 288), (8, 64, 32), (9, 33, 64),
          ] {
            let generator = Generator(seed: UInt64(rows + outputs))
            let x = Tensor.randn([rows, inputs], generator: generator)
            let weight = Tensor.randn([outputs, inputs * 2], generator: generator)
            let bias = Tensor.randn([outputs], generator: generator)
            // Whole rows of blocks, and transposed ones that are whole only where outputs allow it.
            let lying = BlockTensor(weight.narrowed(dim: 1, start: 0, length: inputs), format)
            let product = x.linear(lying, bias)
            #expect(
              near(product, x.linear(lying.tensor(), bias), 1e-6), "\(level) \(format) \(rows)")
            guard outputs * inputs % format.blockSize == 0 else { continue }
            let turned = BlockTensor(
              weight.narrowed(dim: 1, start: inputs, length: inputs).t, format)
            let other = x.linear(turned, isTransposed: true)
            #expect(
              near(other, x.matmul(turned.tensor()), 1e-6), "\(level) \(format) \(rows) transposed")
            #expect(other.shape == [rows, outputs])
          }
        }
      }
    }
  }

  @Test("results do not depend on the number of threads, nor on strides and further dimensions")
  func threads() async {
    await #expect(processExitsWith: .success) {
      let generator = Generator(seed: 2)
      let weight = BlockTensor(Tensor.randn([512, 512], generator: generator), .q8_0)
      let x = Tensor.randn([512, 4], generator: generator).t
      var results: [[Tensor]] = []
      let threads = Compute.threads
      defer { Compute.setThreads(threads) }
      for count in [1, 3] {
        Compute.setThreads(count)
        results.append([
          x.linear(weight),
          x.contiguous().reshaped([2, 1, 2, 512]).linear(weight, isTransposed: true),
        ])
      }
      #expect(results[0][0].equal(results[1][0]) && results[0][1].equal(results[1][1]))
      #expect(results[0][1].shape == [2, 1, 2, 512])
    }
  }

  @Test("rows of half types are multiplied in float32 and rounded once")
  func halves() {
    let generator = Generator(seed: 4)
    let weight = BlockTensor(Tensor.randn([40, 64], generator: generator), .q8_0)
    for dtype in [DType.bfloat16, .float16] {
      let x = Tensor.randn([3, 64], generator: generator).to(dtype)
      let product = x.linear(weight)
      #expect(product.dtype == dtype)
      #expect(product.equal(x.to(.float32).linear(weight).to(dtype)), "\(dtype)")
    }
  }

  @Test("gradients of few rows are those of the written-out matrix")
  func gradients() {
    let generator = Generator(seed: 3)
    let weight = BlockTensor(Tensor.randn([64, 96], generator: generator), .q8_0)
    let x = Tensor.randn([2, 96], generator: generator).requiringGrad()
    let y = x.detach().requiringGrad()
    x.linear(weight).sum().backward()
    y.linear(weight.tensor()).sum().backward()
    #expect(x.grad.map { near($0, y.grad ?? x, 1e-6) } == true)
  }
}
