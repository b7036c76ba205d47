import NN
import Tensors
import Testing

/// Pruning by masks, against PyTorch 2.13 (torch.nn.utils.prune).
@Suite("Pruning")
struct PruningTests {
  private func layer() throws -> Linear {
    let layer = Linear(3, 2)
    layer.weight.assign(Tensor([[1, -2, 0.5], [-0.1, 3, 0.2]], dtype: .float32))
    layer.bias?.assign(Tensor([0.5, -0.5], dtype: .float32))
    return layer
  }

  private func mask(_ layer: Module) throws -> [Int] {
    try layer.getBuffer("weight_mask").value.array(of: Float.self).map { Int($0) }
  }

  @Test("takes the least, again from what is left, and trains on")
  func leastMagnitude() throws {
    let layer = try layer()
    Prune.l1Unstructured(layer, "weight", amount: 2)
    #expect(layer.stateDict().names == ["bias", "weight_orig", "weight_mask"])
    #expect(try mask(layer) == [1, 1, 1, 0, 1, 0])
    #expect(layer.weight.value.array(of: Float.self) == [1, -2, 0.5, 0, 3, 0])
    Prune.l1Unstructured(layer, "weight", amount: 0.5)
    #expect(try mask(layer) == [0, 1, 0, 0, 1, 0] && Prune.isPruned(layer))
    let y = layer(Tensor([[1, -1, 2], [0.5, 2, -1]], dtype: .float32))
    #expect(y.array(of: Float.self) == [2.5, -3.5, -3.5, 5.5])
    y.square().sum().backward()
    #expect(
      try layer.getParameter("weight_orig").grad?.array(of: Float.self) == [0, -19, 0, 0, 29, 0])
    Prune.remove(layer, "weight")
    #expect(layer.stateDict().names == ["weight", "bias"] && !Prune.isPruned(layer))
    #expect(layer.weight.value.array(of: Float.self) == [0, -2, 0, 0, 3, 0])
  }

  @Test("takes the least of several parameters together")
  func global() throws {
    let (a, b) = (try layer(), Linear(2, 1))
    b.weight.assign(Tensor([[0.3, -0.4]], dtype: .float32))
    Prune.globalUnstructured([(a, "weight"), (b, "weight")], amount: 0.5)
    #expect(try mask(a) == [1, 1, 1, 0, 1, 0] && mask(b) == [0, 0])
  }

  @Test("draws and takes slices as PyTorch does")
  func drawn() throws {
    let layer = Generator(seed: 3).asDefault {
      let layer = Linear(4, 3)
      Prune.randomUnstructured(layer, "weight", amount: 5)
      return layer
    }
    #expect(try mask(layer) == [1, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1])
    Prune.customFromMask(
      layer, "weight", mask: Tensor([[0, 1, 1, 1], [1, 1, 1, 1], [1, 0, 1, 1]]))
    #expect(try mask(layer) == [0, 1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 1])
    Prune.lnStructured(layer, "weight", amount: 1, n: 2, dim: 0)
    #expect(try mask(layer) == [0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1])
  }
}
