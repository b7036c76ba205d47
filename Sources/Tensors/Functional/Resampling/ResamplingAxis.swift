import Foundation

/// One dimension of an interpolation: which elements an output reads, and how much of each.
///
/// Positions are computed in the arithmetic that PyTorch computes them in, since a rounding at the
/// edge of a cell chooses another element.
struct ResamplingAxis {
  /// The elements and weights of all outputs, `count` each.
  struct Taps {
    var count: Int
    var indices: [Int]
    var weights: [Double]

    /// The same with weights as a dtype stores them.
    func rounded(to dtype: DType) -> Taps {
      var taps = self
      taps.weights = Tensor(weights, dtype: .float64).to(dtype).array(of: Double.self)
      return taps
    }
  }

  let size, output: Int
  /// The factor that the caller named; nil where it follows from the sizes.
  let scale: Double?
  let alignCorners: Bool
  /// The input's dtype: positions are computed in float64 for float64, else in float32.
  let precision: DType

  /// The element nearest to each output.
  /// - Parameters:
  ///   - exact: Whether an output's middle counts, not its beginning.
  ///   - byShift: Whether outputs of once and twice the size have these factors, whatever factor was named: as
  ///     PyTorch has it in images, but not in lines and volumes.
  func nearest(exact: Bool, byShift: Bool) -> [Int] {
    let step = scale.map { Float(1 / $0) } ?? Float(size) / Float(output)
    return (0..<output).map { index in
      if byShift && !exact && output == size { return index }
      if byShift && !exact && output == 2 * size { return index / 2 }
      let position = exact ? (Float(index) + 0.5) * step : Float(index) * step
      return Swift.min(Int(position.rounded(.down)), size - 1)
    }
  }

  /// Linear or cubic weights, in the input's precision unless they are to be exact.
  func taps(cubic: Bool, antialias: Bool, exact: Bool) -> Taps {
    let rounding = exact ? precision.wide : precision
    if antialias { return widened(cubic: cubic).rounded(to: rounding) }
    let positions = (0..<output).map { position($0, cubic: cubic) }
    return cubic
      ? cubicTaps(positions).rounded(to: rounding) : linearTaps(positions, rounding)
  }

  /// The distance between outputs in elements.
  private var step: Double {
    if alignCorners { return output > 1 ? rounded(Double(size - 1) / Double(output - 1)) : 0 }
    return rounded(scale.map { 1 / $0 } ?? Double(size) / Double(output))
  }

  private func rounded(_ value: Double) -> Double {
    precision == .float64 ? value : Double(Float(value))
  }

  private func position(_ index: Int, cubic: Bool) -> Double {
    if alignCorners { return rounded(step * Double(index)) }
    let position = rounded(rounded(step * (Double(index) + 0.5)) - 0.5)
    return cubic ? position : Swift.max(position, 0)
  }

  /// The second share is rounded, and then what remains for the first.
  private func linearTaps(_ positions: [Double], _ rounding: DType) -> Taps {
    var taps = Taps(count: 2, indices: [], weights: [])
    let shares = positions.map { position in
      let first = Swift.min(Int(position), size - 1)
      taps.indices += [first, Swift.min(first + 1, size - 1)]
      return rounded(Swift.min(Swift.max(position - Double(first), 0), 1))
    }
    for share in Tensor(shares, dtype: .float64).to(rounding).array(of: Double.self) {
      taps.weights += [1 - share, share]
    }
    return taps.rounded(to: rounding)
  }

  private func cubicTaps(_ positions: [Double]) -> Taps {
    var taps = Taps(count: 4, indices: [], weights: [])
    for position in positions {
      let first = Int(position.rounded(.down))
      let share = rounded(position - Double(first))
      for tap in -1...2 {
        taps.indices.append(Swift.min(Swift.max(first + tap, 0), size - 1))
        taps.weights.append(cubicWeight(Double(tap) - share, -0.75))
      }
    }
    return taps
  }

  /// A filter as wide as an output's cell where the output is smaller, as PIL's.
  private func widened(cubic: Bool) -> Taps {
    let support = (cubic ? 2.0 : 1.0) * Swift.max(step, 1)
    let inverse = step >= 1 ? 1 / step : 1
    let count = Int(support.rounded(.up)) * 2 + 1
    var taps = Taps(count: count, indices: [], weights: [])
    for index in 0..<output {
      let center = step * (Double(index) + 0.5)
      let first = Swift.max(Int(center - support + 0.5), 0)
      let length = Swift.min(Int(center + support + 0.5), size) - first
      var weights = (0..<Swift.max(length, 0)).map { tap in
        let distance = (Double(tap + first) - center + 0.5) * inverse
        return cubic ? cubicWeight(distance, -0.5) : Swift.max(1 - Swift.abs(distance), 0)
      }
      let total = weights.reduce(0, +)
      if total != 0 { weights = weights.map { $0 / total } }
      taps.indices += (0..<count).map { $0 < length ? first + $0 : 0 }
      taps.weights += weights + [Double](repeating: 0, count: count - weights.count)
    }
    return taps
  }
}

/// Keys' cubic convolution kernel at a distance (Keys 1981).
func cubicWeight(_ distance: Double, _ a: Double) -> Double {
  let x = abs(distance)
  if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
  if x < 2 { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
  return 0
}
