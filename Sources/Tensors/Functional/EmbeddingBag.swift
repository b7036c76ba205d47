/// What `F.embeddingBag`
/// makes of a bag's rows.
public enum EmbeddingBagMode: String, Sendable {
  /// Their sum.
  case sum
  /// Their mean.
  case mean
  /// Their largest elements.
  case max
}

extension F {
  /// Sums, means or maxima over bags of a table's rows (`torch.nn.functional.embedding_bag`). An
  /// empty bag gives zeros.
  /// - Parameters:
  ///   - indices: Integers: `[B, n]`, one bag a row, or `[n]`, cut by `offsets`.
  ///   - weight: `[rows, width]`.
  ///   - offsets: Where each bag of a vector of indices begins.
  ///   - maxNorm: Scale rows that are longer than this before use; the gradient does not see it.
  ///   - normType: The order of that norm.
  ///   - scaleGradByFrequency: Whether each row's gradient is divided by how often it was used.
  ///   - mode: Sum, mean or maximum.
  ///   - perSampleWeights: A factor for each index; mode sum only.
  ///   - includeLastOffset: Whether the last offset is the end of the last bag.
  ///   - paddingIndex: A row that counts in no bag and receives no gradient.
  /// - Returns: `[bags, width]`.
  public static func embeddingBag(
    _ indices: Tensor, _ weight: Tensor, offsets: Tensor? = nil, maxNorm: Double? = nil,
    normType: Double = 2, scaleGradByFreq scaleGradByFrequency: Bool = false,
    mode: EmbeddingBagMode = .mean, perSampleWeights: Tensor? = nil,
    includeLastOffset: Bool = false, paddingIdx paddingIndex: Int? = nil
  ) -> Tensor {
    let name = "embedding_bag"
    require(
      (indices.rank == 1) == (offsets != nil) && (1...2).contains(indices.rank), name,
      "indices of [B, n], or of [n] with offsets, are expected, not \(indices.shape)")
    require(weight.rank == 2, name, "a weight of [rows, width] is expected, not \(weight.shape)")
    require(
      perSampleWeights == nil || mode == .sum && perSampleWeights?.shape == indices.shape, name,
      "per-sample weights are for mode sum and of the indices' shape")
    let index = indices.to(.int64).reshaped([-1])
    var starts = offsets?.array(of: Int.self) ?? []
    if indices.rank == 2 { starts = (0..<indices.shape[0]).map { $0 * indices.shape[1] } }
    if includeLastOffset && offsets != nil { starts = starts.dropLast() }
    require(
      (starts.first ?? 0) == 0 && zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }
        && (starts.last ?? 0) <= index.count, name,
      "offsets must begin at 0, never fall and stay within \(index.count) indices: \(starts)")
    let bags = starts.count
    let padding = paddingIndex.map { $0 < 0 ? $0 + weight.shape[0] : $0 }
    // The bag of every index that counts, and where in the list it stands.
    let rows = index.array(of: Int.self)
    var kept: [Int] = []
    var owners: [Int] = []
    for bag in 0..<bags {
      let end = bag + 1 < bags ? starts[bag + 1] : index.count
      for place in starts[bag]..<end where rows[place] != padding {
        kept.append(place)
        owners.append(bag)
      }
    }
    let chosen = Tensor(kept.map { rows[$0] })
    let owner = Tensor(owners)
    if mode == .max { return bagMaxima(chosen, owner, weight, bags, maxNorm, normType) }
    var picked = embedding(
      chosen, weight, maxNorm: maxNorm, normType: normType,
      scaleGradByFreq: scaleGradByFrequency
    ).to(weight.dtype.wide)
    if let perSampleWeights {
      let factors = perSampleWeights.reshaped([-1]).indexSelect(dim: 0, index: Tensor(kept))
      picked = picked * factors.to(picked.dtype).unsqueezed(1)
    }
    let zeros = Tensor.zeros([bags, weight.shape[1]], dtype: picked.dtype)
    var sums = zeros.indexAdd(dim: 0, index: owner, source: picked)
    if mode == .mean {
      var counts = [Double](repeating: 0, count: bags)
      for bag in owners { counts[bag] += 1 }
      sums =
        sums
        / Tensor(counts.map { Swift.max($0, 1) }, shape: [bags, 1], dtype: .float64).to(sums.dtype)
    }
    return sums.to(weight.dtype)
  }

  /// The largest elements: found first, then gathered, so that the gradient goes to them alone.
  private static func bagMaxima(
    _ chosen: Tensor, _ owner: Tensor, _ weight: Tensor, _ bags: Int, _ maxNorm: Double?,
    _ normType: Double
  ) -> Tensor {
    let table = renormed(weight, chosen, maxNorm, normType)
    let width = weight.shape[1]
    let picked = table.detach().indexSelect(dim: 0, index: chosen).to(.float64)
    let values = picked.array(of: Double.self)
    let (rows, owners) = (chosen.array(of: Int.self), owner.array(of: Int.self))
    var best = [Int](repeating: -1, count: bags * width)
    var highest = [Double](repeating: 0, count: bags * width)
    for (place, bag) in owners.enumerated() {
      for column in 0..<width {
        let (value, slot) = (values[place * width + column], bag * width + column)
        if best[slot] < 0 || value > highest[slot] || value.isNaN && !highest[slot].isNaN {
          best[slot] = rows[place]
          highest[slot] = value
        }
      }
    }
    let empty = Tensor(best.map { $0 < 0 }, shape: [bags, width])
    let index = Tensor(best.map { Swift.max($0, 0) }, shape: [bags, width])
    return table.gather(dim: 0, index: index).maskedFill(empty, 0.0)
  }

  /// A table outside the graph with the rows in use scaled down to a norm.
  package static func renormed(
    _ weight: Tensor, at indices: Tensor, maxNorm: Double, normType: Double
  ) -> Tensor {
    renormed(weight.detach(), indices.to(.int64), maxNorm, normType)
  }

  /// The table with the rows in use scaled down to a norm; the gradient passes as it is.
  static func renormed(
    _ weight: Tensor, _ index: Tensor, _ maxNorm: Double?, _ normType: Double
  ) -> Tensor {
    guard let maxNorm else { return weight }
    let own = weight.detach()
    let scaled = noGrad {
      let used = Tensor.zeros([own.shape[0]], dtype: .int64)
        .indexAdd(
          dim: 0, index: index.reshaped([-1]), source: Tensor.ones([index.count], dtype: .int64))
      let norm = vectorNorm(own, normType, 1, keepDim: true)
      let factor = maxNorm / (norm + 1e-7)
      let long = norm.gt(maxNorm).logicalAnd(used.gt(0).unsqueezed(1))
      return Tensor.where(long, own * factor, own)
    }
    return weight.requiresGrad ? weight + (scaled - own) : scaled
  }
}
