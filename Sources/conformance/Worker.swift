import Foundation

/// Runs checks one after the other and reports each on a line of its own before and after it runs,
/// so that the supervisor knows which one ended the process.
///
/// A programmer's error in the library stops the process by design; so every check runs in a process
/// that can be lost: this one, or a copy of it where refusals are asked for, of which there are many.
struct Worker {
  let suite: any Suite
  let options: Options

  func run(from position: Position) {
    var reached = position.unit.isEmpty
    for unit in suite.units where options.selects(unit) {
      let first = unit == position.unit ? position.index : 0
      if unit == position.unit { reached = true }
      guard reached else { continue }
      run(unit, from: first)
    }
    Output.line("end")
  }

  private func run(_ unit: String, from first: Int) {
    let checks: [Check]
    do {
      checks = try suite.checks(of: unit)
    } catch {
      report(unit, 0, "-", .failed, "\(error)")
      return
    }
    for (index, check) in checks.enumerated().dropFirst(first) {
      Output.line("begin\t\(unit)\t\(index)\t\(check.id)")
      guard suite.refusalPasses(check.id) else {
        answer(unit, index, check)
        continue
      }
      // The copy of this process that the check ends has said nothing of it.
      if let ending = ProcessCopy.ending(of: { answer(unit, index, check) }) {
        let outcome = ending.isRefusal ? Outcome.passed : .failed
        report(unit, index, check.id, outcome, ending.isRefusal ? "" : ending.description)
      }
    }
  }

  /// Runs a check that may end the process, and reports it.
  private func answer(_ unit: String, _ index: Int, _ check: Check) {
    do {
      try check.run()
      report(unit, index, check.id, .passed, "")
    } catch let error as Unsupported {
      report(unit, index, check.id, .skipped, error.description)
    } catch {
      report(unit, index, check.id, .failed, "\(error)")
    }
  }

  private func report(
    _ unit: String, _ index: Int, _ id: String, _ outcome: Outcome, _ message: String
  ) {
    let flat = message.replacing("\n", with: " ").replacing("\t", with: " ")
    Output.line("\(outcome.rawValue)\t\(unit)\t\(index)\t\(id)\t\(flat)")
  }
}

/// Lines written at once and whole, whatever happens to the process next.
enum Output {
  static func line(_ text: String) { write(text, 1) }
  static func error(_ text: String) { write(text, 2) }

  private static func write(_ text: String, _ descriptor: Int32) {
    var bytes = Array(text.utf8)
    bytes.append(10)
    bytes.withUnsafeBytes { buffer in
      var start = 0
      while start < buffer.count {
        let count = Foundation.write(
          descriptor, buffer.baseAddress.map { $0 + start }, buffer.count - start)
        guard count > 0 else { return }
        start += count
      }
    }
  }
}
