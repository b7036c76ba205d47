import Tensors

/// Sequences of different lengths without their padding (`torch.nn.utils.rnn.PackedSequence`).
///
/// Rows of `data` are ordered by time step, and within a step by falling length of sequence, so
/// that a recurrent layer reads each step as one block.
public struct PackedSequence {
  /// The elements of all sequences, `[total, …]`.
  public let data: Tensor
  /// How many sequences reach each time step.
  public let batchSizes: [Int]
  /// Which sequence of the batch stands at each place, int64; nil where none was moved.
  public let sortedIndices: Tensor?
  /// At which place each sequence of the batch stands: the inverse of ``sortedIndices``.
  public let unsortedIndices: Tensor?

  /// Packed rows; see `packPaddedSequence(_:lengths:batchFirst:enforceSorted:)`.
  public init(data: Tensor, batchSizes: [Int], sortedIndices: Tensor? = nil) {
    require(
      data.rank > 0 && data.shape[0] == batchSizes.reduce(0, +), "PackedSequence",
      "batch sizes \(batchSizes) do not add up to the rows of \(data.shape)")
    self.data = data
    self.batchSizes = batchSizes
    self.sortedIndices = sortedIndices
    unsortedIndices = sortedIndices.map { indices in
      var inverse = [Int](repeating: 0, count: indices.count)
      for (place, sequence) in indices.array(of: Int.self).enumerated() {
        inverse[sequence] = place
      }
      return Tensor(inverse)
    }
  }

  /// The same sequences with other data, such as a layer's output.
  public func with(data: Tensor) -> PackedSequence {
    PackedSequence(data: data, batchSizes: batchSizes, sortedIndices: sortedIndices)
  }

  /// The length of each packed sequence, falling.
  var sortedLengths: [Int] {
    (0..<(batchSizes.first ?? 0)).map { sequence in
      batchSizes.prefix { $0 > sequence }.count
    }
  }
}

/// Leaves the padding out (`torch.nn.utils.rnn.pack_padded_sequence`).
/// - Parameters:
///   - input: `[T, B, …]`, or `[B, T, …]` with `batchFirst`.
///   - lengths: Each sequence's length, from 1 to T.
///   - batchFirst: Whether the batch comes before time.
///   - enforceSorted: Demand that lengths fall already; else sequences are sorted, and
///     ``PackedSequence/sortedIndices`` says how.
public func packPaddedSequence(
  _ input: Tensor, lengths: [Int], batchFirst: Bool = false, enforceSorted: Bool = true
) -> PackedSequence {
  let name = "pack_padded_sequence"
  require(input.rank >= 2, name, "an input of [T, B, …] is expected, not \(input.shape)")
  let x = batchFirst ? input.transposed(0, 1) : input
  let (time, batch) = (x.shape[0], x.shape[1])
  require(lengths.count == batch, name, "\(lengths.count) lengths for \(batch) sequences")
  require(
    lengths.allSatisfy { $0 > 0 && $0 <= time }, name,
    "lengths must lie between 1 and \(time): \(lengths)")
  let falls = zip(lengths, lengths.dropFirst()).allSatisfy { $0 >= $1 }
  require(
    !enforceSorted || falls, name,
    "lengths must fall from sequence to sequence, or pass enforceSorted: false: \(lengths)")
  let order = lengths.indices.sorted {
    lengths[$0] == lengths[$1] ? $0 < $1 : lengths[$0] > lengths[$1]
  }
  let longest = lengths.max() ?? 0
  let batchSizes = (0..<longest).map { step in lengths.filter { $0 > step }.count }
  let rows = batchSizes.enumerated().flatMap { step, size in
    order.prefix(size).map { step * batch + $0 }
  }
  let data = x.reshaped([time * batch] + x.shape[2...]).indexSelect(dim: 0, index: Tensor(rows))
  return PackedSequence(
    data: data, batchSizes: batchSizes, sortedIndices: enforceSorted ? nil : Tensor(order))
}

