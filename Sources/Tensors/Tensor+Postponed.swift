import Synchronization

/// How many threads make tensors without their memory: nobody else looks further.
private let postponements = Atomic<Int>(0)

extension Tensor {
  @TaskLocal private static var postponesMemory = false

  /// Runs a body in which `empty`, `full`, `zeros` and `ones` make tensors without memory.
  ///
  /// Each gets its memory, with its values in it, when it is first read or written. What is
  /// made of a damaged file's sizes can then be looked at before it takes memory.
  package static func postponingMemory<Result>(_ body: () throws -> Result) rethrows -> Result {
    postponements.wrappingAdd(1, ordering: .relaxed)
    defer { postponements.wrappingSubtract(1, ordering: .relaxed) }
    return try $postponesMemory.withValue(true) { try body() }
  }

  /// A tensor whose memory is made later, or nil where that is not wanted.
  static func postponed(
    _ shape: [Int], _ dtype: DType, _ make: @escaping () -> Tensor
  ) -> Tensor? {
    guard postponements.load(ordering: .relaxed) > 0, postponesMemory else { return nil }
    let bytes = byteCount(shape, dtype)
    guard bytes > 0 else { return nil }
    return Tensor(
      TensorBody(
        contiguous: shape, strides: contiguousStrides(shape), count: bytes / dtype.size,
        storage: Storage(byteCount: bytes, postponed: make), dtype: dtype))
  }
}
