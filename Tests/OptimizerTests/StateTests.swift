import Foundation
import NN
import Optimizers
import Tensors
import Testing

@Suite("Saved state")
struct StateTests {
  /// Parameters of a matrix and a vector, always the same.
  private func parameters() -> [Parameter] {
    [
      Parameter(Tensor((0..<12).map { Float(cos(Double($0))) }, shape: [3, 4])),
      Parameter(Tensor((0..<5).map { Float(sin(Double($0))) })),
    ]
  }

  private func step(_ optimizer: Optimizer, _ parameters: [Parameter], _ number: Int) {
    if optimizer is LBFGS {
      optimizer.step {
        optimizer.zeroGrad()
        let loss = parameters.map { ($0.value - 0.5).square().square().sum() }.reduce(
          Tensor(Float(0)), +)
        loss.backward()
        return loss
      }
      return
    }
    for parameter in parameters {
      let values = (0..<parameter.count).map { Float(sin(Double($0 * 7 + number * 3))) }
      parameter.grad = Tensor(values, shape: parameter.shape)
    }
    optimizer.step()
  }

  /// State through JSON and back, as a checkpoint does it.
  private func throughJSON(_ state: OptimizerState) throws -> OptimizerState {
    let json = try JSONEncoder().encode(state.values)
    return OptimizerState(
      tensors: state.tensors, values: try JSONDecoder().decode(OptionValue.self, from: json))
  }

  private func make(_ name: String, _ all: [Parameter], lr: Double) throws -> Optimizer {
    var options: OptionValues = ["lr": .double(lr)]
    if name == "SGD" || name == "RMSprop" { options["momentum"] = 0.9 }
    if name == "RMSprop" { options["centered"] = true }
    if name == "Adam" { options["amsgrad"] = true }
    let trained = name == "Muon" ? [all[0]] : all
    return try #require(Optimizer.named(name, [ParameterGroup(trained)], options: options))
  }

  @Test("every optimizer goes on from saved state bit for bit", arguments: Optimizer.names)
  func resume(_ name: String) throws {
    let straight = parameters()
    let first = try make(name, straight, lr: 0.03)
    for number in 0..<3 { step(first, straight, number) }

    let saved = try throughJSON(first.stateDict())
    let weights = straight.map { $0.value.detach().clone() }
    for number in 3..<7 { step(first, straight, number) }

    let resumed = parameters()
    let second = try make(name, resumed, lr: 0.5)
    step(second, resumed, 99)
    for (parameter, weight) in zip(resumed, weights) { parameter.assign(weight) }
    try second.load(saved)
    #expect(second.groups[0].lr == 0.03)
    for number in 3..<7 { step(second, resumed, number) }
    for (a, b) in zip(straight, resumed) { #expect(bits(a.value) == bits(b.value)) }
  }

  @Test("the layout is PyTorch's")
  func layout() throws {
    let all = parameters()
    let optimizer = AdamW(
      [ParameterGroup([all[0]], weightDecay: 0.1), ParameterGroup([all[1]], lr: 0.5)], lr: 0.01)
    step(optimizer, all, 0)
    let state = optimizer.stateDict()
    #expect(
      state.tensors.names.sorted() == [
        "state.0.exp_avg", "state.0.exp_avg_sq", "state.1.exp_avg", "state.1.exp_avg_sq",
      ])
    let values = try #require(state.values.object)
    #expect(values["state"]?.object?["1"]?.object?["step"]?.int == 1)
    let groups = try #require(values["param_groups"]?.list).compactMap(\.object)
    #expect(groups[0]["params"] == [0] && groups[1]["params"] == [1])
    #expect(groups[0]["weight_decay"] == 0.1 && groups[1]["weight_decay"] == 0.01)
    #expect(groups[0]["lr"] == 0.01 && groups[1]["lr"] == 0.5)
    #expect(groups[0]["betas"] == [0.9, 0.999])
  }

