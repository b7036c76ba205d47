import NN
import Optimizers
import Tensors
import Testing

@Suite("Trajectories")
struct TrajectoryTests {
  @Test("every optimizer walks PyTorch's way, step by step")
  func optimizers() throws {
    let tensors = try Golden.tensors("optimizers.safetensors")
    let cases = try Golden.cases("optimizers.json")
    #expect(Set(cases.compactMap { $0["optimizer"]?.string }) == Set(Optimizer.names))
    for entry in cases {
      let id = try #require(entry["id"]?.int)
      let name = try #require(entry["optimizer"]?.string)
      let options = try #require(entry["kwargs"]?.object).mapValues(plain)
      let label = "\(name) \(options)"
      let count = try #require(entry["params"]?.int)
      let steps = try #require(entry["steps"]?.int)
      let parameters = try (0..<count).map { index in
        Parameter(try #require(tensors["\(id).param.\(index)"]))
      }
      let optimizer = try #require(
        Optimizer.named(name, [ParameterGroup(parameters)], options: options))
      for step in 0..<steps {
        if name == "LBFGS" {
          let goals = (0..<count).compactMap { tensors["\(id).grad.0.\($0)"] }
          optimizer.step {
            optimizer.zeroGrad()
            let terms = zip(parameters, goals).map { ($0.value - $1).square().square().sum() }
            let loss = terms.dropFirst().reduce(terms[0], +)
            loss.backward()
            return loss
          }
        } else {
          for (index, parameter) in parameters.enumerated() {
            parameter.grad = tensors["\(id).grad.\(step).\(index)"]
            #expect(parameter.grad != nil)
          }
          optimizer.step()
        }
        for (index, parameter) in parameters.enumerated() {
          let expected = try #require(tensors["\(id).after.\(step).\(index)"])
          let found = difference(parameter.value.detach(), expected)
          #expect(found == nil, "\(label), step \(step), parameter \(index): \(found ?? "")")
          if found != nil { return }
        }
      }
    }
  }

  @Test("every scheduler sets PyTorch's learning rates and momenta")
  func schedulers() throws {
    for entry in try Golden.cases("lr_schedulers.json") {
      let name = try #require(entry["scheduler"]?.string)
      let options = entry["kwargs"]?.object ?? [:]
      let base = try #require(entry["base_lr"]?.double)
      let optimizer = SGD(
        [Parameter(Tensor([Float(1)]))], lr: base, momentum: entry["momentum"]?.double ?? 0.9)
      let scheduler: LRScheduler
      switch name {
      case "SequentialLR", "ChainedScheduler":
        var parts: [LRScheduler] = []
        for part in try #require(entry["of"]?.list) {
          let pair = try #require(part.list)
          let (name, options) = (try #require(pair[0].string), try #require(pair[1].object))
          parts.append(try #require(try LRScheduler.named(name, optimizer, options: options)))
        }
        let milestones = entry["milestones"]?.list?.compactMap(\.int) ?? []
        scheduler =
          name == "ChainedScheduler"
          ? ChainedScheduler(parts) : SequentialLR(optimizer, parts, milestones: milestones)
      default:
        scheduler = try #require(try LRScheduler.named(name, optimizer, options: options))
      }
      let rates = try #require(entry["lr"]?.doubles)
      let momenta = entry["momentum_after"]?.doubles
      let metrics = entry["metric"]?.doubles
      for (step, rate) in rates.enumerated() {
        if step > 0 {
          if let plateau = scheduler as? ReduceLROnPlateau {
            plateau.step(try #require(metrics)[step - 1])
          } else {
            scheduler.step()
          }
        }
        let label = "\(name) \(options) after \(step) steps"
        #expect(abs(optimizer.groups[0].lr - rate) <= 1e-15 + 1e-13 * rate, "\(label)")
        if let momenta {
          #expect(abs(optimizer.groups[0].momentum - momenta[step]) <= 1e-14, "\(label)")
        }
      }
    }
  }
}
