import Base
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
    let format = NumberFormat(shown(tensor))
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
        autograd.isLeaf
          ? "requires_grad=True" : "grad_fn=<\(GradientName(autograd.edge.node).text)>")
    }
    var width = (body.lines.last?.count ?? 0) + 2
    if body.lines.count < 2 { width += prefix.count }
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
  private func shown(_ x: Tensor) -> Tensor {
    noGrad {
      guard summarize, x.rank > 0 else { return x.flattened() }
      let parts = picked(x.shape[0]).compactMap { $0 }
      return Tensor.cat(parts.map { shown(x.select(dim: 0, index: $0)) })
    }
  }

  /// The positions of a dimension that are printed; nil stands for the dots.
  private func picked(_ size: Int) -> [Int?] {
    guard summarize, size > 2 * edge else { return Array(0..<size) }
    return Array(0..<edge) + [nil] + Array((size - edge)..<size)
  }

  private func block(_ x: Tensor, indent: Int, _ format: NumberFormat) -> String {
    if x.rank == 0 { return format.texts(x.flattened())[0] }
    if x.rank == 1 {
      let places = picked(x.shape[0])
      var texts = format.texts(shown(x))[...]
      let entries = places.map { $0 == nil ? " ..." : texts.removeFirst() }
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
  private enum Style { case wholeFloat, fixed, scientific }
  private var style = Style.wholeFloat
  private(set) var width = 1

  /// The format of the elements that are printed, a vector. Zeros and numbers that are not finite
  /// have no say in it.
  init(_ shown: Tensor) {
    guard shown.dtype.isFloatingPoint else {
      width = texts(shown).map(\.count).max() ?? 1
      return
    }
    let deciding = shown.array(of: Double.self).filter { $0.isFinite && $0 != 0 }
    let magnitudes = deciding.map(abs)
    guard let low = magnitudes.min(), let high = magnitudes.max() else { return }
    if high / low > 1000 || high > 1e8 || low < 1e-4 {
      style = .scientific
    } else if deciding.contains(where: { $0 != $0.rounded(.up) }) {
      style = .fixed
    }
    width = deciding.map { write($0).count }.max() ?? 1
  }

  /// The elements of a vector, each as wide as the widest.
  func texts(_ x: Tensor) -> [String] {
    let plain: [String]
    switch x.dtype {
    case .bool: plain = x.array(of: Bool.self).map { $0 ? "True" : "False" }
    case let dtype where dtype.isFloatingPoint: plain = x.array(of: Double.self).map(write)
    default: plain = x.array(of: Int.self).map(String.init)
    }
    return plain.map { String(repeating: " ", count: Swift.max(0, width - $0.count)) + $0 }
  }

  private func write(_ value: Double) -> String {
    if value.isNaN { return "nan" }
    if value.isInfinite { return value < 0 ? "-inf" : "inf" }
    switch style {
    case .wholeFloat: return String(format: "%.0f.", value)
    case .fixed: return String(format: "%.4f", value)
    case .scientific: return String(format: "%.4e", value)
    }
  }
}

/// The name that PyTorch gives the gradient of an operation: `AddBackward0`.
private struct GradientName {
  let text: String

  /// What PyTorch differentiates under another name.
  private static let others = [
    "batch_norm": "NativeBatchNorm", "conv1d": "Convolution", "conv2d": "Convolution",
    "conv3d": "Convolution", "cross_entropy": "NllLoss", "group_norm": "NativeGroupNorm",
    "instance_norm": "NativeBatchNorm", "layer_norm": "NativeLayerNorm", "reshape": "View",
    "resample": "Upsample", "rsub": "Rsub", "constant_pad": "ConstantPadNd",
  ]

  init(_ node: Node) {
    let ranks = node.inputs.map(\.shape.count)
    let plain: String
    switch node.name {
    case "matmul" where ranks == [2, 2]: plain = "Mm"
    case "matmul" where ranks == [2, 1]: plain = "Mv"
    case "matmul" where ranks == [1, 1]: plain = "Dot"
    case "matmul" where ranks == [3, 3]: plain = "Bmm"
    case "linear" where ranks.first == 2: plain = ranks.count > 2 ? "Addmm" : "Mm"
    case let name:
      plain =
        GradientName.others[name]
        ?? name.split(separator: "_").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }
    text = plain + "Backward0"
  }
}