  @Test("PyTorch's scalar tensors and unknown options load")
  func fromPyTorch() throws {
    let all = parameters()
    let optimizer = Adam(all)
    let zeros = Tensor.zeros([3, 4])
    let tensors = StateDict([
      ("state.0.step", Tensor(Float(7))), ("state.0.exp_avg", zeros),
      ("state.0.exp_avg_sq", zeros),
    ])
    let group: OptionValue = .object([
      "lr": 0.25, "betas": [0.8, 0.9], "foreach": nil, "capturable": false, "params": [0, 1],
    ])
    try optimizer.load(
      OptimizerState(
        tensors: tensors, values: .object(["state": .object([:]), "param_groups": .list([group])])))
    #expect(optimizer.groups[0].lr == 0.25)
    #expect(optimizer.groups[0].betas.0 == 0.8)
    #expect(optimizer.groups[0].double("eps") == 1e-8)
    #expect(optimizer.state(of: all[0])[value: "step"]?.int == 7)
  }

  @Test("parameters are matched by name where both sides have names")
  func byName() throws {
    let (a, b) = (parameter([1, 2], gradient: [1, 1]), parameter([3, 4], gradient: [2, 2]))
    let first = SGD(
      [ParameterGroup([("a", a), ("b", b)])], lr: 0.1, momentum: 0.9)
    first.step()
    let (c, d) = (parameter([1, 2]), parameter([3, 4]))
    let second = SGD([ParameterGroup([("b", d), ("a", c)])], lr: 0.1, momentum: 0.9)
    try second.load(first.stateDict())
    #expect(second.state(of: c)["momentum_buffer"]?.array(of: Float.self) == [1, 1])
    #expect(second.state(of: d)["momentum_buffer"]?.array(of: Float.self) == [2, 2])
  }

  @Test("state that does not fit is refused by name and changes nothing")
  func refusals() throws {
    let all = parameters()
    let optimizer = AdamW(all, lr: 0.01)
    step(optimizer, all, 0)
    let good = optimizer.stateDict()
    func message(_ change: (inout OptimizerState) -> Void) -> String {
      var state = good
      change(&state)
      do {
        try optimizer.load(state)
        return "loaded"
      } catch { return error.description }
    }
    func group(_ change: @escaping (inout OptionValues) -> Void) -> (inout OptimizerState) -> Void {
      { state in
        var values = state.values.object ?? [:]
        var group = values["param_groups"]?.list?.first?.object ?? [:]
        change(&group)
        values["param_groups"] = .list([.object(group)])
        state.values = .object(values)
      }
    }
    #expect(message { $0.values = .object([:]) }.contains("param_groups"))
    #expect(message { $0.values = .object(["param_groups": []]) }.contains("1 parameter groups"))
    #expect(message(group { $0["params"] = [0] }).contains("2 parameters, the saved state 1"))
    #expect(message(group { $0["lr"] = "fast" }).contains("param_groups.0.lr"))
    let mismatch = message { $0.tensors["state.0.exp_avg"] = .zeros([4, 3]) }
    #expect(mismatch.contains("state.0.exp_avg") && mismatch.contains("[4, 3]"))
    #expect(message { $0.tensors["state.9.exp_avg"] = .zeros([3]) }.contains("state.9"))
    #expect(message { $0.tensors["exp_avg"] = .zeros([3]) }.contains("exp_avg"))
    #expect(optimizer.groups[0].lr == 0.01)
    #expect(
      optimizer.state(of: all[0])["exp_avg"].map(bits) == good.tensors["state.0.exp_avg"].map(bits))
  }

  @Test("a saved state is a copy")
  func copies() throws {
    let all = parameters()
    let optimizer = SGD(all, lr: 0.1, momentum: 0.9)
    step(optimizer, all, 0)
    let state = optimizer.stateDict()
    let buffer = try #require(state.tensors["state.0.momentum_buffer"])
    let before = bits(buffer)
    step(optimizer, all, 1)
    #expect(bits(buffer) == before)
  }
}
