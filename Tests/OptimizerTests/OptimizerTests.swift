import NN
import Optimizers
import Tensors
import Testing

@Suite("Optimizers")
struct OptimizerTests {
  @Test("groups have learning rates of their own, which may change at any time")
  func groups() {
    let (a, b) = (parameter([1], gradient: [1]), parameter([1], gradient: [1]))
    let optimizer = SGD([ParameterGroup([a]), ParameterGroup([b], lr: 0.5)], lr: 0.25)
    optimizer.step()
    #expect(a.value.item() == 0.75)
    #expect(b.value.item() == 0.5)
    optimizer.groups[0].lr = 0.5
    optimizer.step()
    #expect(a.value.item() == 0.25)
    let c = parameter([1], gradient: [1])
    optimizer.addParameterGroup(ParameterGroup([c]))
    optimizer.step()
    #expect(c.value.item() == 0.75)
  }

  @Test("a loop over groups changes the optimizer's, and no other's that was made of the same")
  func sharedGroups() throws {
    let given = ParameterGroup([parameter([1], gradient: [1])])
    let (first, second) = (SGD([given], lr: 0.25), AdamW([given], lr: 0.5))
    for group in first.groups { group.lr *= 2 }
    #expect(first.groups.map(\.lr) == [0.5])
    #expect(second.groups.map(\.lr) == [0.5])
    for group in second.groups { group.lr = 1 }
    #expect(first.groups.map(\.lr) == [0.5])
    // By name with options, too.
    let third = try #require(Optimizer.named("SGD", [given], options: ["lr": 0.75]))
    #expect(third.groups.map(\.lr) == [0.75])
    #expect(given.options["lr"] == nil)
    first.step()
    #expect(given.parameters[0].value.item() == 0.5)
    // State is a copy.
    let state = first.stateDict()
    for group in first.groups { group.lr = 0.125 }
    try first.load(state)
    #expect(first.groups[0].lr == 0.5)
  }

  @Test("parameters without a gradient stay, and zeroGrad takes all gradients away")
  func withoutGradient() {
    let (a, b) = (parameter([1], gradient: [1]), parameter([1]))
    let optimizer = AdamW([a, b], lr: 0.1, weightDecay: 0.5)
    optimizer.step()
    #expect(a.value.item() != 1)
    #expect(b.value.item() == 1)
    #expect(optimizer.state(of: b).tensors.isEmpty)
    optimizer.zeroGrad()
    #expect(a.grad == nil)
  }

  @Test("a closure is evaluated with gradients and its loss returned")
  func closure() {
    let p = parameter([3])
    let optimizer = SGD([p], lr: 0.5)
    let loss = optimizer.step {
      optimizer.zeroGrad()
      let loss = p.value.square().sum()
      loss.backward()
      return loss
    }
    #expect(loss.item() == 9)
    #expect(p.value.item() == 0)
  }

  @Test("a step is seen by the graph: an old value is not read silently")
  func versions() {
    let p = parameter([1], gradient: [1])
    let before = p.value.storage.version
    SGD([p], lr: 0.1).step()
    #expect(p.value.storage.version != before)
    let after = p.value.storage.version
    Adadelta([p]).step()
    #expect(p.value.storage.version != after)
  }

  @Test("float64 and bfloat16 parameters are stepped in their dtype", arguments: Optimizer.names)
  func dtypes(_ name: String) throws {
    for dtype in [DType.float64, .bfloat16] where name != "LBFGS" {
      let p = Parameter(Tensor([Float(1), 2, 3, 4], shape: [2, 2]).to(dtype))
      let reference = Parameter(Tensor([Float(1), 2, 3, 4], shape: [2, 2]))
      for parameter in [p, reference] {
        let gradient = Tensor([Float(0.5), -0.25, 1, 0.125], shape: [2, 2])
        parameter.grad = gradient.to(parameter.dtype)
        let optimizer = try #require(
          Optimizer.named(name, [ParameterGroup([parameter])], options: ["lr": 0.125]))
        optimizer.step()
        #expect(
          optimizer.state(of: parameter).tensors.allSatisfy { $0.tensor.dtype == parameter.dtype })
      }
      #expect(p.dtype == dtype)
      let tolerance = dtype == .bfloat16 ? 0.04 : name == "Muon" ? 1e-3 : 1e-5
      for (a, b) in zip(p.value.array(of: Double.self), reference.value.array(of: Double.self)) {
        #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(name) \(dtype): \(a), not \(b)")
      }
    }
  }

  @Test("amsgrad divides by the largest second moment")
  func amsgrad() {
    let p = Parameter(Tensor([1.0], dtype: .float64))
    let optimizer = Adam([p], lr: 0.1, amsgrad: true)
    var (value, mean, square, largest) = (1.0, 0.0, 0.0, 0.0)
    for (step, g) in [4.0, 0.5, -0.25, 0.125].enumerated() {
      p.grad = Tensor([g], dtype: .float64)
      optimizer.step()
      let t = Double(step + 1)
      mean = mean + (g - mean) * (1 - 0.9)
      square = 0.999 * square + (1 - 0.999) * g * g
      largest = max(largest, square)
      let divisor = largest.squareRoot() / (1 - power(0.999, t)).squareRoot() + 1e-8
      value -= 0.1 / (1 - power(0.9, t)) * mean / divisor
      #expect(abs(p.value.item() - value) < 1e-14)
    }
  }

  private func power(_ base: Double, _ exponent: Double) -> Double {
    (0..<Int(exponent)).reduce(1) { product, _ in product * base }
  }

  /// By PyTorch 2.13:
  ///
  ///     p = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
  ///     torch.optim.LBFGS([p], max_iter=60, line_search_fn="strong_wolfe").step(closure)
  @Test("L-BFGS with a line search goes down Rosenbrock's valley as PyTorch does")
  func rosenbrock() {
    let p = Parameter(Tensor([-1.2, 1.0], dtype: .float64))
    let optimizer = LBFGS([p], maxIter: 60, lineSearchFn: .strongWolfe)
    optimizer.step {
      optimizer.zeroGrad()
      let (x, y) = (p.value[0], p.value[1])
      let loss = (1 - x).square() + 100 * (y - x.square()).square()
      loss.backward()
      return loss
    }
    let goal = [0.9999814210791366, 0.9999619651810989]
    for (a, b) in zip(p.value.array(of: Double.self), goal) { #expect(abs(a - b) < 1e-12) }
  }

  @Test("an average of the weights stands in for evaluation and leaves again")
  func averages() throws {
    let model = Linear(1, 1, bias: false)
    model.weight.assign(Tensor([[Float(1)]]))
    let equal = AveragedModel(model)
    let moving = AveragedModel(model, .exponential(decay: 0.75))
    for value in [Float(1), 2, 6] {
      model.weight.assign(Tensor([[value]]))
      equal.update()
      moving.update()
    }
    #expect(equal.evaluate { model.weight.value.item() } == 3)
    #expect(model.weight.value.item() == 6)
    // 1, then 1 + (2 - 1)/4 = 1.25, then 1.25 + (6 - 1.25)/4.
    #expect(moving.evaluate { model.weight.value.item() } == 2.4375)
    let state = equal.stateDict()
    #expect(state.names == ["n_averaged", "module.weight"])
    let other = AveragedModel(Linear(1, 1, bias: false))
    try other.load(state)
    #expect(other.count == 3)
    #expect(throws: OptimizerStateError.self) { try other.load(StateDict()) }
  }
}
