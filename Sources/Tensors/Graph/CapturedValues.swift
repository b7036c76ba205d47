/// The tensors that a capture has seen, by numbers.
///
/// Bodies are kept, so that no other tensor takes an identity that stands for one of them.
struct CapturedValues {
  private(set) var tensors: [Tensor] = []
  private var numbers: [ObjectIdentifier: Int] = [:]
  private var places: [Place: Int] = [:]

  /// Where a tensor's elements lie: tells a tensor that was cut off from its graph from a new one.
  private struct Place: Hashable {
    let storage: ObjectIdentifier
    let shape: [Int]
    let strides: [Int]
    let offset: Int
    let dtype: DType

    init(_ tensor: Tensor) {
      storage = ObjectIdentifier(tensor.storage)
      (shape, strides) = (tensor.shape, tensor.strides)
      (offset, dtype) = (tensor.storageOffset, tensor.dtype)
    }
  }

  /// Gives a tensor the next number.
  mutating func add(_ tensor: Tensor) -> Int {
    let number = tensors.count
    numbers[ObjectIdentifier(tensor.body)] = number
    places[Place(tensor)] = places[Place(tensor)] ?? number
    tensors.append(tensor)
    return number
  }

  /// The number of a tensor that was seen.
  func number(of tensor: Tensor) -> Int? { numbers[ObjectIdentifier(tensor.body)] }

  /// The number of the first tensor whose elements lie where this one's do.
  func numberOfPlace(of tensor: Tensor) -> Int? { places[Place(tensor)] }
}
