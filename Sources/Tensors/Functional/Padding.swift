import CKernels

/// What stands outside of a padded tensor.
public enum PaddingMode: String, Sendable {
  /// A number.
  case constant
  /// The elements next to the edge, mirrored, without the edge itself.
  case reflect
  /// The edge's element.
  case replicate
  /// The elements from the other end.
  case circular
}

extension F {
  /// Elements added around a tensor, or taken away where a number is negative
  /// (`torch.nn.functional.pad`).
  /// - Parameters:
  ///   - padding: How many before and behind the last dimension, then the one before it, and so on.
  ///   - mode: Other modes than constant pad the last one to three dimensions of `[N, C, …]` or
  ///     `[C, …]`.
  ///   - value: The constant.
  public static func pad(
    _ x: Tensor, _ padding: [Int], mode: PaddingMode = .constant, value: Double = 0
  ) -> Tensor {
    let name = "pad"
    require(
      padding.count % 2 == 0 && padding.count <= 2 * x.rank, name,
      "\(padding.count) numbers do not pad a tensor of \(x.shape): two for each dimension, from the last"
    )
    require(
      padding.allSatisfy { abs(Double($0)) <= 0x1p31 }, name,
      "\(padding) is beyond any tensor's size")
    let pairs = (0..<padding.count / 2).map { index in
      (dim: x.rank - 1 - index, before: padding[2 * index], behind: padding[2 * index + 1])
    }
    for (dim, before, behind) in pairs {
      require(
        x.shape[dim] + before + behind >= 0, name,
        "dimension \(dim) of size \(x.shape[dim]) cannot lose \(-before) and \(-behind) elements")
    }
    guard mode != .constant else { return constantPad(x, pairs, value) }
    require(
      (1...3).contains(pairs.count) && x.rank >= pairs.count + 1 && x.rank <= pairs.count + 2, name,
      "mode \(mode.rawValue) pads the last dimensions of [N, C, …] or [C, …]; \(padding.count) numbers do not fit \(x.shape)"
    )
    if mode != .circular { Tensor.requireElements(name, x, dims: pairs.count) }
    return pairs.reduce(x) { result, pair in
      let size = x.shape[pair.dim]
      checkBorder(mode, pair, size)
      if pair.before == 0 && pair.behind == 0 { return result }
      let index = (-pair.before..<(size + pair.behind)).map { source($0, size, pair, mode) }
      return result.indexSelect(dim: pair.dim, index: Tensor(index))
    }
  }

  private typealias Border = (dim: Int, before: Int, behind: Int)

  private static func checkBorder(_ mode: PaddingMode, _ border: Border, _ size: Int) {
    let limit: Int
    switch mode {
    case .reflect: limit = size - 1
    case .circular: limit = size
    case .constant, .replicate: limit = size == 0 ? 0 : .max
    }
    require(
      border.before <= limit && border.behind <= limit, "pad",
      "mode \(mode.rawValue) takes at most \(limit) elements beside dimension \(border.dim) of size \(size), not \(border.before) and \(border.behind)"
    )
  }

  /// Where the element of a position comes from that may lie outside 0 ..< size.
  private static func source(
    _ position: Int, _ size: Int, _ border: Border, _ mode: PaddingMode
  ) -> Int {
    if (0..<size).contains(position) { return position }
    switch mode {
    case .reflect: return position < 0 ? -position : 2 * (size - 1) - position
    case .replicate: return position < 0 ? 0 : size - 1
    case .circular, .constant:
      // What the other end loses does not come back here.
      let kept = size + Swift.min(border.before, 0) + Swift.min(border.behind, 0)
      return position < 0 ? position + kept : position - kept
    }
  }

  private static func constantPad(
    _ x: Tensor, _ borders: [Border], _ value: Double
  ) -> Tensor {
    if borders.allSatisfy({ $0.before == 0 && $0.behind == 0 }) { return x.clone() }
    var shape = x.shape
    for border in borders { shape[border.dim] += border.before + border.behind }
    /// The part that both sides share: of the input, or of the result.
    func common(_ tensor: Tensor, ofInput: Bool) -> Tensor {
      borders.reduce(tensor) { part, border in
        let size = x.shape[border.dim]
        let cutFront = Swift.max(-border.before, 0)
        let kept = Swift.max(size - cutFront - Swift.max(-border.behind, 0), 0)
        return part.narrowed(
          dim: border.dim, start: ofInput ? Swift.min(cutFront, size) : Swift.max(border.before, 0),
          length: kept)
      }
    }
    return Tensor.apply("constant_pad", [x], attributes: ["value": .double(value)]) { inputs in
      let out = Tensor.full(shape, value, dtype: x.dtype)
      Kernel.copy(
        noGrad { common(inputs[0].bare, ofInput: true) }, into: common(out, ofInput: false))
      return out
    } gradient: { g, _ in
      let inverse = borders.reversed().reduce(into: [Int: (Int, Int)]()) {
        $0[$1.dim] = (-$1.before, -$1.behind)
      }
      let flat = (0..<x.rank).reversed().flatMap { dim -> [Int] in
        let pair = inverse[dim] ?? (0, 0)
        return [pair.0, pair.1]
      }
      return [pad(g, flat)]
    }
  }
}
