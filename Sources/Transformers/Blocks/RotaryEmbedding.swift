import Tensors

/// Rotary position embeddings (Su et al. 2021): pairs of a head's numbers turned by angles that grow
/// with the position, in the half-split form of Hugging Face's models.
public final class RotaryEmbedding {
  private let scaling: RotaryScaling
  private var frequencies: Tensor
  private var scale: Double
  /// The longest text so far, where frequencies grow with it; at least what the model is made for.
  private var longest: Int
  private var usesLong = false

  /// Embeddings that turn as a configuration says.
  /// - Throws: ``ModelError`` where it says it incompletely.
  public init(_ scaling: RotaryScaling) throws {
    self.scaling = scaling
    (frequencies, scale) = try scaling.frequencies(length: 0)
    longest = scaling.maxPositions
  }

  /// Cosines and sines of positions.
  /// - Parameters:
  ///   - positions: `[N, T]` or `[1, T]`, integers.
  ///   - dtype: What the table is rounded to.
  /// - Returns: Each `[N, 1, T, dimensions/2]`, computed in float32 and rounded to the dtype.
  public func callAsFunction(_ positions: Tensor, dtype: DType) -> RotaryTable {
    noGrad {
      if scaling.dependsOnLength, positions.count > 0 { follow(positions.max().item(Int.self) + 1) }
      let angles = positions.to(.float32).unsqueezed(-1) * frequencies
      func table(_ x: Tensor) -> Tensor { (scale == 1 ? x : x * scale).to(dtype).unsqueezed(1) }
      return RotaryTable(cos: table(angles.cos()), sin: table(angles.sin()))
    }
  }

  /// Fits the frequencies to a text's length. A dynamic base grows with the longest text and goes
  /// back when one comes that fits the model, as in transformers.
  private func follow(_ length: Int) {
    func renew(_ length: Int) {
      // The parameters were checked when the embedding was made.
      if let new = try? scaling.frequencies(length: length) { (frequencies, scale) = new }
    }
    switch scaling.kind {
    case .dynamic where length > longest:
      longest = length
      renew(length)
    case .dynamic where length < scaling.maxPositions && longest > scaling.maxPositions:
      longest = scaling.maxPositions
      renew(longest)
    case .longrope where scaling.isLong(length) != usesLong:
      usesLong.toggle()
      renew(length)
    default: break
    }
  }
}

/// Cosines and sines for the positions of a pass.
public struct RotaryTable {
  /// `[N or 1, 1, T, dimensions/2]`.
  let cos: Tensor
  /// `[N or 1, 1, T, dimensions/2]`.
  let sin: Tensor

  /// A head's numbers turned: (x₁cos − x₂sin, x₂cos + x₁sin) of the halves of the turned part; what
  /// lies behind it stays. `[N, heads, T, size] → [N, heads, T, size]`.
  public func rotate(_ x: Tensor) -> Tensor {
    let half = cos.size(-1)
    let (first, second) = (
      x.narrowed(dim: 3, start: 0, length: half), x.narrowed(dim: 3, start: half, length: half)
    )
    var parts = [first * cos - second * sin, second * cos + first * sin]
    if 2 * half < x.size(3) { parts.append(x.sliced(dim: 3, from: 2 * half)) }
    return Tensor.cat(parts, dim: 3)
  }
}
