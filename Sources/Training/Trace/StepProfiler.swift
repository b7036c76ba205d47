import Collectives
import DataParallel
import NN
import Optimizers
import Tensors

/// What some steps of a training consist of, on one rank: operations and layers, phases, memory.
///
/// A trainer runs the steps of its window under it. It adds two readings of the clock to each operation,
/// and changes no result.
package final class StepProfiler: EventSink {
  private let window: Timeline.Window
  private let timeline: Timeline?
  private let recorder: ProfileRecorder
  private var steps: ClosedRange<Int>?
  private var isOpen = false
  private var report = StepProfile()
  private var model: Module?
  private var graph = 0
  private let dtype: DType
  private let done: (StepProfile?) throws -> Void
  private var isDone = false

  /// - Parameters:
  ///   - window: Which steps are looked at.
  ///   - dtype: What products compute in, whose limit they are measured by.
  ///   - timeline: Where their operations are drawn, too.
  ///   - done: Takes what was seen, after the last step of the window or of the training; nil where no
  ///     step of the window was reached.
  package init(
    _ window: Timeline.Window, _ dtype: DType = .float32, timeline: Timeline? = nil,
    done: @escaping (StepProfile?) throws -> Void
  ) {
    (self.window, self.dtype, self.done) = (window, dtype, done)
    self.timeline = timeline
    recorder = ProfileRecorder { name, isBackward, duration in
      timeline?.note(operation: name, isBackward: isBackward, duration)
    }
  }

  package var wantsPhases: Bool { !isDone }

  /// Runs a step, and looks at it where its number lies in the window.
  func step<Result>(
    _ number: Int, _ trainer: Trainer<some Any>, _ body: () throws -> Result
  ) rethrows -> Result {
    if steps == nil { steps = window.steps(from: number) }
    guard steps?.contains(number) ?? false else { return try body() }
    (isOpen, model) = (true, trainer.model)
    defer { isOpen = false }
    let began = memoryAllocated()
    if report.steps.isEmpty { resetPeakMemoryStats() }
    let result = try recorder.recording(trainer.model, body)
    report.steps.append(number)
    report.memory.peak = maxMemoryAllocated()
    report.memory.parameters = trainer.model.parameters().reduce(0) { $0 + $1.value.bytes }
    report.memory.optimizer = trainer.optimizer.stateByteCount
    report.memory.graph = max(report.memory.graph, graph - began)
    return result
  }

  /// Takes the time of phases, and the memory at their ends.
  package func take(_ event: TrainingEvent) throws {
    switch event {
    case .phase(let phase): take(phase)
    case .step(let report) where report.step >= steps?.upperBound ?? .max: try finish()
    case .ended: try finish()
    default: break
    }
  }

  private func take(_ phase: PhaseReport) {
    guard let ended = phase.ended else { return }
    // The first batch of the window came before its step began.
    guard isOpen || phase.phase == .data && steps?.contains(phase.step) ?? false else { return }
    report.add(phase.name, Double(ended - phase.began) / 1e9)
    switch phase.phase {
    case .forward: graph = memoryAllocated()
    case .backward:
      let gradients = model?.parameters().reduce(0) { $0 + ($1.grad?.bytes ?? 0) } ?? 0
      report.memory.gradients = max(report.memory.gradients, gradients)
    default: break
    }
  }

  private func finish() throws {
    guard !isDone else { return }
    isDone = true
    guard !report.steps.isEmpty else { return try done(nil) }
    report.profile = recorder.finish()
    report.profile.limits = .measured(dtype)
    try done(report)
  }
}

extension Tensor {
  fileprivate var bytes: Int { count * dtype.size }
}
