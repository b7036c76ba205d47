import Foundation
import TensorFiles
import Testing

/// Expects a ``CheckpointError`` of a kind whose message holds all the given words.
package func expectCheckpointError(
  _ problem: CheckpointError.Problem, _ words: String..., from body: () throws -> Void,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(
    throws: CheckpointError.self, sourceLocation: sourceLocation, performing: body)
  guard let error else { return }
  #expect(error.problem == problem, "\(error)", sourceLocation: sourceLocation)
  #expect(!error.remedy.isEmpty, sourceLocation: sourceLocation)
  for word in words {
    #expect(
      error.description.contains(word), "“\(error)” lacks “\(word)”",
      sourceLocation: sourceLocation)
  }
}

/// The bytes that hexadecimal digits stand for.
package func bytes(hex: String) -> Data {
  let digits = hex.utf8.map { UInt8(Character(Unicode.Scalar($0)).hexDigitValue ?? 0) }
  return Data(stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] })
}

/// A tensor of whole numbers to be saved.
package func stored(_ name: String, _ values: [Float]) -> StoredTensor {
  StoredTensor(
    name: name, dtype: .float32, shape: [values.count],
    bytes: values.withUnsafeBytes { Data($0) })
}
