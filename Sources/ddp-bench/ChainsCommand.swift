import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench chains`: functions of several elementwise operators, eager and compiled.
struct ChainsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "chains",
    abstract: "Times functions of elementwise operators, eager and compiled, at three sizes.",
    discussion: """
      Compiled functions compute such operators in one pass over memory. A size is the number of elements of \
      the main input, in float32. Forward is a call that records nothing; backward is a call that does and \
      the gradients of all inputs from a gradient of ones. Eager and compiled take turns; below a ratio of 1, \
      compiled is faster. Functions: \(Chain.all.map(\.name).joined(separator: ", ")).
      """)

  @Option(help: "Compute threads.")
  var threads = 1

  @Option(
    help: ArgumentHelp(
      "Elements of the main input: \(OpsSize.allCases.map { "\($0.rawValue)" }.joined(separator: ", ")); "
        + "may be repeated. All where none is given."))
  var size: [Int] = []

  @Option(help: "Seconds to measure each direction of each case for.")
  var seconds = 0.5

  mutating func validate() throws {
    guard threads > 0, seconds > 0 else {
      throw ValidationError("--threads and --seconds must be positive")
    }
    for size in size where OpsSize(rawValue: size) == nil {
      throw ValidationError(
        "there is no size \(size); known are "
          + OpsSize.allCases.map { "\($0.rawValue)" }.joined(separator: ", "))
    }
  }

  func run() throws {
    Compute.setThreads(threads)
    StandardStream.output.print(
      "function            size   forward: eager us    compiled  ratio   with backward: eager us"
        + "    compiled  ratio")
    for chain in Chain.all {
      for size in OpsSize.allCases where self.size.isEmpty || self.size.contains(size.rawValue) {
        StandardStream.output.print(row(chain, size))
      }
    }
  }

  private func row(_ chain: Chain, _ size: OpsSize) -> String {
    manualSeed(0)
    let inputs = chain.shapes(size).map { Tensor.randn($0).requiringGrad() }
    let compiled = compile { (inputs: [Tensor]) in chain.compute(inputs) }
    let ones = Tensor.ones(like: noGrad { chain.compute(inputs) })
    func forward(_ function: ([Tensor]) -> Tensor) { noGrad { _ = function(inputs) } }
    func both(_ function: ([Tensor]) -> Tensor) {
      _ = grad(of: [function(inputs)], withRespectTo: inputs, gradients: [ones])
    }
    let columns = [forward, both].map { call in
      let (eager, replayed) = Self.inTurn(
        seconds, { call(chain.compute) }, { call { compiled($0) } })
      return String(
        format: "%12.2f %11.2f %6.2f", eager / 1e3, replayed / 1e3, replayed / eager)
    }
    return chain.name.padding(toLength: 12, withPad: " ", startingAt: 0)
      + String(format: "%12d", size.rawValue) + columns.joined(separator: "         ")
  }

  /// Nanoseconds a call of each, as medians of groups that take turns.
  private static func inTurn(
    _ seconds: Double, _ one: () -> Void, _ other: () -> Void
  ) -> (Double, Double) {
    for _ in 0..<4 {
      one()
      other()
    }
    let clock = ContinuousClock()
    let group = max(1, Int(3e6 / max(clock.measure(one) / .nanoseconds(1), 100)))
    var times: [(Double, Double)] = []
    let end = clock.now + .seconds(seconds)
    while clock.now < end || times.count < 5 {
      let first = clock.measure { for _ in 0..<group { one() } } / .nanoseconds(1)
      let second = clock.measure { for _ in 0..<group { other() } } / .nanoseconds(1)
      times.append((first / Double(group), second / Double(group)))
    }
    let middle = times.count / 2
    return (times.map(\.0).sorted()[middle], times.map(\.1).sorted()[middle])
  }
}

/// A function of elementwise operators, as people write them.
private struct Chain: Sendable {
  let name: String
  let shapes: @Sendable (OpsSize) -> [[Int]]
  let compute: @Sendable ([Tensor]) -> Tensor

  static let all: [Chain] = [
    Chain(name: "swiglu", shapes: { [$0.matrix, $0.matrix] }) { F.silu($0[0]) * $0[1] },
    Chain(name: "gelu_tanh", shapes: { [$0.matrix] }) { inputs in
      let x = inputs[0]
      return x * 0.5 * ((x + x * x * x * 0.044715) * 0.7978845608).tanh() + x * 0.5
    },
    Chain(name: "rotary", shapes: { [$0.matrix, $0.matrix, [$0.columns], [$0.columns]] }) {
      $0[0] * $0[2] + $0[1] * $0[3]
    },
    Chain(name: "affine", shapes: { [$0.matrix, [$0.rows, 1], [$0.rows, 1], [$0.columns]] }) {
      ($0[0] - $0[1]) * $0[2] * $0[3]
    },
    Chain(name: "average", shapes: { [$0.matrix, $0.matrix] }) { $0[0] * 0.99 + $0[1] * 0.01 },
    Chain(name: "gate", shapes: { [$0.matrix, $0.matrix, $0.matrix] }) { inputs in
      let gate = inputs[2].sigmoid()
      return gate * inputs[0].tanh() + (1 - gate) * inputs[1]
    },
  ]
}
