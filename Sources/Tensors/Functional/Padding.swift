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
  ///   - x: Of any shape.
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
      Border(dim: x.rank - 1 - index, before: padding[2 * index], behind: padding[2 * index + 1])
    }
    for pair in pairs {
      let size = x.shape[pair.dim]
      require(
        size + pair.before + pair.behind >= 0, name,
        "dimension \(pair.dim) of size \(size) cannot lose \(-pair.before) and \(-pair.behind) elements"
      )
    }
    guard mode != .constant else {
      if pairs.allSatisfy({ $0.before == 0 && $0.behind == 0 }) { return x.clone() }
      return Tensor.record(ConstantPadding(borders: pairs, value: value), [x])
    }
    let x = mode == .circular ? x : x.inFullPrecision
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

  private static func checkBorder(_ mode: PaddingMode, _ border: Border, _ size: Int) {
    let limit: Int
    switch mode {
    case .reflect: limit = size - 1
    // The elements that one end loses do not come round to the other.
    case .circular: limit = size + Swift.min(border.before, 0) + Swift.min(border.behind, 0)
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
}

/// How many elements are added before and behind a dimension, or taken away.
private struct Border {
  let dim: Int
  let before: Int
  let behind: Int
}

/// A number around a tensor.
private struct ConstantPadding: TensorOperation {
  let borders: [Border]
  let value: Double
  var name: String { "constant_pad" }
  var attributes: [String: Attribute] {
    [
      "padding": .ints(borders.flatMap { [$0.before, $0.behind] }),
      "dims": .ints(borders.map(\.dim)), "value": .double(value),
    ]
  }

  func forward(_ inputs: [Tensor]) -> Tensor {
    let x = inputs[0].bare
    var shape = x.shape
    for border in borders { shape[border.dim] += border.before + border.behind }
    let out = Tensor.full(shape, value, dtype: x.dtype)
    noGrad {
      Kernel.copy(common(x, x.shape, ofInput: true), into: common(out, x.shape, ofInput: false))
    }
    return out
  }

  /// The part that both sides share: of the input, or of the result.
  private func common(_ tensor: Tensor, _ shape: [Int], ofInput: Bool) -> Tensor {
    borders.reduce(tensor) { part, border in
      let size = shape[border.dim]
      let cutFront = Swift.max(-border.before, 0)
      let kept = Swift.max(size - cutFront - Swift.max(-border.behind, 0), 0)
      return part.narrowed(
        dim: border.dim, start: ofInput ? Swift.min(cutFront, size) : Swift.max(border.before, 0),
        length: kept)
    }
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let inverse = borders.map { Border(dim: $0.dim, before: -$0.before, behind: -$0.behind) }
    return [Tensor.record(ConstantPadding(borders: inverse, value: 0), [g])]
  }
}
