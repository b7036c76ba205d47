import Base
import Foundation
import Synchronization

/// Where a run stands.
package struct RunProgress: Sendable, Equatable {
  /// Optimizer steps done.
  package var step: Int
  /// Optimizer steps in the whole run.
  package var steps: Int
  /// The epoch, from 1.
  package var epoch: Int?
  /// Epochs in the whole run.
  package var epochs: Int?
  /// Training records per second over all workers.
  package var samplesPerSecond: Double?
  /// Figures to show, such as `("loss", 0.31)`.
  package var figures: [(name: String, value: Double)]

  /// Where a run stands.
  package init(
    step: Int, of steps: Int, epoch: Int? = nil, of epochs: Int? = nil,
    samplesPerSecond: Double? = nil, figures: [(name: String, value: Double)] = []
  ) {
    self.step = step
    self.steps = steps
    self.epoch = epoch
    self.epochs = epochs
    self.samplesPerSecond = samplesPerSecond
    self.figures = figures
  }

  /// Equal in all that is shown.
  package static func == (left: Self, right: Self) -> Bool {
    left.line(elapsed: 0) == right.line(elapsed: 0)
  }

  /// `epoch 3/20  step 126/900  loss 0.2131  1234 samples/s  0:40 left`
  ///
  /// - Parameter elapsed: Seconds since the first step of this process, of which the run has
  ///   done `step - first`.
  package func line(elapsed: Double, first: Int = 0) -> String {
    var parts: [String] = []
    if let epoch { parts.append("epoch \(epoch)" + (epochs.map { "/\($0)" } ?? "")) }
    parts.append("step \(step)/\(steps)")
    parts += figures.map { "\($0.name) \(Self.fourDigits($0.value))" }
    if let samplesPerSecond { parts.append("\(Self.whole(samplesPerSecond)) samples/s") }
    let done = step - first
    if done > 0, step < steps, elapsed > 0 {
      parts.append(Self.duration(elapsed / Double(done) * Double(steps - step)) + " left")
    }
    return parts.joined(separator: "  ")
  }

  /// A bar of `width` characters, filled as far as the run is done.
  package func bar(width: Int) -> String {
    let part = steps > 0 ? Double(min(step, steps)) / Double(steps) : 1
    let filled = Int(part * Double(width))
    return "[" + String(repeating: "=", count: filled)
      + String(repeating: " ", count: width - filled) + "]"
  }

  /// Four significant digits, `nan` and `inf` as they are.
  package static func fourDigits(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
    return String(
      format: abs(value) >= 1000 || (abs(value) < 1e-3 && value != 0) ? "%.3e" : "%.4f", value)
  }

  private static func whole(_ value: Double) -> String {
    value.isFinite ? String(format: "%.0f", value) : "?"
  }

  /// `0:40`, `12:05` or `3:07:09`
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "?" }
    let total = Int(seconds.rounded())
    let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, rest)
      : String(format: "%d:%02d", minutes, rest)
  }
}

/// Shows a run's progress on standard output: a bar that is redrawn where that is a terminal, a
/// line every few seconds elsewhere. Made on rank 0 alone.
package final class ProgressReport: Sendable {
  private struct State {
    package var first: (step: Int, time: Double)?
    package var lastShown: Double?
    package var isBarDrawn = false
  }

  private let terminal: Terminal
  private let interval: Double
  private let clock: @Sendable () -> Double
  private let emit: @Sendable (String) -> Void
  private let state = Mutex(State())

  /// A report to `terminal`.
  ///
  /// - Parameters:
  ///   - terminal: What the output leads to.
  ///   - interval: Seconds between two plain lines; a bar is redrawn ten times a second.
  ///   - clock: Seconds since any fixed time.
  ///   - emit: Takes the text; by default standard output, where text that cannot be written is
  ///     dropped: a full disk of the log is no reason to end a run.
  package init(
    terminal: Terminal = .standardOutput(), interval: Double = 5,
    clock: @escaping @Sendable () -> Double = {
      Double(DispatchTime.now().uptimeNanoseconds) / 1e9
    },
    emit: (@Sendable (String) -> Void)? = nil
  ) {
    self.terminal = terminal
    self.interval = interval
    self.clock = clock
    self.emit = emit ?? { StandardStream.output.write($0) }
  }

  /// Shows `progress`, unless something was shown a moment ago; the last step is always shown.
  package func update(_ progress: RunProgress) {
    let now = clock()
    let text: String? = state.withLock { state in
      let first = state.first ?? (progress.step, now)
      state.first = first
      let pause = terminal.isInteractive ? 0.1 : interval
      if let last = state.lastShown, now - last < pause, progress.step < progress.steps {
        return nil
      }
      state.lastShown = now
      state.isBarDrawn = terminal.isInteractive
      let line = progress.line(elapsed: now - first.time, first: first.step)
      guard terminal.isInteractive else { return line + "\n" }
      let room = terminal.columns - line.count - 5
      let shown = room >= 10 ? "\(progress.bar(width: min(room, 30))) \(line)" : line
      return Self.redraw + String(shown.prefix(max(1, terminal.columns - 1)))
    }
    if let text { emit(text) }
  }

  /// Prints a line that stays; the bar moves below it.
  package func print(_ line: String) {
    emit(clear() + line + "\n")
  }

  /// Ends the bar's line, so that what follows starts on a fresh one. The bar stays to be read.
  package func finish() {
    let wasDrawn = state.withLock { state in
      defer { state.isBarDrawn = false }
      return state.isBarDrawn
    }
    if wasDrawn { emit("\n") }
  }

  /// Carriage return, then "erase to the end of the line".
  private static let redraw = "\r\u{1B}[K"

  private func clear() -> String {
    state.withLock { state in
      defer { state.isBarDrawn = false }
      return state.isBarDrawn ? Self.redraw : ""
    }
  }
}
