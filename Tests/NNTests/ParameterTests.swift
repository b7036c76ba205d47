import NN
import Tensors
import Testing

@Suite("Parameters and buffers in expressions")
struct ParameterTests {
  /// A layer as a user writes it, with a parameter and a buffer of its own.
  private final class Scaled: Module, Layer {
    let weight = Parameter(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    let scale = Parameter(Tensor([2.0, 0.5]))
    let shift = Buffer(Tensor([1.0, -1.0]))

    func forward(_ x: Tensor) -> Tensor { (x.matmul(weight) - shift) * scale / 2 + 1 }
  }

  @Test("operators take them beside tensors, numbers and each other, and gradients flow")
  func operators() throws {
    let layer = Scaled()
    let x = Tensor([[1.0, 1.0]])
    let y = layer(x)
    #expect(y.array(of: Float.self) == [4, 2.75])
    y.sum().backward()
    #expect(layer.scale.grad?.array(of: Float.self) == [1.5, 3.5])
    #expect(layer.weight.grad?.array(of: Float.self) == [1, 0.25, 1, 0.25])

    let (a, b) = (Parameter(Tensor([2.0, 3.0])), Tensor([4.0, 1.0]))
    let results = [
      a + b, b + a, a + a, a + 1, 1 + a, a - b, b - a, a - a, a - 1, 1 - a, a * b, b * a, a * a,
      a * 2, 2 * a, a / b, b / a, a / a, a / 2, 6 / a, a ** b, b ** a, a ** a, a ** 2, 2 ** a, -a,
    ]
    let plain = a.value
    let expected = [
      plain + b, b + plain, plain + plain, plain + 1, 1 + plain, plain - b, b - plain,
      plain - plain, plain - 1, 1 - plain, plain * b, b * plain, plain * plain, plain * 2,
      2 * plain, plain / b, b / plain, plain / plain, plain / 2, 6 / plain, plain.pow(b),
      b.pow(plain), plain.pow(plain), plain.pow(2), Tensor.pow(2, plain), -plain,
    ]
    for (index, (result, wanted)) in zip(results, expected).enumerated() {
      #expect(result.array(of: Float.self) == wanted.array(of: Float.self), "\(index)")
    }
    var sum = b
    sum += a
    sum *= a
    #expect(sum.array(of: Float.self) == [12, 12])
  }

  @Test("comparisons and truth values are the tensor's")
  func comparisons() {
    let (a, b) = (Parameter(Tensor([2.0, 3.0])), Tensor([2.0, 4.0]))
    let results = [a .== b, a .!= b, a < b, a <= b, a > b, a >= b, a > 2, 2 < a]
    let expected = [
      [true, false], [false, true], [false, true], [true, true], [false, false], [true, false],
      [false, true], [false, true],
    ]
    for (result, wanted) in zip(results, expected) {
      #expect(result.array(of: Bool.self) == wanted)
    }
    let mask = Buffer(Tensor([true, false]))
    #expect((mask & (a > 0)).array(of: Bool.self) == [true, false])
    #expect(((a > 5) | mask).array(of: Bool.self) == [true, false])
    let filling = Parameter(Tensor(9.0))
    #expect(b.maskedFill(mask.value, filling).array(of: Float.self) == [9, 4])
  }

  @Test("half types meet numbers as tensors do, with one rounding")
  func halves() {
    let a = Parameter(Tensor([1.5, 3.0]).to(.bfloat16))
    let product = a * 0.1
    #expect(product.dtype == .bfloat16)
    #expect(product.array(of: Float.self) == (a.value * 0.1).array(of: Float.self))
  }

  @Test("subscripts pick parts, and linear takes them as they are")
  func parts() {
    let table = Buffer(Tensor.arange(12).reshaped(4, 3))
    #expect(table[1].array() == [3, 4, 5])
    #expect(table[..<2, 0].array() == [0, 3])
    #expect(table[.newAxis, 0, 1...].shape == [1, 2])
    let (weight, bias) = (Parameter(Tensor([[1.0, 2.0]])), Parameter(Tensor([3.0])))
    #expect(F.linear(Tensor([[1.0, 1.0]]), weight, bias: bias).item() == 6)
    #expect("\(table)" == "\(table.value)")
  }

  @Test("hooks see a parameter's gradient, and change it")
  func hooks() {
    let weight = Parameter(Tensor([1.0, 2.0]))
    var seen: [Double] = []
    let handle = weight.registerHook { seen.append($0.sum().item()) }
    (weight * 3).sum().backward()
    #expect(seen == [6] && weight.grad?.array(of: Float.self) == [3, 3])
    handle.remove()
    weight.grad = nil
    weight.registerHook { $0 * 2 }
    (weight * 3).sum().backward()
    #expect(seen == [6] && weight.grad?.array(of: Float.self) == [6, 6])
  }

  @Test("a state is written as a dictionary")
  func literal() throws {
    let layer = Linear(2, 1)
    let left = try layer.load(["weight": Tensor([[1.0, 2.0]])], strict: false)
    #expect(left.missing == ["bias"] && left.unexpected.isEmpty)
    #expect(layer.weight.value.array(of: Float.self) == [1, 2])
  }

  @Test("lengths of packed sequences may be a tensor")
  func lengths() {
    let x = Tensor.randn(2, 3, 4)
    let packed = packPaddedSequence(
      x, lengths: Tensor([1, 3]), batchFirst: true, enforceSorted: false)
    let same = packPaddedSequence(x, lengths: [1, 3], batchFirst: true, enforceSorted: false)
    #expect(packed.batchSizes == same.batchSizes)
    #expect(packed.data.array(of: Float.self) == same.data.array(of: Float.self))
  }
}
