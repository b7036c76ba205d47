import Foundation
import TensorTesting
import Testing
import Torus

/// One row per operator, checked by what PyTorch gives for the same numbers in `float64`, on
/// contiguous operands and on views, and by central differences of its gradient and of its
/// gradient's. Where factors come with either sign, what does not depend on it is taken.
@Suite("Linear algebra")
struct LinearAlgebraTests {
  struct Row: CustomTestStringConvertible, Sendable {
    let name: String
    /// The sum of all results, each element weighted by its place.
    let golden: Double
    let shapes: [[Int]]
    let function: @Sendable ([Tensor]) -> [Tensor]
    var testDescription: String { name }

    init(
      _ name: String, _ golden: Double, _ shapes: [[Int]],
      _ function: @escaping @Sendable ([Tensor]) -> [Tensor]
    ) {
      self.name = name
      self.golden = golden
      self.shapes = shapes
      self.function = function
    }

    var inputs: [Tensor] {
      shapes.enumerated().map { index, shape in
        spread(shape, from: -2 + 0.1 * Double(index), to: 2 - 0.2 * Double(index))
      }
    }
  }

  static let rows: [Row] = [
    Row("addmm", 4.79298628700443, [[2, 3], [2, 4], [4, 3]]) {
      [$0[0].addmm($0[1], $0[2], beta: 0.5, alpha: 2)]
    },
    Row("addmm with one row", 3.49048999377394, [[3], [2, 4], [4, 3]]) {
      [$0[0].addmm($0[1], $0[2])]
    },
    Row("addmv", 0.453314513719142, [[2], [2, 4], [4]]) {
      [$0[0].addmv($0[1], $0[2], beta: 0.5, alpha: 2)]
    },
    Row("addr", -0.996826255516142, [[2, 4], [2], [4]]) {
      [$0[0].addr($0[1], $0[2], beta: 0.5, alpha: 2)]
    },
    Row("addbmm", -0.284262597657618, [[2, 3], [3, 2, 4], [3, 4, 3]]) {
      [$0[0].addbmm($0[1], $0[2], beta: 0.5, alpha: 2)]
    },
    Row("baddbmm", -2.84200060362045, [[3, 2, 3], [3, 2, 4], [3, 4, 3]]) {
      [$0[0].baddbmm($0[1], $0[2], beta: 0.5, alpha: 2)]
    },
    Row("dot", 3.49357086953593, [[5], [5]]) { [$0[0].dot($0[1])] },
    Row("inner", -0.707262124885017, [[2, 3], [4, 3]]) { [$0[0].inner($0[1])] },
    Row("outer", -0.707584050575106, [[3], [4]]) { [$0[0].outer($0[1])] },
    Row("kron", 5.76242244271035, [[2, 3], [2, 2]]) { [$0[0].kron($0[1])] },
    Row("cross", 7.08622364619773, [[2, 3], [1, 3]]) { [$0[0].cross($0[1], dim: 1)] },
    Row("tensordot", -1.4102101653012, [[2, 3, 4], [4, 3, 2]]) {
      [$0[0].tensordot($0[1], dims: ([1, 2], [1, 0]))]
    },
    Row("vecdot", 7.32122747343137, [[2, 3], [2, 3]]) { [Linalg.vecdot($0[0], $0[1])] },
    Row("multi_dot", 3.0300566825517, [[2, 3], [3, 4], [4, 2], [2, 3]]) { [Linalg.multiDot($0)] },
    Row("matrix_power", -1.87141393324249, [[3, 3]]) { [Linalg.matrixPower($0[0], 3)] },
    Row("inverse matrix_power", 3.30182239197796, [[2, 3, 3]]) {
      [Linalg.matrixPower(positive($0[0]), -2)]
    },
    Row("einsum of three", 2.61712960340953, [[2, 3], [3, 4], [4, 2]]) {
      [Tensor.einsum("ij,jk,kl->li", $0)]
    },
    Row("einsum with batches", 11.2199808998729, [[2, 3, 4], [2, 4, 3]]) {
      [Tensor.einsum("...ij,...jk", $0)]
    },
    Row("einsum of diagonals", -0.589145390330873, [[3, 3, 2], [2]]) {
      [Tensor.einsum("iik,k->i", $0)]
    },
    Row("einsum without sums", 1.37576765982935, [[2, 3], [3]]) { [Tensor.einsum("ij,j->ji", $0)] },
    Row("block_diag", -0.69376510677212, [[2, 3], [2], [3, 1]]) { [Tensor.blockDiag($0)] },
    Row("cartesian_prod", -1.21762814907717, [[2], [3]]) { [Tensor.cartesianProd($0)] },
    Row("combinations", -5.89728940107126, [[4]]) { [$0[0].combinations(r: 3)] },
    Row("cdist", 59.0390246452628, [[2, 4, 3], [3, 3]]) { [$0[0].cdist($0[1])] },
    Row("cdist by products", 27.7274532347066, [[4, 3], [3, 3]]) {
      [$0[0].cdist($0[1], mode: .product)]
    },
    Row("cdist, p = 3", 24.7565835069888, [[4, 3], [3, 3]]) { [$0[0].cdist($0[1], p: 3)] },
    Row("cholesky", 5.98331019838325, [[2, 3, 3]]) { [Linalg.cholesky(positive($0[0]))] },
    Row("upper cholesky", 2.90660112376073, [[3, 3]]) {
      [Linalg.cholesky(positive($0[0]), upper: true)]
    },
    Row("cholesky_solve", -1.48846766208894, [[3, 2], [3, 3]]) {
      [Linalg.choleskySolve($0[0], Linalg.cholesky(positive($0[1])))]
    },
    Row("cholesky_inverse", 2.20630708703302, [[3, 3]]) {
      [Linalg.choleskyInverse(Linalg.cholesky(positive($0[0])))]
    },
    Row("qr of a tall matrix", 41.7420086569438, [[2, 4, 3]]) { squares(Linalg.qr($0[0])) },
    Row("qr of a wide matrix", 22.5999172849716, [[3, 5]]) { squares(Linalg.qr($0[0])) },
    Row("lu", 1.62888726148317, [[3, 3]]) { triangles($0[0]) },
    Row("lu of a tall matrix", -0.213754377487902, [[2, 4, 2]]) { triangles($0[0]) },
    Row("lu of a wide matrix", 3.74782495467749, [[3, 4]]) { triangles($0[0]) },
    Row("lu_solve", -4.17438599234101, [[2, 3, 3], [3, 2]]) { [luSolve($0)] },
    Row("lu_solve, adjoint", -8.78155220586162, [[3, 3], [3, 2]]) { [luSolve($0, adjoint: true)] },
    Row("lu_solve on the right", -18.2278127161434, [[3, 3], [2, 3]]) {
      [luSolve($0, left: false)]
    },
    Row("eigh", 12.4544241669715, [[2, 3, 3]]) { eigenvalues($0[0]) },
    Row("eigvalsh", -3.50102115669971, [[3, 3]]) { [Linalg.eigvalsh(symmetric($0[0]))] },
    Row("svd", 22.8876618033824, [[2, 3, 3]]) { invariants(Linalg.svd($0[0])) },
    Row("svd of a tall matrix", 6.73263427959517, [[4, 2]]) {
      invariants(Linalg.svd($0[0], fullMatrices: false))
    },
    Row("svd of a wide matrix", 8.51131570774037, [[2, 4]]) {
      invariants(Linalg.svd($0[0], fullMatrices: false))
    },
    Row("svdvals", 9.21664603069677, [[2, 3, 4]]) { [Linalg.svdvals($0[0])] },
    Row("solve", -4.17438599234101, [[2, 3, 3], [3, 2]]) { [Linalg.solve($0[0], $0[1])] },
    Row("solve for vectors", -1.57481093004451, [[2, 3, 3], [2, 3]]) {
      [Linalg.solve($0[0], $0[1])]
    },
    Row("solve on the left", -18.2278127161434, [[3, 3], [2, 3]]) {
      [Linalg.solve($0[0], $0[1], left: false)]
    },
    Row("solve_triangular", -1.53232058449947, [[2, 3, 3], [3, 2]]) {
      [Linalg.solveTriangular(positive($0[0]), $0[1], upper: true)]
    },
    Row("unit solve_triangular on the left", -3.24727204526536, [[3, 3], [2, 3]]) {
      [Linalg.solveTriangular($0[0], $0[1], upper: false, left: false, unitriangular: true)]
    },
    Row("inv", 3.35639764219513, [[2, 3, 3]]) { [Linalg.inv($0[0])] },
    Row("tensorsolve", -6.74423369851778, [[2, 3, 6], [2, 3]]) {
      [Linalg.tensorSolve($0[0], $0[1])]
    },
    Row("tensorinv", 0.0669778859754113, [[6, 2, 3]]) { [Linalg.tensorInv($0[0], dims: 1)] },
    Row("det", 0.479523412510421, [[2, 3, 3]]) { [Linalg.det($0[0])] },
    Row("slogdet", 2.03725171159954, [[2, 3, 3]]) { both(Linalg.slogdet($0[0])) },
    Row("logdet", 1.60984404426628, [[3, 3]]) { [Linalg.logdet(positive($0[0]))] },
    Row("pinv of a tall matrix", 0.183520243510838, [[4, 2]]) { [Linalg.pinv($0[0])] },
    Row("pinv of a wide matrix", -1.84881320183776, [[2, 2, 4]]) { [Linalg.pinv($0[0])] },
    Row("pinv of a symmetric matrix", 0.574636276127613, [[3, 3]]) {
      [Linalg.pinv(symmetric($0[0]), hermitian: true)]
    },
    Row("lstsq", 4.65400514684673, [[4, 2], [4, 3]]) { [Linalg.lstsq($0[0], $0[1]).solution] },
    Row("lstsq with residuals", 4.49328033354975, [[4, 2], [4]]) { leastSquares($0[0], $0[1]) },
    Row("lstsq of a wide matrix", 3.01655940835802, [[2, 2, 4], [2, 2, 3]]) {
      [Linalg.lstsq($0[0], $0[1]).solution]
    },
    Row("matrix_norm fro", 6.19106854593818, [[2, 3, 4]]) { [Linalg.matrixNorm($0[0])] },
    Row("matrix_norm nuc", 8.87814060932702, [[2, 3, 4]]) { [Linalg.matrixNorm($0[0], .nuclear)] },
    Row("matrix_norm 2", 8.15776172344727, [[2, 3, 4]]) {
      [Linalg.matrixNorm($0[0], .order(2), dims: (0, 2))]
    },
    Row("matrix_norm -2", 0.580449448041812, [[2, 3, 4]]) {
      [Linalg.matrixNorm($0[0], .order(-2), keepDim: true)]
    },
    Row("matrix_norm 1", 5.52384668169787, [[2, 3, 4]]) { [Linalg.matrixNorm($0[0], .order(1))] },
    Row("matrix_norm -inf", 5.02225664150573, [[2, 3, 4]]) {
      [Linalg.matrixNorm($0[0], .order(-.infinity))]
    },
    Row("norm of a vector", 3.07235408805101, [[2, 3]]) {
      [Linalg.norm($0[0], .order(3), dims: [1])]
    },
    Row("cond", 9.27218710963345, [[2, 3, 3]]) { [Linalg.cond($0[0])] },
    Row("cond 1", 11.6625589178636, [[3, 3]]) { [Linalg.cond($0[0], .order(1))] },
  ]

