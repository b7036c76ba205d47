import Foundation
import Testing
import Torus

private var places: Tensor { Tensor([[0, 2], [2, 0], [1, 1]]) }
private var column: Tensor { Tensor([[3], [0], [1]]) }
private var mask: Tensor {
  Tensor([[true, false, false, true], [false, true, false, false], [true, true, false, false]])
}

/// One row per operator of a matrix and what may be written into it, checked by what PyTorch gives
/// for the same numbers in `float64`, by central differences of its gradients and of theirs, and on
/// views.
@Suite("Indexing, views and sorting")
struct IndexingTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let name: String
    let golden: [Double]
    let function: @Sendable (Tensor, Tensor) -> Tensor
    var testDescription: String { name }

    init(
      _ name: String, _ golden: [Double], _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) {
      self.name = name
      self.golden = golden
      self.function = function
    }
  }

  static let rows: [Row] = [
    Row("gather", [-1.4, -1.6, -1.9, -1.7, -0.1, -0.1]) { x, s in x.gather(dim: 1, index: places) },
    Row("take_along_dim", [0.3, -1.7, -0.1]) { x, s in x.takeAlongDim(column, dim: 1) },
    Row("take", [-1.4, -0.3, 0.2]) { x, s in x.take(Tensor([0, -1, 5])) },
    Row("index_select", [-1.6, -1.4, -1.6, -1.9, -1.7, -1.9, 1.8, 1.9, 1.8]) { x, s in
      x.indexSelect(dim: 1, index: Tensor([2, 0, 2]))
    },
    Row("masked_select", [-1.4, 0.3, 0.2, 1.9, -0.1]) { x, s in x.maskedSelect(mask) },
    Row("subscript", [0.5, -1.6, 0.3, -0.1, 1.8, -0.3]) { x, s in x[Tensor([0, 2]), 1..., .newAxis]
    },
    Row("scatter", [0.7, 0.5, 1.2, 0.3, 0.8, 0.2, 1.4, 0.1, 1.9, 0.5, 1.8, 0.9]) { x, s in
      x.scatter(dim: 1, index: Tensor([[0, 2], [2, 0], [1, 3]]), src: s)
    },
    Row("scatter_add", [-0.7, 0.5, -0.4, 0.3, -0.9, 0.2, -0.5, 0.1, 1.9, 1.3, 1.8, -0.3]) { x, s in
      x.scatterAdd(dim: 1, index: places, src: s)
    },
    Row("scatter_sum", [-0.7, 0.5, -0.4, 0.3, -0.9, 0.2, -0.5, 0.1, 1.9, 1.3, 1.8, -0.3]) { x, s in
      x.scatterReduce(dim: 1, index: places, src: s, reduce: .sum)
    },
    Row("scatter_sum alone", [0.7, 0.5, 1.2, 0.3, 0.8, 0.2, 1.4, 0.1, 1.9, 1.4, 1.8, -0.3]) {
      x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .sum, includeSelf: false)
    },
    Row("scatter_prod", [-0.98, 0.5, -1.92, 0.3, -1.36, 0.2, -2.66, 0.1, 1.9, -0.045, 1.8, -0.3]) {
      x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .prod)
    },
    Row("scatter_prod alone", [0.7, 0.5, 1.2, 0.3, 0.8, 0.2, 1.4, 0.1, 1.9, 0.45, 1.8, -0.3]) {
      x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .prod, includeSelf: false)
    },
    Row(
      "scatter_mean",
      [-0.35, 0.5, -0.2, 0.3, -0.45, 0.2, -0.25, 0.1, 1.9, 0.433333333333, 1.8, -0.3]
    ) { x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .mean) },
    Row("scatter_mean alone", [0.7, 0.5, 1.2, 0.3, 0.8, 0.2, 1.4, 0.1, 1.9, 0.7, 1.8, -0.3]) {
      x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .mean, includeSelf: false)
    },
    Row("scatter_amax", [0.7, 0.5, 1.2, 0.3, 0.8, 0.2, 1.4, 0.1, 1.9, 0.9, 1.8, -0.3]) { x, s in
      x.scatterReduce(dim: 1, index: places, src: s, reduce: .amax)
    },
    Row("scatter_amax alone", [0.7, 0.5, 1.2, 0.3, 0.8, 0.2, 1.4, 0.1, 1.9, 0.9, 1.8, -0.3]) {
      x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .amax, includeSelf: false)
    },
    Row("scatter_amin", [-1.4, 0.5, -1.6, 0.3, -1.7, 0.2, -1.9, 0.1, 1.9, -0.1, 1.8, -0.3]) {
      x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .amin)
    },
    Row("scatter_amin alone", [0.7, 0.5, 1.2, 0.3, 0.8, 0.2, 1.4, 0.1, 1.9, 0.5, 1.8, -0.3]) {
      x, s in x.scatterReduce(dim: 1, index: places, src: s, reduce: .amin, includeSelf: false)
    },
    Row("index_add", [1.4, 2.1, 1.2, 1.9, -1.7, 0.2, -1.9, 0.1, 3.3, 2.3, 3.2, 2.1]) { x, s in
      x.indexAdd(dim: 0, index: Tensor([2, 0]), source: s.repeated([1, 2])[..<2], alpha: 2)
    },
    Row("index_copy", [1.2, 0.5, 0.7, 0.3, 0.8, 0.2, 1.4, 0.1, 0.9, -0.1, 0.5, -0.3]) { x, s in
      x.indexCopy(dim: 1, index: Tensor([2, 0]), source: s)
    },
    Row("index_fill", [0.5, 0.5, -1.6, 0.5, 0.5, 0.2, -1.9, 0.5, 0.5, -0.1, 1.8, 0.5]) { x, s in
      x.indexFill(dim: 1, index: Tensor([-1, 0]), value: 0.5)
    },
    Row("index_put", [-1.4, 0.7, -1.6, 0.3, -1.7, 0.2, -1.9, 0.1, 1.9, 1.2, 1.8, -0.3]) { x, s in
      x.indexPut([Tensor([0, 2]), Tensor([1, 1])], values: s[0])
    },
    Row("index_put accumulate", [-1.4, 2.4, -1.6, 0.3, -1.7, 0.2, -1.9, 0.1, 1.9, -0.1, 1.8, -0.3])
    { x, s in x.indexPut([Tensor([0, 0]), Tensor([1, 1])], values: s[0], accumulate: true) },
    Row("put", [-1.4, 0.7, -1.6, 0.3, -1.7, 0.2, -1.9, 0.1, 1.9, -0.1, 1.8, 1.2]) { x, s in
      x.put(Tensor([1, -1]), s[0])
    },
    Row("masked_scatter", [0.7, 0.5, -1.6, 1.2, -1.7, 1.4, -1.9, 0.1, 0.8, 0.5, 1.8, -0.3]) {
      x, s in x.maskedScatter(mask, source: s)
    },
    Row("select_scatter", [-1.4, 0.5, -1.6, 0.7, -1.7, 0.2, -1.9, 1.4, 1.9, -0.1, 1.8, 0.5]) {
      x, s in x.selectScatter(s[.all, 0], dim: 1, index: -1)
    },
    Row("slice_scatter", [0.7, 0.5, 1.2, 0.3, 1.4, 0.2, 0.8, 0.1, 0.5, -0.1, 0.9, -0.3]) { x, s in
      x.sliceScatter(s, dim: 1, from: 0, to: 4, step: 2)
    },
    Row("diagonal_scatter", [1.2, 0.5, -1.6, 0.3, -1.7, 0.8, -1.9, 0.1, 1.9, -0.1, 0.9, -0.3]) {
      x, s in x.diagonalScatter(s[.all, 1])
    },
    Row(
      "diag_embed",
      [0.0, -1.4, 0.0, 0.0, -1.7, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    ) { x, s in x[..<2, ..<2].diagEmbed(offset: 1, dim1: 0, dim2: 2) },
    Row("diag", [0.5, -1.9, -0.3]) { x, s in x.diag(1) },
    Row("diagflat", [0.0, 0.0, 0.0, 0.7, 0.0, 0.0, 0.0, 1.2, 0.0]) { x, s in
      _ = x; return s[..<1].diagFlat(offset: -1)
    },
    Row(
      "unfold",
      [
        -1.4, 0.5, -1.6, 0.5, -1.6, 0.3, -1.7, 0.2, -1.9, 0.2, -1.9, 0.1, 1.9, -0.1, 1.8, -0.1, 1.8,
        -0.3,
      ]
    ) { x, s in x.unfolded(dim: 1, size: 3, step: 1) },
    Row("split", [0.5, -1.6, 0.3, 0.2, -1.9, 0.1, -0.1, 1.8, -0.3]) { x, s in
      x.split([1, 3], dim: 1)[1]
    },
    Row("tensor_split", [-1.4, 0.5, -1.7, 0.2, 1.9, -0.1]) { x, s in x.tensorSplit(3, dim: 1)[0] },
    Row("unbind", [-1.6, -1.9, 1.8]) { x, s in x.unbind(dim: 1)[2] },
    Row("rot90", [0.3, 0.1, -0.3, -1.6, -1.9, 1.8, 0.5, 0.2, -0.1, -1.4, -1.7, 1.9]) { x, s in
      x.rot90()
    },
    Row("tile", [-1.4, 0.5, -1.4, 0.5, -1.4, 0.5, -1.4, 0.5]) { x, s in x[..<1, ..<2].tiled([2, 2])
    },
    Row("repeat_interleave", [-1.4, 0.5, -1.7, 0.2, -1.7, 0.2]) { x, s in
      x[..<2, ..<2].repeatInterleave(Tensor([1, 2]), dim: 0)
    },
    Row("meshgrid", [0.7, 0.7, 0.7, 1.4, 1.4, 1.4]) { x, s in
      Tensor.meshgrid([x[.all, 0], s[..<2, 0]], indexing: .xy)[1]
    },
    Row("sort", [0.5, 0.3, -1.4, -1.6, 0.2, 0.1, -1.7, -1.9, 1.9, 1.8, -0.1, -0.3]) { x, s in
      x.sorted(dim: 1, descending: true).values
    },
    Row("topk", [-1.6, -1.4, -1.9, -1.7, -0.3, -0.1]) { x, s in
      x.topK(2, dim: 1, largest: false).values
    },
    Row("kthvalue", [-1.4, -1.7, -0.1]) { x, s in x.kthValue(2, dim: 1).values },
  ]

  static var operands: [Tensor] {
    [
      Tensor(
        [[-1.4, 0.5, -1.6, 0.3], [-1.7, 0.2, -1.9, 0.1], [1.9, -0.1, 1.8, -0.3]], dtype: .float64),
      Tensor([[0.7, 1.2], [1.4, 0.8], [0.5, 0.9]], dtype: .float64),
    ]
  }

  @Test("values are PyTorch's", arguments: rows)
  func values(row: Row) {
    let (x, s) = (Self.operands[0], Self.operands[1])
    let got = row.function(x, s).array(of: Double.self)
    #expect(got.count == row.golden.count)
    for (a, b) in zip(got, row.golden) { #expect(abs(a - b) <= 1e-11) }
    let views = [x, s].map { $0.t.contiguous().t }
    #expect(!views[0].isContiguous)
    #expect(row.function(views[0], views[1]).equal(row.function(x, s)))
  }

  @Test("gradients and second derivatives are central differences", arguments: rows)
  func gradients(row: Row) throws {
    try gradcheck({ [row.function($0[0], $0[1])] }, Self.operands)
    try gradgradcheck({ [row.function($0[0], $0[1])] }, Self.operands)
  }
}
