import Foundation
import TensorTesting
import Testing
import Torus

@Suite("Indexing and sorting rules")
struct IndexingRuleTests {
  @Test("every dtype can be picked, written, sorted and told apart", arguments: DType.allCases)
  func dtypes(dtype: DType) {
    let x = Tensor([1, 0, 1, 1]).to(dtype)
    let index = Tensor([3, 1])
    #expect(x.gather(dim: 0, index: index).dtype == dtype)
    #expect(
      x.scatterAdd(dim: 0, index: index, src: x).sum().item(Int.self) == (dtype == .bool ? 3 : 4)
    )
    #expect(x.scatterReduce(dim: 0, index: index, src: x, reduce: .amax).dtype == dtype)
    #expect(x.indexCopy(dim: 0, index: index, source: x[..<2])[3].item(Int.self) == 1)
    #expect(x.indexFill(dim: 0, index: index, value: 1).to(.int64).sum().item(Int.self) == 4)
    #expect(x.put(index, x[..<2], accumulate: true).dtype == dtype)
    #expect(x.maskedScatter(x.to(.bool), source: x).dtype == dtype)
    #expect(x.sorted().indices.array(of: Int.self) == [1, 0, 2, 3])
    #expect(x.unique().counts.array(of: Int.self) == [1, 3])
    #expect(x.topK(1).values.item(Int.self) == 1)
    #expect(x.isIn(Tensor([0]).to(dtype)).nonzero().item(Int.self) == 1)
    #expect(Tensor([0, 1]).to(dtype).searchSorted(x).array(of: Int.self) == [1, 0, 1, 1])
    #expect(x.kthValue(2).indices.count == 1)
  }

  @Test("equal elements come in PyTorch's order, or in their own where asked")
  func equalElements() {
    let x = (Tensor.arange(24) * 7).remainder(5)
    #expect(
      x.argsort().array(of: Int.self) == [
        0, 5, 20, 10, 15, 23, 3, 18, 8, 13, 1, 21, 16, 11, 6, 14, 9, 19, 4, 12, 17, 7, 22, 2,
      ])
    #expect(
      x.argsort(stable: true).array(of: Int.self) == [
        0, 5, 10, 15, 20, 3, 8, 13, 18, 23, 1, 6, 11, 16, 21, 4, 9, 14, 19, 2, 7, 12, 17, 22,
      ])
    #expect(x.topK(4).indices.array(of: Int.self) == [17, 12, 7, 2])
    #expect(
      (Tensor.arange(200) * 7).remainder(5).topK(3).indices.array(of: Int.self) == [12, 7, 2])
    #expect(x.kthValue(9).indices.item(Int.self) == 8)
  }

  @Test("long rows sort as short ones do, whatever their values")
  func longRows() {
    for dtype in [DType.float32, .float64, .int8] {
      let x = ((Tensor.arange(5000) * 7919).remainder(251) - 120).to(dtype)
      for descending in [false, true] {
        let (values, indices) = x.sorted(descending: descending)
        let rest = values[1...] - values[..<4999]
        #expect((descending ? rest.le(0) : rest.ge(0)).all().item(Bool.self))
        #expect(x[indices].equal(values))
        #expect(indices.sorted().values.equal(Tensor.arange(5000)))
        #expect(x.sorted(descending: descending, stable: true).values.equal(values))
        #expect(
          x.topK(700, largest: descending).values.equal(values[..<700]))
      }
      #expect(x.kthValue(1234).values.equal(x.sorted().values[1233]))
    }
  }

  @Test("NaN sorts last, equals no NaN, and is looked for behind everything")
  func nan() {
    let x = Tensor([2, .nan, 1, .nan], dtype: .float64)
    #expect(x.argsort().array(of: Int.self) == [2, 0, 1, 3])
    #expect(x.unique().counts.array(of: Int.self) == [1, 1, 1, 1])
    #expect(x.isIn(x).array(of: Bool.self) == [true, false, true, false])
    let row = Tensor([1.0, 3, 3, 7], dtype: .float64)
    let values = Tensor([3.0, 0, 8, .nan], dtype: .float64)
    #expect(row.searchSorted(values).array(of: Int.self) == [1, 0, 4, 4])
    #expect(row.searchSorted(values, right: true).array(of: Int.self) == [3, 0, 4, 4])
    #expect(values.bucketize(row, outInt32: true).dtype == .int32)
    #expect(
      Tensor([7.0, 1], dtype: .float64).searchSorted(3, sorter: Tensor([1, 0])).item(Int.self) == 1)
  }

  @Test("distinct slices, their places and counts")
  func distinct() {
    let x = Tensor([[1, 2], [0, 3], [1, 2], [1, 1]])
    let rows = x.unique(dim: 0)
    #expect(rows.values.array(of: Int.self) == [0, 3, 1, 1, 1, 2])
    #expect(rows.inverse.array(of: Int.self) == [2, 0, 2, 1])
    #expect(rows.counts.array(of: Int.self) == [1, 1, 2])
    #expect(x.t.unique(dim: -1).values.equal(rows.values.t))
    let runs = Tensor([1, 1, 2, 2, 1]).uniqueConsecutive()
    #expect(runs.values.array(of: Int.self) == [1, 2, 1])
    #expect(runs.inverse.array(of: Int.self) == [0, 0, 1, 1, 2])
    #expect(runs.counts.array(of: Int.self) == [2, 2, 1])
    #expect(x.uniqueConsecutive(dim: 0).values.shape == [4, 2])
    #expect(x.unique().inverse.shape == [4, 2])
  }

  @Test("empty tensors and indices pass through")
  func empty() {
    let none = Tensor.zeros([0, 3])
    let x = Tensor.ones([2, 3])
    let index = Tensor.zeros([0, 3], dtype: .int64)
    #expect(x.gather(dim: 0, index: index).shape == [0, 3])
    #expect(x.scatter(dim: 0, index: index, src: none).equal(x))
    #expect(x.indexSelect(dim: 1, index: Tensor([Int]())).shape == [2, 0])
    #expect(x.maskedSelect(x.lt(0)).shape == [0])
    #expect(none.nonzero().shape == [0, 2] && none.nonzeroCoordinates().count == 2)
    #expect(none.sorted(dim: 0).values.shape == [0, 3] && none.topK(0).indices.shape == [0, 0])
    #expect(none.unique().values.shape == [0] && none.unique(dim: 0).values.shape == [0, 3])
    #expect(none.chunk(2).map(\.shape) == [[0, 3], [0, 3]] && none.split(0).count == 1)
    #expect(x.tiled([0]).shape == [2, 0] && none.rot90().shape == [3, 0])
    #expect(x.isIn(Tensor([Float]())).any().item(Bool.self) == false)
    #expect(Tensor([Float]()).searchSorted(x).sum().item(Int.self) == 0)
    #expect(x.tensorSplit(4)[3].shape == [0, 3])
    #expect(Tensor.lowerTriangleIndices(0, 4).shape == [2, 0])
  }

  @Test("scalar tensors count as vectors of one element")
  func scalars() {
    let x = Tensor(3.0, dtype: .float64)
    let zero = Tensor([0])
    #expect(
      x.gather(dim: 0, index: Tensor(0)).shape == [] && x.gather(dim: -1, index: zero).shape == [1])
    #expect(x.scatter(dim: 0, index: Tensor(0), src: x * 2).item() == 6)
    #expect(x.indexAdd(dim: 0, index: zero, source: x, alpha: 3).item() == 12)
    #expect(x.indexFill(dim: 0, index: zero, value: 7).shape == [])
    #expect(x.put(zero, Tensor([5.0], dtype: .float64)).item() == 5)
    #expect(x.sorted().indices.item(Int.self) == 0 && x.kthValue(1).values.item() == 3)
    #expect(x.nonzero().shape == [1, 0] && x.maskedSelect(Tensor(true)).shape == [1])
    #expect(x.unfolded(dim: 0, size: 1, step: 1).shape == [1] && x.unique().values.shape == [1])
    #expect(x.repeatInterleave(2).shape == [2] && x.diagFlat().shape == [1, 1])
    #expect(x.movedim(0, -1).item() == 3)
  }

  @Test("half precision is added up in float32 and rounded once")
  func halves() {
    let ones = Tensor.ones([4096], dtype: .bfloat16)
    let index = Tensor.zeros([4096], dtype: .int64)
    let zero = Tensor.zeros([1], dtype: .bfloat16)
    #expect(zero.scatterAdd(dim: 0, index: index, src: ones).item() == 4096)
    #expect(zero.indexAdd(dim: 0, index: index, source: ones).item() == 4096)
    #expect(zero.put(index, ones, accumulate: true).item() == 4096)
  }

  @Test("scattered means of integers round down, bools are joined by or and and")
  func integerReductions() {
    let x = Tensor([1, -4])
    let index = Tensor([1, 1])
    let mean = x.scatterReduce(dim: 0, index: index, src: Tensor([1, 1]), reduce: .mean)
    #expect(mean.array(of: Int.self) == [1, -1])
    let flags = Tensor([true, false])
    let all = flags.scatterReduce(dim: 0, index: Tensor([0, 0]), src: flags, reduce: .prod)
    #expect(all.array(of: Bool.self) == [false, false])
    let least = x.scatterReduce(
      dim: 0, index: index, src: Tensor([9, 8]), reduce: .amin, includeSelf: false)
    #expect(least.array(of: Int.self) == [1, 8])
  }

  @Test("scattered products with a zero, and equal extrema, have the right gradients")
  func scatteredGradients() throws {
    let index = Tensor([0, 0, 1])
    let product: ([Tensor]) -> [Tensor] = {
      [$0[0].scatterReduce(dim: 0, index: index, src: $0[1], reduce: .prod)]
    }
    for source in [Tensor([2.0, 0, 3], dtype: .float64), Tensor([0.0, 0, 3], dtype: .float64)] {
      try gradcheck(product, [Tensor([1.5, 0], dtype: .float64), source])
    }
    try gradgradcheck(
      product, [Tensor([1.5, 0], dtype: .float64), Tensor([2.0, 0, 3], dtype: .float64)])
    let x = Tensor([3.0, 1], dtype: .float64).requiringGrad()
    let s = Tensor([3.0, 2, 5], dtype: .float64).requiringGrad()
    x.scatterReduce(dim: 0, index: index, src: s, reduce: .amax).sum().backward()
    #expect(x.grad?.array(of: Double.self) == [0.5, 0])
    #expect(s.grad?.array(of: Double.self) == [0.5, 0, 1])
  }

  @Test("pieces and overlapping windows give their gradients back")
  func pieces() throws {
    let x = spread([2, 6])
    try gradcheck({ $0[0].chunk(4, dim: 1) }, [x])
    try gradcheck({ [$0[0].unbind(dim: 1)[4], $0[0].unbind()[0]] }, [x])
    try gradgradcheck({ $0[0].split([1, 0, 5], dim: 1).map { $0 * $0 } }, [x])
    try gradcheck({ [$0[0].unfolded(dim: 1, size: 4, step: 1).square()] }, [x])
  }

  @Test("∞ and NaN by name are written, compared and computed with, in the other tensor's dtype")
  func namedNumbers() {
    for dtype in [DType.float32, .float64, .bfloat16, .float16] {
      var x = Tensor([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]]).to(dtype)
      let mask = x > 0
      x[mask] = -.infinity
      #expect(x.dtype == dtype)
      let written: [Double] = [-.infinity, -2, -.infinity, -4, -.infinity, -6]
      #expect(x.to(.float64).array(of: Double.self) == written)
      x[0, 1] = .infinity
      x[..., 2] = .nan
      x[1, ...] = -Double.infinity
      x[0, ..., 0] = -Float.infinity
      #expect((x .== -.infinity).array(of: Bool.self) == [true, false, false, true, true, true])
      #expect((x < .infinity).sum().item() == 4)
      #expect(x[0, 2].isNaN().item(Bool.self))
      #expect((x + .infinity).dtype == dtype)
      #expect(Tensor.where(mask, x, -.infinity).dtype == dtype)
      #expect(Tensor.where(mask, .infinity, x)[0, 0].item() == .infinity)
      #expect(Tensor.where(~mask, x, .pi).equal(Tensor.where(~mask, x, Double.pi)))
      #expect(x.maskedFill(mask, -.infinity)[0, 2].item() == -.infinity)
      x[...] = .infinity
      #expect(x.isPosInf().all().item(Bool.self))
    }
    let scores = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    var masked = scores * 1
    masked[Tensor([true, false, false])] = -.infinity
    masked.softmax(dim: 0)[1].backward()
    #expect(scores.grad?[0].item() == 0)
  }

  @Test("what cannot be indexed stops with the reason")
  func refusals() async {
    let r0 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3])[2] }
    #expect(says("select: index 2 is out of range for dimension 0 of size 2", r0))
    let r1 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3])[Tensor([0, 5])] }
    #expect(says("index: index 5 is out of range for dimension 0 of size 2", r1))
    let r2 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3])[0, 0, 0] }
    #expect(says("subscript: 3 indices for a tensor of 2 dimensions", r2))
    let r3 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3])[Tensor([true, false, true])] }
    #expect(says("a mask of [3] does not fit [2, 3]", r3))
    let r4 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3])[Tensor([0.5], dtype: .float64)] }
    #expect(says("an index must be int64 or int32, not float64", r4))
    let r5 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).gather(dim: 1, index: Tensor([[0], [0], [0]])) }
    #expect(says("gather: the index [3, 1] reaches beyond the tensor [2, 3]", r5))
    let r6 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([2, 3]).scatter(dim: 1, index: Tensor([[3]]), src: Tensor.ones([1, 1]))
    }
    #expect(says("scatter: index 3 is out of range for dimension 1 of size 3", r6))
    let r7 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).scatterAdd(dim: 1, index: Tensor([[0]]), src: Tensor([[1]])) }
    #expect(says("scatter_add: a source of int64 for a tensor of float32", r7))
    let r8 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([2, 3]).indexAdd(dim: 1, index: Tensor([0]), source: Tensor.ones([2, 3]))
    }
    #expect(says("take a source of [2, 1], not [2, 3]", r8))
    let r9 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([3]).put(Tensor([0, 1]), Tensor.ones([1])) }
    #expect(says("put: 1 elements [1] for 2 positions [2]", r9))
    let r10 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      _ = Tensor.zeros([3]).maskedScatter(Tensor([true, true, false]), source: Tensor.ones([1]))
    }
    #expect(says("masked_scatter: the mask holds at 2 elements", r10))
    let r11 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).selectScatter(Tensor.ones([2]), dim: 0, index: 0) }
    #expect(says("select_scatter: a source of [2] for a part of [3]", r11))
    let r12 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).hsplit(2) }
    #expect(says("hsplit: dimension 1 of [2, 3] does not divide into 2 equal pieces", r12))
    let r13 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).kthValue(4) }
    #expect(says("kthvalue: number 4 of a dimension of 3", r13))
    let r14 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([3]).unfolded(dim: 0, size: 4, step: 1) }
    #expect(says("unfold: windows of 4 elements in a dimension of 3", r14))
    let r15 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 3]).searchSorted(Tensor.zeros([3, 3])) }
    #expect(says("searchsorted: values [3, 3] do not fit the rows [2, 3]", r15))
  }

  @Test("a scalar tensor is not cut into pieces, and says so")
  func scalarPieces() async {
    let r0 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor(1.0).split(1) }
    #expect(says("split: a scalar tensor cannot be split", r0))
    let r1 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor(1.0).split([1]) }
    #expect(says("split: a scalar tensor cannot be split", r1))
    let r2 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor(1.0).chunk(2) }
    #expect(says("chunk: a scalar tensor cannot be split", r2))
    let r3 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = F.glu(Tensor(1.0)) }
    #expect(says("glu: a scalar tensor has no halves", r3))
    let r4 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor(1.0).expanded([1 << 40, 1 << 40]) }
    #expect(says("expand: [1099511627776, 1099511627776] has more elements", r4))
  }
}
