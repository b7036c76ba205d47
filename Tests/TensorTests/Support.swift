import Testing
import Torus

/// Numbers between bounds, the same in every run, no two alike and in no order.
func spread(_ shape: [Int], from low: Double = -2, to high: Double = 2) -> Tensor {
  let count = shape.reduce(1, *)
  let steps = 2 * count + 53
  let values: [Double] = (0..<count).map { index in
    let place = (index * 37 + 11) % steps
    return low + (high - low) * (Double(place) + 0.37) / Double(steps)
  }
  return Tensor(values, shape: shape, dtype: .float64)
}

/// Whether what a process wrote last holds a text.
func says(_ text: String, _ result: ExitTest.Result?) -> Bool {
  String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).contains(text)
}