  @Test("values are PyTorch's, on views too", arguments: rows)
  func values(row: Row) {
    let views = row.inputs.map { $0.rank < 2 ? $0 : $0.transposed().contiguous().transposed() }
    for inputs in [row.inputs, views] {
      let flat = Tensor.cat(row.function(inputs).map { $0.flattened() }).array(of: Double.self)
      let sum = flat.enumerated().reduce(0.0) { sum, element in
        sum + element.element * (0.5 + Double((element.offset * 37 + 11) % 101) / 101)
      }
      #expect(abs(sum - row.golden) <= 1e-9 * max(1, abs(row.golden)), "\(row.name): \(sum)")
    }
  }

  @Test("gradients and second derivatives are central differences", arguments: rows)
  func gradients(row: Row) throws {
    try gradcheck(row.function, row.inputs)
    try gradgradcheck(row.function, row.inputs, atol: 1e-4)
  }
}

private func symmetric(_ x: Tensor) -> Tensor { x + x.transposed() }

private func positive(_ x: Tensor) -> Tensor {
  x.matmul(x.transposed()) + Tensor.eye(x.size(-1), dtype: .float64)
}

private func both(_ pair: (Tensor, Tensor)) -> [Tensor] { [pair.0, pair.1] }

private func squares(_ pair: (Tensor, Tensor)) -> [Tensor] { [pair.0.square(), pair.1.square()] }

