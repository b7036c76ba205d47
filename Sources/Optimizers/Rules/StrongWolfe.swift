import Tensors

/// A point along a direction.
struct Trial {
  let length: Double
  let loss: Double
  let gradient: Tensor
  /// The loss's derivative along the direction.
  let slope: Double
}

/// Looks along a direction for a length with f(t) ≤ f(0) + c₁·t·f'(0) and |f'(t)| ≤ -c₂·f'(0),
/// with c₁ = 1e-4 and c₂ = 0.9: goes further until an interval must hold one, then narrows that.
///
/// Nocedal and Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6; the decisions are those
/// of PyTorch's search, so that both find the same lengths.
/// - Parameters:
///   - start: The loss and gradient at length 0.
///   - length: The first guess.
///   - slope: The derivative at length 0.
///   - largest: The direction's largest absolute value.
///   - evaluations: The most trials after the first.
///   - evaluate: The trial at a length.
func strongWolfe(
  from start: Point, length: Double, slope: Double, largest: Double, evaluations: Int,
  _ evaluate: (Double) throws -> Trial
) rethrows -> (best: Trial, evaluations: Int) {
  let origin = Trial(length: 0, loss: start.loss, gradient: start.gradient, slope: slope)
  func risesTooMuch(_ trial: Trial) -> Bool {
    trial.loss > start.loss + 1e-4 * trial.length * slope
  }
  func isFlat(_ trial: Trial) -> Bool { abs(trial.slope) <= -0.9 * slope }

  // Further and further, until an interval holds a good point.
  var trial = try evaluate(length)
  var previous = origin
  var bracket: [Trial]?
  var count = 0
  while count < evaluations {
    if risesTooMuch(trial) || count > 1 && trial.loss >= previous.loss {
      bracket = [previous, trial]
      break
    }
    if isFlat(trial) { return (trial, count + 1) }
    if trial.slope >= 0 {
      bracket = [previous, trial]
      break
    }
    let bounds = (
      trial.length + 0.01 * (trial.length - previous.length), trial.length * 10
    )
    let next = cubicMinimum(previous, trial, bounds)
    previous = trial
    trial = try evaluate(next)
    count += 1
  }

  // Narrower and narrower.
  var interval = bracket ?? [origin, trial]
  var low = interval[0].loss <= interval[1].loss ? 0 : 1
  var wasSlow = false
  while count < evaluations {
    let (left, right) = (
      min(interval[0].length, interval[1].length), max(interval[0].length, interval[1].length)
    )
    if (right - left) * largest < 1e-9 { break }
    var next = cubicMinimum(interval[0], interval[1], (left, right))
    let margin = 0.1 * (right - left)
    if min(right - next, next - left) < margin {
      // Close to an end, again or exactly: move away from it.
      if wasSlow || next >= right || next <= left {
        next = abs(next - right) < abs(next - left) ? right - margin : left + margin
        wasSlow = false
      } else {
        wasSlow = true
      }
    } else {
      wasSlow = false
    }
    trial = try evaluate(next)
    count += 1
    if risesTooMuch(trial) || trial.loss >= interval[low].loss {
      interval[1 - low] = trial
      low = interval[0].loss <= interval[1].loss ? 0 : 1
    } else {
      let isDone = isFlat(trial)
      if !isDone, trial.slope * (interval[1 - low].length - interval[low].length) >= 0 {
        interval[1 - low] = interval[low]
      }
      interval[low] = trial
      if isDone { break }
    }
  }
  return (interval[low], count + 1)
}

/// Where the cubic through two points with their slopes is least, within bounds; their middle where
/// it has no minimum.
private func cubicMinimum(_ a: Trial, _ b: Trial, _ bounds: (Double, Double)) -> Double {
  let d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.length - b.length)
  let square = d1 * d1 - a.slope * b.slope
  guard square >= 0 else { return (bounds.0 + bounds.1) / 2 }
  let d2 = square.squareRoot()
  let (near, far) = a.length <= b.length ? (a, b) : (b, a)
  let position =
    far.length - (far.length - near.length)
    * ((far.slope + d2 - d1) / (far.slope - near.slope + 2 * d2))
  return min(max(position, bounds.0), bounds.1)
}
