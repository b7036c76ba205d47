import NN
import Optimizers
import Tensors
import Testing

/// What optimizers, schedules and states print, beside PyTorch's.
@Suite struct OptimizerPrintingTests {
  @Test func `an optimizer prints its groups with their options`() {
    let model = Linear(2, 2)
    let adamW = AdamW(model.parameters(), lr: 1e-3)
    #expect(
      "\(adamW)" == """
        AdamW (
        Parameter Group 0
            amsgrad: False
            betas: (0.9, 0.999)
            decoupled_weight_decay: True
            eps: 1e-08
            lr: 0.001
            maximize: False
            weight_decay: 0.01
        )
        """)
    let sgd = SGD(
      [ParameterGroup([model.weight]), ParameterGroup([Parameter(.ones(1))], lr: 0.5)], lr: 0.1,
      momentum: 0.9)
    #expect(
      "\(sgd)" == """
        SGD (
        Parameter Group 0
            dampening: 0
            lr: 0.1
            maximize: False
            momentum: 0.9
            nesterov: False
            weight_decay: 0

        Parameter Group 1
            dampening: 0
            lr: 0.5
            maximize: False
            momentum: 0.9
            nesterov: False
            weight_decay: 0
        )
        """)
  }

  @Test func `a schedule prints its step and its rates`() {
    let optimizer = SGD(Linear(2, 2).parameters(), lr: 0.5)
    let schedule = StepLR(optimizer, stepSize: 1, gamma: 0.5)
    optimizer.step()
    schedule.step()
    #expect("\(schedule)" == "StepLR(last_epoch=1, last_lr=[0.25])")
  }

  @Test func `a state dict prints names and tensors`() {
    let (weight, bias) = (Tensor([[1.0, 2.0], [3.0, 4.0]]), Tensor([0.5]))
    let state = StateDict([("weight", weight), ("bias", bias)])
    #expect(
      "\(state)" == """
        OrderedDict([('weight', tensor([[1., 2.],
                [3., 4.]])), ('bias', tensor([0.5000]))])
        """)
    #expect("\(StateDict())" == "OrderedDict([])")
  }

  @Test func `a parameter prints as PyTorch's do`() {
    let parameter = Parameter(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    #expect(
      "\(parameter)" == """
        Parameter containing:
        tensor([[1., 2.],
                [3., 4.]], requires_grad=True)
        """)
    parameter.requiresGrad = false
    #expect("\(parameter)".hasSuffix("[3., 4.]])"))
  }
}
