import Tensors
import Testing

/// Walks over several steps, whose weights are packed once, beside single steps, whose are not.
@Suite("Recurrent walks and single steps")
struct RecurrentStepTests {
  @Test(
    "states and gradients of a walk are those of its steps",
    arguments: [RecurrentKind.lstm, .gru, .rnnTanh], [DType.float32, .float64])
  func steps(kind: RecurrentKind, dtype: DType) throws {
    // The last states are of fewer rows than are packed for; a chunk of k is 384 steps of float32, or 192.
    for (sizes, hidden) in [([20, 20, 17, 13, 5], 40), ([33, 30], 401)] {
      let generator = Generator(seed: 3)
      func leaf(_ shape: [Int]) -> Tensor {
        (Tensor.randn(shape, generator: generator) * 0.1).to(dtype).requiringGrad()
      }
      let total = sizes.reduce(0, +)
      let leaves = [
        leaf([total, 9]), leaf([kind.gates * hidden, 9]), leaf([kind.gates * hidden, hidden]),
        leaf([kind.gates * hidden]), leaf([kind.gates * hidden]), leaf([sizes[0], hidden]),
      ]
      let slope = Tensor.randn([total, hidden], generator: generator).to(dtype)
      func weights() -> RecurrentWeights {
        RecurrentWeights(
          inputHidden: leaves[1], hiddenHidden: leaves[2], inputBias: leaves[3],
          hiddenBias: leaves[4])
      }
      let whole = F.recurrent(
        kind, leaves[0], batchSizes: sizes, weights: weights(), hidden: leaves[5])
      let expected = grad(of: [whole.output], withRespectTo: leaves, gradients: [slope])
      var (states, from) = ([Tensor](), 0)
      var (state, cell): (Tensor, Tensor?) = (leaves[5], nil)
      for size in sizes {
        let next = F.recurrent(
          kind, leaves[0][from..<(from + size)], batchSizes: [size], weights: weights(),
          hidden: state[0..<size], cell: cell.map { $0[0..<size] })
        (state, cell) = (next.hidden, next.cell)
        states.append(next.output)
        from += size
      }
      let output = Tensor.cat(states, dim: 0)
      let near = dtype == .float64 ? 1e-12 : 2e-5
      #expect(whole.output.allClose(output, rtol: near, atol: near), "\(sizes)")
      let found = grad(of: [output], withRespectTo: leaves, gradients: [slope])
      for (place, (a, b)) in zip(expected, found).enumerated() {
        let (a, b) = (try #require(a), try #require(b))
        #expect(a.allClose(b, rtol: near * 10, atol: near * 10), "\(sizes), operand \(place)")
      }
    }
  }

  @Test("results do not depend on the number of threads")
  func threads() async {
    await #expect(processExitsWith: .success) {
      let generator = Generator(seed: 5)
      let x = Tensor.randn([96, 16], generator: generator).requiringGrad()
      let weights = RecurrentWeights(
        inputHidden: Tensor.randn([480, 16], generator: generator),
        hiddenHidden: Tensor.randn([480, 120], generator: generator) * 0.1)
      var results: [[Tensor]] = []
      for count in [1, 3] {
        Compute.setThreads(count)
        let y = F.recurrent(.lstm, x, batchSizes: [48, 48], weights: weights).output
        results.append([y] + grad(of: [y.sum()], withRespectTo: [x]).compactMap { $0 })
      }
      #expect(results[0].count == 2)
      for (one, three) in zip(results[0], results[1]) { #expect(one.equal(three)) }
    }
  }
}
