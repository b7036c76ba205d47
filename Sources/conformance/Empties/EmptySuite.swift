import Foundation
import NN
import Tensors

/// Operators and modules with empty dimensions, forward and backward, in memory that was dirtied
/// before: shapes, values, gradients and place in the graph are PyTorch's, and what PyTorch refuses
/// is refused with a message.
///
/// `empties.py` beside the files makes them of the cases of operators and modules.
struct EmptySuite: Suite {
  let units: [String]
  /// What ends the names of calls that must be refused.
  static let refused = "refused"
  private let lines: [String: Data]
  private let operators: OperatorSuite
  private let modules: CaseFolder
  private let operatorRows = Registry()
  private let moduleRows = ModuleRegistry()

  init(folder: URL, options: Options) throws {
    operators = try OperatorSuite(folder: folder.appendingPathComponent("../ops"), options: options)
    modules = try CaseFolder(folder.appendingPathComponent("../modules"))
    var lines: [String: Data] = [:]
    for kind in ["ops", "modules"] {
      let data = try folder.appendingPathComponent("\(kind).jsonl").unpacked()
      for line in data.split(separator: UInt8(ascii: "\n")) {
        // The unit's name stands first, so that a worker reads only its own line.
        let name = line.dropFirst(#"{"unit":""#.utf8.count).prefix { $0 != UInt8(ascii: "\"") }
        lines["\(kind)/\(String(decoding: name, as: UTF8.self))"] = line
      }
    }
    self.lines = lines
    units = lines.keys.sorted()
    Failure.prefix = Supervisor.refusal
  }

  func refusalPasses(_ id: String) -> Bool { id.hasSuffix(EmptySuite.refused) }

  func checks(of unit: String) throws -> [Check] {
    guard let line = lines[unit] else { throw RunnerError("no line for \(unit)") }
    let calls = try JSONDecoder().decode(EmptyUnit.self, from: line).calls
    let name = String(unit.drop { $0 != "/" }.dropFirst())
    return unit.hasPrefix("ops/")
      ? try operatorChecks(name, calls) : try moduleChecks(name, calls)
  }

  private func operatorChecks(_ name: String, _ calls: [EmptyCall]) throws -> [Check] {
    let (cases, tensors, row) = try operators.contents(of: name)
    return calls.map { call in
      Check(id: call.label) {
        guard let row else { throw Unsupported("operator \(name)") }
        guard let item = cases.first(where: { $0.id == call.case }) else {
          throw RunnerError("no case \(call.case ?? -1) of \(name)")
        }
        try EmptyOperatorCheck(call: call, item: item, tensors: tensors).run(row)
      }
    }
  }

  private func moduleChecks(_ name: String, _ calls: [EmptyCall]) throws -> [Check] {
    let known = modules.names.contains(name)
    let cases =
      known
      ? try JSONDecoder().decode(ModuleFile.self, from: modules.json(name)).cases : []
    let tensors = known ? try modules.tensors(name) : nil
    return calls.map { call in
      Check(id: call.label) {
        guard let row = moduleRows[name] else { throw Unsupported("module \(name)") }
        let item = cases.first { $0.id == call.case }
        try EmptyModuleCheck(call: call, item: item, tensors: tensors).run(row)
      }
    }
  }

  private struct ModuleFile: Decodable {
    let cases: [ModuleCase]
  }
}
