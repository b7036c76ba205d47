import Foundation
import Tensors

/// Calls every operator with arguments that were changed at random, and walks back from what it
/// returns: each call must answer or be refused with a message. What ends the process in any other
/// way (a memory error, a trap without words) is a failure.
///
/// The same seed makes the same calls. Under AddressSanitizer reads and writes beyond a block of
/// memory show as well.
struct FuzzSuite: Suite {
  let units: [String]
  private let operators: OperatorSuite
  private let seed: UInt64
  private let count: Int

  init(folder: URL, options: Options) throws {
    operators = try OperatorSuite(folder: folder, options: options)
    units = operators.units
    seed = options.seed
    count = options.count
    Failure.prefix = Supervisor.refusal
  }

  func refusalPasses(_ id: String) -> Bool { true }

  func checks(of unit: String) throws -> [Check] {
    let (cases, tensors, row) = try operators.contents(of: unit)
    return (0..<count).map { index in
      Check(id: "seed \(seed) call \(index)") {
        guard let row else { throw Unsupported("operator \(unit)") }
        guard !cases.isEmpty else { throw Unsupported("no case to change") }
        var mutation = Mutation(seed: seed, unit: unit, index: index)
        let item = cases[mutation.below(cases.count)]
        let call = try mutation.call(item, tensors)
        manualSeed(seed)
        // An error that is thrown is an answer, too: the library's own, or the runner's word that the
        // operator's row does not read such arguments.
        if let results = try? row.compute(call) { walkBack(from: results.flattened) }
      }
    }
  }

  /// Reads every result whole, and its gradients.
  private func walkBack(from results: [Value]) {
    for case .tensor(let result) in results {
      _ = result.array(of: Double.self)
      if result.requiresGrad {
        result.backward(gradient: .ones(like: result), retainGraph: true)
      }
    }
  }
}
