import NN
import Optimizers
import Tensors
import Testing

/// Weight norm, spectral norm and rules of one's own, against PyTorch 2.13 (values of
/// torch.nn.utils.parametrizations for the weights below).
@Suite("Parametrizations")
struct ParametrizationTests {
  private let x = Tensor([[1, -1, 2], [0.5, 2, -1]], dtype: .float32)

  private func layer() throws -> Linear {
    let layer = Linear(3, 2)
    layer.weight.assign(Tensor([[1, 2, 2], [-3, 0, 4]], dtype: .float32))
    layer.bias?.assign(Tensor([0.5, -0.5], dtype: .float32))
    return layer
  }

  private func close(_ tensor: Tensor?, _ expected: [Double]) -> Bool {
    guard let tensor, tensor.count == expected.count else { return false }
    return zip(tensor.array(of: Double.self), expected).allSatisfy {
      abs($0 - $1) <= 2e-5 * max(1, abs($1))
    }
  }

  @Test(
    "weight norm has PyTorch's names, values and gradients",
    arguments: [
      (
        0, [2, 1], [22.166666, 44.299999],
        [22.222221, -11.555555, 0.444445, 68.159996, -130, 51.12]
      ),
      (1, [1, 3], [-1.264911, 9, 61.268261], [37.799999, 0, -24.799999, 12.6, -130, 12.400002]),
      (
        nil, [], [49.391594],
        [20.058823, -15.882355, -3.882355, 65.823532, -130, 54.235291]
      ),
    ] as [(Int?, [Int], [Double], [Double])])
  func weightNorms(dim: Int?, shape: [Int], lengths: [Double], directions: [Double]) throws {
    let layer = weightNorm(try layer(), dim: dim)
    let state = layer.stateDict()
    #expect(
      state.names == [
        "bias", "parametrizations.weight.original0", "parametrizations.weight.original1",
      ])
    #expect(state["parametrizations.weight.original0"]?.shape == shape)
    #expect(close(layer.weight.value, [1, 2, 2, -3, 0, 4]))
    let length = try layer.getParameter("parametrizations.weight.original0")
    length.assign(length.value.detach() * 2)
    let y = layer(x)
    #expect(close(y, [6.5, 9.5, 5.5, -11.5]))
    y.square().sum().backward()
    #expect(close(length.grad, lengths))
    #expect(
      close(try layer.getParameter("parametrizations.weight.original1").grad, directions))
    #expect(layer.isParametrized("weight") && !layer.isParametrized("bias"))
    layer.removeParametrizations("weight")
    #expect(layer.stateDict().names == ["weight", "bias"])
    #expect(close(layer.weight.value, [2, 4, 4, -6, 0, 8]) && layer.weight.requiresGrad)
  }

  @Test("spectral norm goes on with PyTorch's power iterations while training")
  func spectralNorms() throws {
    let layer = spectralNorm(try layer())
    #expect(
      layer.stateDict().names == [
        "bias", "parametrizations.weight.original", "parametrizations.weight.0._u",
        "parametrizations.weight.0._v",
      ])
    let u = try layer.getBuffer("parametrizations.weight.0._u")
    let v = try layer.getBuffer("parametrizations.weight.0._v")
    u.value = Tensor([0.6, 0.8], dtype: .float32)
    v.value = Tensor([0, 0.6, 0.8], dtype: .float32)
    let y = layer(x)
    #expect(close(y, [1.125303, 0.542171, 1.021086, -1.646388]))
    y.square().sum().backward()
    #expect(
      close(
        try layer.getParameter("parametrizations.weight.original").grad,
        [1.019412, 0.10429, -0.400631, 0.268541, -1.916296, 0.094723]))
    #expect(
      close(u.value, [0.658505, 0.752577]) && close(v.value, [-0.333333, 0.27451, 0.901961]))
    let second = [1.087239, 0.478732, 0.989366, -1.576605]
    #expect(close(layer(x), second))
    layer.eval()
    #expect(close(layer(x), second) && close(layer(x), second))
  }

  @Test("spectral norm draws PyTorch's first vectors")
  func firstVectors() throws {
    let layer = Generator(seed: 7).asDefault { spectralNorm(Linear(3, 4)) }
    let state = layer.stateDict()
    #expect(
      close(
        state["parametrizations.weight.0._u"], [-0.473308, -0.32699, 0.0164, 0.817795]))
    #expect(close(state["parametrizations.weight.0._v"], [0.37999, 0.92477, -0.020194]))
  }

  @Test("spectral norm of a convolution looks at outputs by inputs")
  func convolution() throws {
    let conv = Conv2d(2, 3, 2)
    conv.weight.assign((Tensor.arange(24).to(.float32) / 10 - 1).reshaped([3, 2, 2, 2]))
    conv.bias?.assign(Tensor.zeros([3]))
    spectralNorm(conv)
    try conv.getBuffer("parametrizations.weight.0._u").value = Tensor([1, 0, 0], dtype: .float32)
    try conv.getBuffer("parametrizations.weight.0._v").value =
      Tensor.full([8], 1 / 8.0.squareRoot()).to(.float32)
    #expect(close(conv(Tensor.ones([1, 2, 2, 2])), [-1.57916, 0.364422, 2.308004]))
  }

  final class Symmetric: Parametrization {
    override func forward(_ originals: [Tensor]) -> Tensor {
      (originals[0] + originals[0].transposed(0, 1)) / 2
    }
  }

  @Test("a rule of one's own is trained through, saved and assigned to")
  func own() throws {
    let layer = Linear(2, 2, bias: false)
    layer.weight.assign(Tensor([[1, 2], [4, 3]], dtype: .float32))
    layer.registerParametrization("weight", Symmetric())
    #expect(close(layer.weight.value, [1, 3, 3, 3]))
    #expect(layer.parameters().count == 1 && layer.parameterCount == 4)
    let optimizer = SGD(layer.parameters(), lr: 1)
    layer(Tensor([[1, 0]], dtype: .float32)).sum().backward()
    optimizer.step()
    // Half of the gradient of the second row's first element goes to its mirror image.
    #expect(close(layer.weight.value, [0, 2.5, 2.5, 3]))
    let twin = Linear(2, 2, bias: false).registerParametrization("weight", Symmetric())
    try twin.load(layer.stateDict())
    #expect(close(twin.weight.value, [0, 2.5, 2.5, 3]))
    twin.weight.assign(Tensor.ones([2, 2]))
    #expect(close(twin.weight.value, [1, 1, 1, 1]))
  }
}
