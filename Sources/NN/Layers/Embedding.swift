import Tensors

/// A table of vectors looked up by index (`torch.nn.Embedding`). `[…] → […, width]`.
public final class Embedding: Module, Layer, AdaptableLayer {
  /// `[rows, width]`. Another module's parameter ties the two: `table.weight = head.weight`.
  public var weight: Parameter
  /// What stands beside the table.
  public var adapter: LayerAdapter?
  package let paddingIndex: Int?
  package let maxNorm: Double?
  private let normType: Double
  private let scaleGradByFrequency: Bool

  /// A table with normal entries.
  /// - Parameters:
  ///   - rows: The number of vectors.
  ///   - width: The size of a vector.
  ///   - paddingIndex: A row that is zero and receives no gradient.
  ///   - maxNorm: Rows in use that are longer are scaled down in place. Not in a data-parallel
  ///     model, whose ranks use different rows.
  ///   - normType: The order of that norm.
  ///   - scaleGradByFrequency: Divide each row's gradient by how often it was used.
  ///   - dtype: The parameters' element type.
  public init(
    _ rows: Int, _ width: Int, paddingIdx paddingIndex: Int? = nil, maxNorm: Double? = nil,
    normType: Double = 2, scaleGradByFreq scaleGradByFrequency: Bool = false,
    dtype: DType = .float32
  ) {
    weight = Parameter(.empty([rows, width], dtype: dtype))
    self.paddingIndex = checkedPadding("Embedding", paddingIndex, rows)
    (self.maxNorm, self.normType) = (maxNorm, normType)
    self.scaleGradByFrequency = scaleGradByFrequency
    Init.normal(weight)
    if !Init.isSkipped { zeroRow(weight, self.paddingIndex) }
  }

  /// A table of given vectors (`Embedding.from_pretrained`).
  /// - Parameters:
  ///   - embeddings: `[rows, width]`; they are copied.
  ///   - freeze: Whether training leaves them as they are.
  ///   - paddingIndex: A row that receives no gradient; its vector stays as given.
  ///   - maxNorm: Rows in use that are longer are scaled down in place; nil for none.
  ///   - normType: The order of that norm.
  ///   - scaleGradByFreq: Whether each row's gradient is divided by how often it was used.
  public static func fromPretrained(
    _ embeddings: Tensor, freeze: Bool = true, paddingIdx paddingIndex: Int? = nil,
    maxNorm: Double? = nil, normType: Double = 2, scaleGradByFreq: Bool = false
  ) -> Embedding {
    holding(embeddings, "Embedding.fromPretrained", freeze: freeze, \.weight) { rows, width in
      Embedding(
        rows, width, paddingIdx: paddingIndex, maxNorm: maxNorm, normType: normType,
        scaleGradByFreq: scaleGradByFreq, dtype: embeddings.dtype)
    }
  }

  /// Makes the padding row zero.
  package func clearPadding() { zeroRow(weight, paddingIndex) }

  /// An adapter's names stand beside the table's own.
  public override class var stateNames: [String: String] { ["adapter": ""] }

  /// A table has no bias.
  public var ownBias: Parameter? { nil }

  /// The rows at the indices, which are integers.
  public func forward(_ indices: Tensor) -> Tensor {
    adapter?(indices, beside: self) ?? plain(indices)
  }

  /// The rows of a range, `[count, width]`.
  package func rows(_ range: Range<Int>) -> Tensor {
    adapter == nil && maxNorm == nil
      ? weight.value.sliced(from: range.lowerBound, to: range.upperBound)
      : self(Tensor.arange(range.lowerBound, range.upperBound))
  }

  /// The rows at the indices without an adapter.
  public func plain(_ indices: Tensor) -> Tensor {
    if let maxNorm { F.renorm(weight, at: indices, maxNorm: maxNorm, normType: normType) }
    return F.embedding(
      indices, weight.value, paddingIdx: paddingIndex,
      scaleGradByFreq: scaleGradByFrequency)
  }

  /// The sizes.
  public override var extraDescription: String {
    "\(weight.shape[0]), \(weight.shape[1])"
      + (paddingIndex.map { ", padding_idx=\($0)" } ?? "")
      + (maxNorm.map { ", max_norm=\($0)" } ?? "")
  }
}

/// Sums, means or maxima of bags of a table's vectors (`torch.nn.EmbeddingBag`).
public final class EmbeddingBag: Module, Hookable {
  /// `[rows, width]`.
  public let weight: Parameter
  private let mode: EmbeddingBagMode
  private let paddingIndex: Int?
  package let maxNorm: Double?
  private let normType: Double
  private let scaleGradByFrequency, includeLastOffset: Bool

