import NN
import Optimizers
import Tensors
import Testing

@Suite("Profiles")
struct ProfileTests {
  private final class Net: Module, Layer {
    let first = Linear(6, 5)
    let second = Linear(5, 4, bias: false)
    func forward(_ x: Tensor) -> Tensor { second(first(x).relu()) }
  }

  @Test("count operations and multiply-adds, forward and backward, by name and by layer")
  func counts() throws {
    let net = Net()
    let optimizer = SGD(net.parameters(), lr: 0.1)
    let x = Tensor.randn([3, 6]), y = Tensor([0, 3, 1])
    let (loss, profile) = profile(net) {
      var last = Tensor(0.0)
      for _ in 0..<2 {
        optimizer.zeroGrad()
        last = F.crossEntropy(net(x), y)
        last.backward()
        optimizer.step()
      }
      return last
    }
    #expect(loss.item(Float.self).isFinite)
    let linear = try #require(profile["linear"])
    #expect(linear.forwardCalls == 4 && linear.backwardCalls == 4)
    #expect(linear.multiplyAdds == 3 * 2 * (3 * 6 * 5 + 3 * 5 * 4))
    #expect(linear.forward > 0 && linear.backward > 0)
    let floats = (3 * 6 + 5 * 6 + 5 + 3 * 5) + (3 * 5 + 4 * 5 + 3 * 4)
    #expect(linear.forwardBytes == 2 * 4 * floats)
    #expect(profile["relu"]?.forwardCalls == 2 && profile["relu"]?.backwardCalls == 2)
    let names = Set(profile.layers.map(\.name))
    #expect(names == ["first", "second", "(model)"])
    let first = try #require(profile.layers.first { $0.name == "first" })
    #expect(first.multiplyAdds == 3 * 2 * 3 * 6 * 5 && first.backwardCalls == 2)
    // The activation stands in the model's own pass.
    #expect(profile.layers.first { $0.name == "(model)" }?.forwardCalls == 2)
    let sum = profile.operations.reduce(0) { $0 + $1.seconds }
    #expect(sum <= profile.seconds && profile.elsewhere >= 0)
    let text = "\(profile)"
    #expect(text.contains("linear") && text.contains("(model)") && text.contains("elsewhere"))
  }

  @Test("leave results as they are, and take recurrent layers and attention")
  func results() {
    let lstm = LSTM(4, 3)
    let x = Tensor.randn([5, 2, 4])
    func gradients() -> [Tensor] {
      lstm.zeroGrad()
      let y = lstm(x).output
      let heads = y.unsqueezed(0)
      F.scaledDotProductAttention(heads, heads, heads).sum().backward()
      return lstm.parameters().compactMap(\.grad).map { $0.clone() }
    }
    let plain = gradients()
    let (watched, profile) = profile(lstm, gradients)
    #expect(plain.count == watched.count && zip(plain, watched).allSatisfy { $0.equal($1) })
    #expect(profile["lstm"]?.backwardCalls == 1)
    #expect(profile["scaled_dot_product_attention"]?.backwardCalls == 1)
    #expect(profile["scaled_dot_product_attention"].map { $0.multiplyAdds > 0 } == true)
  }
}