/// Puts the padding back (`torch.nn.utils.rnn.pad_packed_sequence`).
/// - Parameters:
///   - sequence: What was packed.
///   - batchFirst: Whether the batch comes before time.
///   - paddingValue: What stands behind a sequence's end.
///   - totalLength: The time steps of the result; by default those of the longest sequence.
/// - Returns: `[T, B, …]`, or `[B, T, …]` with `batchFirst`, and each sequence's length, int64.
public func padPackedSequence(
  _ sequence: PackedSequence, batchFirst: Bool = false, paddingValue: Double = 0,
  totalLength: Int? = nil
) -> (padded: Tensor, lengths: Tensor) {
  let sizes = sequence.batchSizes
  let time = totalLength ?? sizes.count
  require(
    time >= sizes.count, "pad_packed_sequence",
    "a total length of \(time) is less than the longest sequence's \(sizes.count)")
  let batch = sizes.first ?? 0
  let places = sequence.unsortedIndices?.array(of: Int.self) ?? Array(0..<batch)
  let data = sequence.data
  let element = Array(data.shape.dropFirst())
  // One more row behind the data is what padding positions read.
  let extended = Tensor.cat([data, .full([1] + element, paddingValue, dtype: data.dtype)])
  var rows: [Int] = []
  var start = 0
  for step in 0..<time {
    let size = step < sizes.count ? sizes[step] : 0
    rows += places.map { $0 < size ? start + $0 : data.shape[0] }
    start += size
  }
  let padded = extended.indexSelect(dim: 0, index: Tensor(rows)).reshaped([time, batch] + element)
  let lengths = sequence.sortedLengths
  return (
    batchFirst ? padded.transposed(0, 1) : padded, Tensor(places.map { lengths[$0] })
  )
}

/// Sequences side by side, padded to the longest (`torch.nn.utils.rnn.pad_sequence`).
/// - Parameters:
///   - sequences: `[Lᵢ, …]` each.
///   - batchFirst: Whether the batch comes before time.
///   - paddingValue: What stands beyond a sequence's end.
///   - paddingSide: On which side the padding stands.
/// - Returns: `[T, B, …]`, or `[B, T, …]` with `batchFirst`.
public func padSequence(
  _ sequences: [Tensor], batchFirst: Bool = false, paddingValue: Double = 0,
  paddingSide: PaddingSide = .right
) -> Tensor {
  let name = "pad_sequence"
  require(!sequences.isEmpty, name, "a list of at least one sequence is expected")
  let element = sequences[0].shape.dropFirst()
  require(
    sequences.allSatisfy { $0.rank > 0 && $0.shape.dropFirst() == element }, name,
    "sequences differ beyond their length: \(sequences.map(\.shape))")
  let longest = sequences.map { $0.shape[0] }.max() ?? 0
  let padded = sequences.map { sequence in
    let missing = longest - sequence.shape[0]
    if missing == 0 { return sequence }
    let filler = Tensor.full([missing] + element, paddingValue, dtype: sequence.dtype)
    return Tensor.cat(paddingSide == .right ? [sequence, filler] : [filler, sequence])
  }
  return Tensor.stack(padded, dim: batchFirst ? 0 : 1)
}

/// Leaves the padding out, of sequences whose lengths are a tensor.
/// - Parameters:
///   - input: `[T, B, …]`, or `[B, T, …]` with `batchFirst`.
///   - lengths: Each sequence's length, from 1 to T: integers `[B]`.
///   - batchFirst: Whether the batch comes before time.
///   - enforceSorted: Demand that lengths fall already; else sequences are sorted, and
///     ``PackedSequence/sortedIndices`` says how.
public func packPaddedSequence(
  _ input: Tensor, lengths: Tensor, batchFirst: Bool = false, enforceSorted: Bool = true
) -> PackedSequence {
  require(
    lengths.rank == 1 && lengths.dtype.isInteger, "pack_padded_sequence",
    "lengths are integers [B], not \(lengths.dtype) \(lengths.shape)")
  return packPaddedSequence(
    input, lengths: lengths.to(.int64).array(of: Int.self), batchFirst: batchFirst,
    enforceSorted: enforceSorted)
}

/// On which side of a sequence its padding stands.
public enum PaddingSide: String, Sendable {
  /// Before the first element.
  case left
  /// Behind the last one.
  case right
}

/// Packs sequences of different lengths (`torch.nn.utils.rnn.pack_sequence`).
public func packSequence(_ sequences: [Tensor], enforceSorted: Bool = true) -> PackedSequence {
  packPaddedSequence(
    padSequence(sequences), lengths: sequences.map { $0.shape.first ?? 0 },
    enforceSorted: enforceSorted)
}
