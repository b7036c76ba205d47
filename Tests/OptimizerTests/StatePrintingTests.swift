import NN
import Optimizers
import Tensors
import Testing

/// Optimizers' and schedules' state prints as Python's dicts do.
@Suite("Printed state")
struct StatePrintingTests {
  @Test("of an optimizer and a schedule")
  func printed() {
    let weight = Parameter(Tensor([1.0, 2.0]))
    let optimizer = SGD([weight], lr: 0.5, momentum: 0.9)
    let schedule = StepLR(optimizer, stepSize: 3)
    weight.value.pow(2).sum().backward()
    optimizer.step()
    let text = "\(optimizer.stateDict())"
    #expect(text.hasPrefix("{'state': {0: {'momentum_buffer': tensor([2., 4.])}}"), "\(text)")
    #expect(text.contains("'param_groups': [{") && text.contains("'momentum': 0.9"), "\(text)")
    #expect(text.contains("'nesterov': False") && text.contains("'params': [0]"), "\(text)")
    let state = "\(schedule.stateDict())"
    #expect(state.hasPrefix("{'_last_lr': [0.5], '_step_count': 1"), "\(state)")
    #expect(state.contains("'step_size': 3"), "\(state)")
  }
}