private func triangles(_ x: Tensor) -> [Tensor] {
  let (_, l, u) = Linalg.lu(x)
  return [l, u]
}

private func luSolve(_ x: [Tensor], left: Bool = true, adjoint: Bool = false) -> Tensor {
  let (factors, pivots) = Linalg.luFactor(x[0])
  return Linalg.luSolve(factors, pivots, x[1], left: left, adjoint: adjoint)
}

private func eigenvalues(_ x: Tensor) -> [Tensor] {
  let (values, vectors) = Linalg.eigh(symmetric(x))
  return [values, vectors.square()]
}

private func invariants(_ factors: (u: Tensor, s: Tensor, vh: Tensor)) -> [Tensor] {
  [factors.u.square(), factors.s, factors.vh.square(), factors.u.matmul(factors.vh)]
}

private func leastSquares(_ a: Tensor, _ b: Tensor) -> [Tensor] {
  let result = Linalg.lstsq(a, b, driver: .gelsd)
  return [result.solution, result.residuals]
}

@Suite("Linear algebra's rules")
struct LinearAlgebraRuleTests {
  @Test("a singular matrix of a batch is named, or reported where asked")
  func singular() async {
    let singular = Tensor([1.0, 2, 2, 4], shape: [2, 2], dtype: .float64)
    let batch = Tensor.stack([Tensor.eye(2, dtype: .float64), singular])
    #expect(Linalg.invEx(batch).info.array(of: Int.self) == [0, 2])
    #expect(Linalg.solveEx(batch, batch).info.array(of: Int.self) == [0, 2])
    #expect(Linalg.choleskyEx(batch).info.array(of: Int.self) == [0, 2])
    #expect(Linalg.det(singular).item() == 0)
    #expect(Linalg.slogdet(singular).logAbs.item() == -.infinity)
    #expect(Linalg.cond(singular, .order(1)).item() == .infinity)
    let r0 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let singular = Tensor([1.0, 2, 2, 4], shape: [2, 2], dtype: .float64)
      _ = Linalg.inv(Tensor.stack([Tensor.eye(2, dtype: .float64), singular]))
    }
    #expect(says("linalg.inv: matrix 1 of the batch [2] is singular: diagonal element 2", r0))
    let r1 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Linalg.cholesky(Tensor([1.0, 2, 2, 1], shape: [2, 2], dtype: .float64)) }
    #expect(says("linalg.cholesky: the matrix is not positive-definite: its leading minor of", r1))
  }

  @Test("the gradient of a determinant is right for singular matrices, twice too")
  func singularDeterminant() throws {
    // The second and third row are alike.
    let a = Tensor([2.0, 1, -1, 0.5, 3, 1, 0.5, 3, 1], shape: [3, 3], dtype: .float64)
    try gradcheck({ [Linalg.det($0[0])] }, [a])
    try gradgradcheck({ [Linalg.det($0[0])] }, [a], atol: 1e-4)
  }

  @Test("norms have PyTorch's slope where singular values are 0 or equal")
  func flatNorms() {
    let zero = Tensor.zeros([2, 3], dtype: .float64).requiringGrad()
    Linalg.matrixNorm(zero).backward()
    #expect(zero.grad?.array(of: Double.self) == [0, 0, 0, 0, 0, 0])
    let one = Tensor.eye(2, dtype: .float64).requiringGrad()
    Linalg.matrixNorm(one, .order(2)).backward()
    #expect(one.grad?.allClose(Tensor.eye(2, dtype: .float64) * 0.5) == true)
  }

  @Test("empty matrices have empty factors, and determinant 1")
  func empty() {
    let none = Tensor.zeros([3, 0, 0])
    #expect(Linalg.det(none).array(of: Float.self) == [1, 1, 1])
    #expect(Linalg.inv(none).shape == [3, 0, 0])
    #expect(Linalg.svd(Tensor.zeros([0, 4])).vh.equal(Tensor.eye(4)))
    #expect(Linalg.qr(Tensor.zeros([3, 0]), mode: .complete).q.equal(Tensor.eye(3)))
    #expect(Linalg.pinv(Tensor.zeros([2, 0])).shape == [0, 2])
    #expect(Linalg.solve(Tensor.zeros([2, 0, 0]), Tensor.zeros([2, 0, 3])).shape == [2, 0, 3])
    let bare = Tensor.ones([2, 2]).addmm(.zeros([2, 0]), .zeros([0, 2]), beta: 3)
    #expect(bare.array(of: Float.self) == [3, 3, 3, 3])
  }

  @Test("integers and bools multiply in their own arithmetic")
  func wholeNumbers() {
    let a = Tensor([1, 2, 3, 4], shape: [2, 2])
    #expect(a.addmm(a, a, beta: 2.9, alpha: 3).array(of: Int.self) == [23, 34, 51, 74])
    #expect(Tensor.einsum("ij,ij->", a, a).item(Int.self) == 30)
    #expect(a.flattened().dot(a.flattened()).item(Int.self) == 30)
    let truth = Tensor([true, false])
    #expect(truth.outer(truth).array(of: Bool.self) == [true, false, false, false])
    let sum = Tensor([false, true]).addr(truth, truth)
    #expect(sum.array(of: Bool.self) == [true, true, false, true])
  }

  @Test("ranks and least squares of deficient matrices")
  func deficient() {
    let a = Tensor([1.0, 2, 2, 4, 3, 6], shape: [3, 2], dtype: .float64)
    #expect(Linalg.matrixRank(a).item(Int.self) == 1)
    let fit = Linalg.lstsq(a, Tensor([1.0, 2, 3], dtype: .float64), driver: .gelsd)
    #expect(fit.rank.item(Int.self) == 1 && fit.residuals.shape == [0])
    #expect(fit.solution.allClose(Tensor([0.2, 0.4], dtype: .float64)))
  }

  /// As PyTorch 2.13, which refuses or gives NaN: never finite numbers.
  @Test("NaN and infinity spread through factors, or are refused")
  func notFinite() async {
    let x = Tensor([[2.0, 0.5, 0.1], [0.5, 3, 1], [0.1, 1, 4]])
    func with(_ value: Double, _ row: Int, _ column: Int) -> Tensor {
      var y = x
      y[row, column] = value
      return y
    }
    func isNaN(_ y: Tensor) -> Bool { y.isNaN().all().item(Bool.self) }
    for (row, column) in [(0, 0), (2, 0), (1, 2)] {
      let y = with(.nan, row, column)
      #expect(isNaN(Linalg.inv(y)) && isNaN(Linalg.solve(y, Tensor.ones([3, 2]))))
      #expect(Linalg.invEx(y).info.item(Int.self) == 0)
    }
    let pivots = Linalg.luFactor(with(.nan, 0, 0)).factors
    #expect(isNaN(pivots[1..., 0...]) && !isNaN(pivots[0, 1]))
    #expect(Linalg.inv(with(.infinity, 0, 2))[0].isNaN().all().item(Bool.self))
    #expect(Linalg.inv(with(.infinity, 2, 2)).isFinite().all().item(Bool.self))
    for value in [Double.nan, .infinity] {
      #expect(Linalg.qr(with(value, 2, 2)).q.isFinite().all().item(Bool.self))
      #expect(Linalg.choleskyEx(with(value, 0, 1)).info.item(Int.self) == 0)
      #expect(Linalg.choleskyEx(with(value, 1, 0)).info.item(Int.self) == 2)
      #expect(Linalg.choleskyEx(with(value, 0, 0)).info.item(Int.self) == (value.isNaN ? 1 : 2))
    }
    for (row, column) in [(1, 0), (2, 1), (0, 1)] {
      let (q, r) = Linalg.qr(with(.nan, row, column))
      #expect(isNaN(q[0..., column...]) && isNaN(r[column...column, column...]))
      #expect(q[0..., ..<column].isFinite().all().item(Bool.self))
    }
    #expect(Linalg.cholesky(with(.infinity, 2, 2))[2, 2].item(Double.self) == .infinity)
    #expect(isNaN(Linalg.svdvals(with(.infinity, 1, 1))))
    #expect(isNaN(Linalg.eigvalsh(with(.infinity, 1, 1))))
    #expect(Linalg.eigvalsh(with(.nan, 0, 1)).isFinite().all().item(Bool.self))
    let r0 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Linalg.svd(Tensor([[1.0, .nan], [0, 1]])) }
    #expect(says("linalg.svd: the matrix holds NaN or infinity", r0))
    let r1 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Linalg.eigh(Tensor([[1.0, 0], [.infinity, 1]])) }
    #expect(says("linalg.eigh: the matrix holds NaN or infinity", r1))
  }

  @Test("what does not fit stops with the reason")
  func refusals() async {
    let r0 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Linalg.solve(Tensor.zeros([2, 3]), Tensor.zeros([2])) }
    #expect(says("linalg.solve: square matrices are expected, not [2, 3]", r0))
    let r1 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Linalg.inv(Tensor.zeros([2, 2], dtype: .bfloat16)) }
    #expect(says("linalg.inv: needs float32 or float64, not bfloat16", r1))
    let r2 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.einsum("ij,jk->iz", Tensor.zeros([2, 3]), Tensor.zeros([3, 2])) }
    #expect(says("einsum: the result of \"ij,jk->iz\" repeats a letter, or names one", r2))
    let r3 = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Tensor.zeros([2, 2]).addmm(Tensor.zeros([2, 3]), Tensor.zeros([2, 3])) }
    #expect(says("addmm: inner dimensions differ: [2, 3] × [2, 3]", r3))
  }
}
