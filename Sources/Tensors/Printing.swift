import Foundation

extension Tensor: CustomStringConvertible, CustomDebugStringConvertible {
  /// The elements as PyTorch prints them: aligned, four digits, long dimensions cut in the middle.
  public var description: String { TensorPrinter(self).text }

  /// Shape, dtype and the first values, for the debugger.
  public var debugDescription: String {
    let head = noGrad { flattened().sliced(to: 6).to(.float64) }.array(of: Double.self)
    let values = head.map { String(format: "%g", $0) }.joined(separator: ", ")
    return "Tensor \(shape) \(dtype) [\(values)\(count > 6 ? ", …" : "")]"
  }
}

/// Lays a tensor out as text by the rules of `torch.set_printoptions`' defaults: precision 4,
/// summary beyond 1,000 elements with 3 at each edge, lines of 80 columns.
struct TensorPrinter {
  private let tensor: Tensor
  private let summarize: Bool
  private let edge = 3
  private let lineWidth = 80

  init(_ tensor: Tensor) {
    self.tensor = noGrad { tensor.detach() }
    autograd = tensor.body.autograd
    summarize = tensor.count > 1000
  }

  private let autograd: AutogradMeta?

  var text: String {
    let prefix = "tensor("
    let format = NumberFormat(shown(tensor), tensor.dtype)
    var body = noGrad {
      tensor.count == 0 ? "[]" : block(tensor, indent: prefix.count, format)
    }
    var suffixes: [String] = []
    if tensor.count == 0 && tensor.rank != 1 {
      suffixes.append("size=(\(tensor.shape.map(String.init).joined(separator: ", ")))")
    }
    let isDefault = [.float32, .int64, .bool].contains(tensor.dtype)
    if !isDefault || tensor.count == 0 && tensor.dtype != .float32 {
      suffixes.append("dtype=torch.\(tensor.dtype)")
    }
    if let autograd {
      suffixes.append(
        autograd.isLeaf ? "requires_grad=True" : "grad_fn=<\(autograd.edge.node.name)>")
    }
    var width = (body.split(separator: "\n", omittingEmptySubsequences: false).last?.count ?? 0)
    if !body.contains("\n") { width += prefix.count }
    for suffix in suffixes {
      if width + suffix.count + 2 > lineWidth {
        body += ",\n" + String(repeating: " ", count: prefix.count) + suffix
        width = prefix.count + suffix.count
      } else {
        body += ", " + suffix
        width += suffix.count + 2
      }
    }
    return prefix + body + ")"
  }

  /// The elements that will be printed, which decide the number format.
  private func shown(_ x: Tensor) -> [Double] {
    noGrad {
      guard summarize else { return x.flattened().to(.float64).array(of: Double.self) }
      if x.rank == 0 { return [x.item()] }
      return picked(x.shape[0]).flatMap { index -> [Double] in
        guard let index else { return [] }
        return shown(x.select(dim: 0, index: index))
      }
    }
  }

  /// The positions of a dimension that are printed; nil stands for the dots.
  private func picked(_ size: Int) -> [Int?] {
    guard summarize, size > 2 * edge else { return Array(0..<size) }
    return Array(0..<edge) + [nil] + Array((size - edge)..<size)
  }

  private func block(_ x: Tensor, indent: Int, _ format: NumberFormat) -> String {
    if x.rank == 0 { return format.text(x.item()) }
    if x.rank == 1 {
      let entries = picked(x.shape[0]).map { index in
        index.map { format.text(x.select(dim: 0, index: $0).item()) } ?? " ..."
      }
      let perLine = Swift.max(1, (lineWidth - indent) / (format.width + 2))
      let lines = stride(from: 0, to: entries.count, by: perLine).map {
        entries[$0..<Swift.min($0 + perLine, entries.count)].joined(separator: ", ")
      }
      return "[" + lines.joined(separator: ",\n" + String(repeating: " ", count: indent + 1)) + "]"
    }
    let parts = picked(x.shape[0]).map { index in
      index.map { block(x.select(dim: 0, index: $0), indent: indent + 1, format) } ?? "..."
    }
    let gap = String(repeating: "\n", count: x.rank - 1) + String(repeating: " ", count: indent + 1)
    return "[" + parts.joined(separator: "," + gap) + "]"
  }
}

/// How the numbers of one tensor are written, so that they line up.
private struct NumberFormat {
  private enum Style { case bool, whole, wholeFloat, fixed, scientific }
  private let style: Style
  let width: Int

  init(_ values: [Double], _ dtype: DType) {
    if dtype == .bool {
      (style, width) = (.bool, values.contains(0) ? 5 : 4)
      return
    }
    if !dtype.isFloatingPoint {
      style = .whole
      width = values.map { String(format: "%.0f", $0).count }.max() ?? 1
      return
    }
    let finite = values.filter { $0.isFinite && $0 != 0 }
    let magnitudes = finite.map(abs)
    let (low, high) = (magnitudes.min() ?? 0, magnitudes.max() ?? 0)
    let ratio = low > 0 ? high / low : 1
    let chosen: Style
    if finite.allSatisfy({ $0 == $0.rounded() }) {
      chosen = ratio > 1000 && high > 1e8 || high > 1e8 ? .scientific : .wholeFloat
    } else {
      chosen = ratio > 1000 || high > 1e8 || low < 1e-4 ? .scientific : .fixed
    }
    style = chosen
    width = values.map { NumberFormat.write($0, chosen).count }.max() ?? 1
  }

  func text(_ value: Double) -> String {
    let plain = NumberFormat.write(value, style)
    return String(repeating: " ", count: Swift.max(0, width - plain.count)) + plain
  }

  private static func write(_ value: Double, _ style: Style) -> String {
    if style == .bool { return value != 0 ? "True" : "False" }
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    switch style {
    case .bool: return ""
    case .whole: return String(format: "%.0f", value)
    case .wholeFloat: return String(format: "%.0f.", value)
    case .fixed: return String(format: "%.4f", value)
    case .scientific: return String(format: "%.4e", value)
    }
  }
}