  /// A table with normal entries; see ``Embedding`` for the settings.
  /// - Parameters:
  ///   - rows: The number of vectors.
  ///   - width: The size of a vector.
  ///   - maxNorm: Rows in use that are longer are scaled down in place; nil for none.
  ///   - normType: The order of that norm.
  ///   - scaleGradByFrequency: Whether each row's gradient is divided by how often it was used.
  ///   - mode: Whether a bag's vectors are added up, averaged, or their maximum taken.
  ///   - includeLastOffset: Whether the last offset is the end of the last bag.
  ///   - paddingIndex: A row that counts in no bag and receives no gradient.
  ///   - dtype: The parameters' element type.
  public init(
    _ rows: Int, _ width: Int, maxNorm: Double? = nil, normType: Double = 2,
    scaleGradByFreq scaleGradByFrequency: Bool = false, mode: EmbeddingBagMode = .mean,
    includeLastOffset: Bool = false, paddingIdx paddingIndex: Int? = nil, dtype: DType = .float32
  ) {
    weight = Parameter(.empty([rows, width], dtype: dtype))
    self.mode = mode
    self.paddingIndex = checkedPadding("EmbeddingBag", paddingIndex, rows)
    (self.maxNorm, self.normType) = (maxNorm, normType)
    (self.scaleGradByFrequency, self.includeLastOffset) = (scaleGradByFrequency, includeLastOffset)
    Init.normal(weight)
    if !Init.isSkipped { zeroRow(weight, self.paddingIndex) }
  }

  /// A table of given vectors (`EmbeddingBag.from_pretrained`).
  /// - Parameters:
  ///   - embeddings: `[rows, width]`; they are copied.
  ///   - freeze: Whether training leaves them as they are.
  ///   - maxNorm: Rows in use that are longer are scaled down in place; nil for none.
  ///   - normType: The order of that norm.
  ///   - scaleGradByFreq: Whether each row's gradient is divided by how often it was used.
  ///   - mode: Whether a bag's vectors are added up, averaged, or their maximum taken.
  ///   - includeLastOffset: Whether the last offset is the end of the last bag.
  ///   - paddingIndex: A row that counts in no bag; its vector stays as given.
  public static func fromPretrained(
    _ embeddings: Tensor, freeze: Bool = true, maxNorm: Double? = nil, normType: Double = 2,
    scaleGradByFreq: Bool = false, mode: EmbeddingBagMode = .mean, includeLastOffset: Bool = false,
    paddingIdx paddingIndex: Int? = nil
  ) -> EmbeddingBag {
    holding(embeddings, "EmbeddingBag.fromPretrained", freeze: freeze, \.weight) { rows, width in
      EmbeddingBag(
        rows, width, maxNorm: maxNorm, normType: normType, scaleGradByFreq: scaleGradByFreq,
        mode: mode, includeLastOffset: includeLastOffset, paddingIdx: paddingIndex,
        dtype: embeddings.dtype)
    }
  }

  /// The bags: rows of `[B, n]` indices, or a vector of them cut by `offsets`.
  public func callAsFunction(
    _ indices: Tensor, offsets: Tensor? = nil, perSampleWeights: Tensor? = nil
  ) -> Tensor {
    withHooks(indices) { indices in
      if let maxNorm { F.renorm(weight, at: indices, maxNorm: maxNorm, normType: normType) }
      return F.embeddingBag(
        indices, weight.value, offsets: offsets, scaleGradByFreq: scaleGradByFrequency,
        mode: mode, perSampleWeights: perSampleWeights, includeLastOffset: includeLastOffset,
        paddingIdx: paddingIndex)
    }
  }

  /// The sizes and the mode.
  public override var extraDescription: String {
    "\(weight.shape[0]), \(weight.shape[1]), mode='\(mode.rawValue)'"
  }
}

/// A table that holds given vectors.
private func holding<Table: Module>(
  _ embeddings: Tensor, _ name: String, freeze: Bool, _ weight: (Table) -> Parameter,
  _ make: (_ rows: Int, _ width: Int) -> Table
) -> Table {
  require(
    embeddings.rank == 2 && embeddings.dtype.isFloatingPoint, name,
    "vectors are [rows, width] and floating-point, not \(embeddings.shape) of \(embeddings.dtype)")
  let table = Init.$isSkipped.withValue(true) { make(embeddings.size(0), embeddings.size(1)) }
  weight(table).assign(embeddings)
  weight(table).requiresGrad = !freeze
  return table
}

private func checkedPadding(_ name: String, _ index: Int?, _ rows: Int) -> Int? {
  guard let index else { return nil }
  require(
    (-rows..<rows).contains(index), name, "padding index \(index) is none of \(rows) rows")
  return index < 0 ? index + rows : index
}

private func zeroRow(_ weight: Parameter, _ index: Int?) {
  guard let index else { return }
  var values = weight.value.detach()
  values[index] = Tensor.zeros([weight.shape[1]], dtype: weight.dtype)
  weight.assign(values)
}

extension F {
  /// Scales a table's rows in use down to a norm, in place.
  static func renorm(
    _ weight: Parameter, at indices: Tensor, maxNorm: Double, normType: Double
  ) {
    weight.assign(
      noGrad {
        F.renormed(weight.value.detach(), at: indices, maxNorm: maxNorm, normType: normType)
      })
  }
}
