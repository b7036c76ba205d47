import Tensors

/// What a model consists of and what one pass through it costs, layer by layer.
///
/// ```swift
/// print(model.summary(Tensor.zeros([1, 3, 32, 32])))
/// ```
public struct ModelSummary: Sendable {
  /// One module.
  public struct Row: Sendable, Equatable {
    /// The dotted name; empty for the model itself.
    public let name: String
    /// The type.
    public let type: String
    /// How many modules it lies below.
    public let depth: Int
    /// The shape of the output of its first call; nil where it was not called, or cannot tell
    /// (``Hookable``).
    public internal(set) var outputShape: [Int]?
    /// How often it was called.
    public internal(set) var calls = 0
    /// The numbers in its own parameters, those of modules below it left out; a shared parameter
    /// counts where it stands first.
    public let parameters: Int
    /// Those of them that are trained.
    public let trained: Int
    /// The memory of its own parameters.
    public let bytes: Int
    /// Multiplications with an addition in its own matrix products, convolutions, recurrences and
    /// attention, over all calls.
    public internal(set) var multiplyAdds = 0
  }

  /// The modules from the top, each once.
  public internal(set) var rows: [Row]
  /// The memory of all buffers.
  public let bufferBytes: Int
  /// The memory of the outputs of all modules without modules below them, at each call.
  public internal(set) var outputBytes = 0

  /// Numbers in all parameters.
  public var parameters: Int { rows.reduce(0) { $0 + $1.parameters } }
  /// Numbers that are trained.
  public var trained: Int { rows.reduce(0) { $0 + $1.trained } }
  /// The memory of all parameters.
  public var parameterBytes: Int { rows.reduce(0) { $0 + $1.bytes } }
  /// Multiply-adds of the whole pass.
  public var multiplyAdds: Int { rows.reduce(0) { $0 + $1.multiplyAdds } }

  /// The row of a module's name.
  public subscript(name: String) -> Row? { rows.first { $0.name == name } }
}

extension ModelSummary: CustomStringConvertible {
  /// A table with totals.
  public var description: String {
    var cells = [["Layer", "Type", "Output shape", "Parameters", "Bytes", "Multiply-adds"]]
    for row in rows {
      let last = row.name.split(separator: ".").last.map(String.init) ?? "model"
      // A module below one in a struct has a name of several parts.
      let parent = rows.last { row.name.hasPrefix($0.name + ".") && $0.depth == row.depth - 1 }
      let own = parent.map { String(row.name.dropFirst($0.name.count + 1)) } ?? row.name
      let name = row.name.isEmpty ? last : own
      cells.append([
        String(repeating: "  ", count: row.depth) + name, row.type,
        row.outputShape.map { "\($0)" } ?? "-", row.parameters == 0 ? "-" : grouped(row.parameters),
        row.bytes == 0 ? "-" : grouped(row.bytes),
        row.multiplyAdds == 0 ? "-" : grouped(row.multiplyAdds),
      ])
    }
    let widths = cells[0].indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
    var lines = cells.map { row in
      zip(row.indices, zip(row, widths)).map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column < 3 ? cell.0 + space : space + cell.0
      }.joined(separator: "  ")
    }
    let rule = String(
      repeating: "-", count: widths.reduce(0, +) + 2 * (widths.count - 1))
    lines.insert(rule, at: 1)
    lines += [
      rule,
      "Parameters: \(grouped(parameters)), of them trained \(grouped(trained)); "
        + "\(grouped(parameterBytes)) bytes",
      "Buffers: \(grouped(bufferBytes)) bytes; outputs of the layers: \(grouped(outputBytes)) bytes",
      "Multiply-adds: \(grouped(multiplyAdds))",
    ]
    return lines.joined(separator: "\n")
  }
}

/// A number with its digits in groups of three: `1,234,567`.
private func grouped(_ number: Int) -> String {
  var digits = String(number)
  var groups: [String] = []
  while digits.count > 3 {
    groups.append(String(digits.suffix(3)))
    digits.removeLast(3)
  }
  return ([digits] + groups.reversed()).joined(separator: ",")
}
