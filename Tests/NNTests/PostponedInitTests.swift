import NN
import Optimizers
import Tensors
import Testing

@Suite struct PostponedInitTests {
  final class Mixed: Module {
    let table = Embedding(11, 7)
    let padded = Embedding(9, 4, paddingIdx: 2)
    let first = Linear(7, 5)
    let second = Linear(300, 17)
    let conv = Conv2d(3, 4, 3)
    let norm = LayerNorm([5])
    let lstm = LSTM(5, 6)
    let tied: Linear

    override init() {
      tied = Linear(7, 11, bias: false)
      super.init()
      tied.weight = table.weight
      Init.normal(table.weight, std: 0.02)
      Init.xavierUniform(first.weight)
      Init.orthogonal(second.weight)
      Init.truncatedNormal(conv.weight)
    }
  }

  private func bits(_ module: Module) -> [String: [UInt8]] {
    Dictionary(
      uniqueKeysWithValues: module.stateDict().map { name, tensor in
        (name, tensor.contiguous().withBytes { Array($0) })
      })
  }

  @Test
  func `postponed values are the bits of those drawn at once, in whatever order they are read`() {
    let (plain, after) = Generator(seed: 3).asDefault { (Mixed(), Generator.default.state) }
    for turned in [false, true] {
      let generator = Generator(seed: 3)
      let (model, state) = generator.asDefault {
        (Init.postponed { Mixed() }, Generator.default.state)
      }
      #expect(state == after)
      let names = model.namedParameters()
      #expect(names.contains { $0.parameter.value.storage.isPostponed })
      for (_, parameter) in turned ? names.reversed() : names {
        _ = parameter.value.sum().item(Float.self)
      }
      #expect(!names.contains { $0.parameter.value.storage.isPostponed })
      #expect(bits(model) == bits(plain))
      // Reading draws nothing from the generator.
      #expect(generator.state == after)
    }
  }

  @Test
  func
    `what is written before it is read is never drawn, and another dtype is what conversion gives`()
    throws
  {
    let plain = Generator(seed: 3).asDefault { Linear(20, 30) }
    let model = Generator(seed: 3).asDefault { Init.postponed { Linear(20, 30) } }
    model.weight.assign(.full([30, 20], 2))
    #expect(model.weight.value.sum().item() == 1200)
    #expect(model.bias?.value.storage.isPostponed == true)
    let half = Generator(seed: 3).asDefault { Init.postponed { Linear(20, 30) } }
    half.to(.bfloat16)
    #expect(half.weight.value.storage.isPostponed && half.weight.dtype == .bfloat16)
    plain.to(.bfloat16)
    #expect(bits(half) == bits(plain))
    // Training reads them as any others.
    let trained = Generator(seed: 3).asDefault { Init.postponed { Linear(20, 30) } }
    let other = Generator(seed: 3).asDefault { Linear(20, 30) }
    for layer in [trained, other] {
      let optimizer = SGD(layer.parameters(), lr: 0.1)
      layer(Tensor.ones(2, 20)).square().sum().backward()
      optimizer.step()
    }
    #expect(bits(trained) == bits(other))
  }
}
