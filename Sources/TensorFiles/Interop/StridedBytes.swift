import Foundation

/// The elements of a strided view in row-major order.
/// - Parameters:
///   - strides: Distances in elements; not negative, and inside `data` for every index.
///   - size: The size of an element in bytes.
func gathered(_ data: Data, shape: [Int], strides: [Int], offset: Int, size: Int) -> Data {
  let count = shape.reduce(1, *)
  var result = Data(count: count * size)
  guard count > 0 else { return result }
  result.withUnsafeMutableBytes { (target: UnsafeMutableRawBufferPointer) in
    data.withUnsafeBytes { (source: UnsafeRawBufferPointer) in
      var index = [Int](repeating: 0, count: shape.count)
      var position = offset
      for element in 0..<count {
        for byte in 0..<size { target[element * size + byte] = source[position * size + byte] }
        var dim = shape.count - 1
        while dim >= 0 {
          index[dim] += 1
          position += strides[dim]
          if index[dim] < shape[dim] { break }
          position -= strides[dim] * shape[dim]
          index[dim] = 0
          dim -= 1
        }
      }
    }
  }
  return result
}
