import Foundation
import Testing
import Torus

@Suite("Subscripts")
struct SubscriptTests {
  @Test("what stands between the brackets gives PyTorch's shape")
  func shapes() {
    let x = Tensor.arange(120).reshaped(2, 3, 4, 5)
    let i = Tensor([0, 1, 0])
    let table: [(Tensor, [Int])] = [
      (x[1], [3, 4, 5]), (x[-1, 0, 0, -1], []), (x[.all, 1...], [2, 2, 4, 5]),
      (x[.ellipsis, .slice(0, 5, step: 2)], [2, 3, 4, 3]), (x[..<1, .newAxis], [1, 1, 3, 4, 5]),
      (x[.all, i], [2, 3, 4, 5]), (x[i, .all, i], [3, 3, 5]), (x[.all, .all, i, i], [2, 3, 3]),
      (x[Tensor(0), .all, .all, i], [3, 4, 3]), (x[0, .all, .all, i], [3, 4, 3]),
      (x[i, .newAxis, 0], [3, 1, 4, 5]),
      (x[.ellipsis, Tensor([true, false, true, false, true])], [2, 3, 4, 3]),
      (x[Tensor(true)], [1, 2, 3, 4, 5]), (x[Tensor(false)], [0, 2, 3, 4, 5]),
      (x[2...], [0, 3, 4, 5]), (x[Tensor([Int]())], [0, 3, 4, 5]),
      (x[Tensor([[0, 1]]).to(.int32)], [1, 2, 3, 4, 5]), (x[-9 ..< -1], [1, 3, 4, 5]),
    ]
    for (part, shape) in table { #expect(part.shape == shape) }
    #expect(x[1, 2, 3, .slice(4, nil, step: 7)].item(Int.self) == 119)
    #expect(x[i, .all, i].select(dim: 0, index: 1).equal(x[1, .all, 1]))
  }

  @Test("positions and ranges are views, index tensors copy")
  func views() {
    let x = Tensor.arange(24).reshaped(4, 6)
    let shared = [
      x[1], x[.all, 2...], x[.newAxis], x.unfolded(dim: 1, size: 3, step: 2), x.split(2)[1],
      x.unbind(dim: 1)[3], x.tensorSplit(at: [1, 3])[2], x.diag(-1), x.hsplit(3)[2],
    ]
    for view in shared { #expect(view.storage === x.storage) }
    for copy in [x[Tensor([1])], x.indexSelect(dim: 0, index: Tensor([1])), x.rot90()] {
      #expect(copy.storage !== x.storage)
    }
  }

  @Test("assignment changes one value and no copy of it, and is differentiable")
  func assignment() throws {
    var y = Tensor.zeros([3, 3])
    let before = y
    y[1] = Tensor([Float(1), 2, 3])
    y[.all, 0] = Tensor(5)
    y[Tensor([2, 0]), Tensor([2, 1])] = Tensor([Float(8), 9])
    y[y.gt(8)] = Tensor(-1)
    #expect(y.array(of: Float.self) == [5, -1, 0, 5, 2, 3, 5, 0, 8])
    #expect(before.sum().item() == 0)
    let change: ([Tensor]) -> [Tensor] = { inputs in
      var y = inputs[0] * 2
      y[1..., .slice(0, 4, step: 2)] = inputs[1][1...]
      y[Tensor([0, 2]), 1...] = inputs[1].sum()
      return [y * y]
    }
    try gradcheck(change, IndexingTests.operands)
    try gradgradcheck(change, IndexingTests.operands)
  }

  @Test("values may have dimensions of size 1 in front, more than the part has")
  func leadingOnes() {
    var y = Tensor.zeros([2, 3])
    let values = Tensor([[Float(1), 2, 3]], requiresGrad: true)
    y[0] = values
    y[Tensor([1]), Tensor([2])] = Tensor([[[Float(7)]]])
    #expect(y.array(of: Float.self) == [1, 2, 3, 0, 0, 7])
    y.sum().backward()
    #expect(values.grad?.shape == [1, 3] && values.grad?.sum().item() == 3)
  }
}
