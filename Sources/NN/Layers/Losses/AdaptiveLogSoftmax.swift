import Tensors

/// A softmax over very many classes and its loss, which computes few of them
/// (`torch.nn.AdaptiveLogSoftmaxWithLoss`; Grave et al. 2017).
///
/// Classes are numbered from the most frequent to the rarest. The first ones, up to the first cutoff, and
/// a stand-in for each further cluster share the softmax of the head; a cluster has a softmax of its own,
/// from ever fewer features, which is computed for the records whose target lies in it.
public final class AdaptiveLogSoftmaxWithLoss: Module, Hookable {
  /// The first classes, and one more for each cluster.
  public let head: Linear
  /// For each cluster a map to fewer features and one to its classes.
  public let tail: ModuleList<Sequential>
  /// Where each part's classes begin, and the number of classes.
  private let bounds: [Int]

  /// A layer with PyTorch's initial values.
  /// - Parameters:
  ///   - features: The width of the input.
  ///   - classes: How many there are, from the most frequent to the rarest.
  ///   - cutoffs: The first class of each cluster: rising, from 1 to `classes` - 1.
  ///   - divValue: Cluster i, counted from 1, computes with `features` / divValueⁱ features.
  ///   - headBias: Whether the head has a bias.
  ///   - dtype: The type of the parameters.
  public init(
    _ features: Int, _ classes: Int, cutoffs: [Int], divValue: Double = 4, headBias: Bool = false,
    dtype: DType = .float32
  ) {
    let name = "AdaptiveLogSoftmaxWithLoss"
    bounds = [0] + cutoffs + [classes]
    require(
      !cutoffs.isEmpty && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }, name,
      "cutoffs rise and lie between 1 and \(classes - 1), unlike \(cutoffs)")
    require(divValue > 0, name, "divValue must be positive, not \(divValue)")
    head = Linear(features, cutoffs[0] + cutoffs.count, bias: headBias, dtype: dtype)
    var (clusters, width) = ([Sequential](), Double(features))
    for (start, end) in zip(bounds.dropFirst(), bounds.dropFirst(2)) {
      width /= divValue
      let inner = Int(width)
      clusters.append(
        Sequential(
          Linear(features, inner, bias: false, dtype: dtype),
          Linear(inner, end - start, bias: false, dtype: dtype)))
    }
    tail = ModuleList(clusters)
  }

  /// The log-probability of each record's target, and the mean of their negatives.
  /// - Parameters:
  ///   - x: `[N, features]`, or `[features]`.
  ///   - targets: Classes, `[N]` or `[]`; one that is none of the classes stops the process.
  /// - Returns: `[N]` or `[]`, and `[]`.
  public func callAsFunction(_ x: Tensor, _ targets: Tensor) -> (output: Tensor, loss: Tensor) {
    let (output, loss): (Tensor, Tensor) = withHooks(x, targets) { forward($0, $1) }
    return (output, loss)
  }

  private func forward(_ x: Tensor, _ targets: Tensor) -> (Tensor, Tensor) {
    let name = "AdaptiveLogSoftmaxWithLoss"
    require(
      targets.rank <= 1 && x.rank == targets.rank + 1, name,
      "[N, features] with [N], or [features] with [], is expected, not \(x.shape) with \(targets.shape)"
    )
    if targets.rank == 0 {
      let (output, loss) = forward(x.unsqueezed(0), targets.unsqueezed(0))
      return (output.squeezed(0), loss)
    }
    require(
      x.shape[0] == targets.shape[0], name,
      "\(targets.shape[0]) targets for \(x.shape[0]) records")
    let classes = bounds[bounds.count - 1]
    let outside = targets.lt(0).logicalOr(targets.ge(classes))
    require(!outside.any().item(Bool.self), name, "a target is none of the \(classes) classes")

    let labels = targets.to(.int64)
    var places = labels
    var output = Tensor.zeros([x.shape[0]], dtype: x.dtype)
    for (i, cluster) in tail.enumerated() {
      let (start, end) = (bounds[i + 1], bounds[i + 2])
      let isHere = labels.ge(start).logicalAnd(labels.lt(end))
      let rows = isHere.nonzero().squeezed(1)
      if rows.count == 0 { continue }
      places = places.maskedFill(isHere, bounds[1] + i)
      let inner = F.logSoftmax(cluster(x.indexSelect(dim: 0, index: rows)), dim: 1)
      let column = (labels.indexSelect(dim: 0, index: rows) - start).unsqueezed(1)
      let found = inner.gather(dim: 1, index: column).squeezed(1)
      output = output.to(found.dtype).indexAdd(dim: 0, index: rows, source: found)
    }
    let ofHead = F.logSoftmax(head(x), dim: 1).gather(dim: 1, index: places.unsqueezed(1))
    output = output + ofHead.squeezed(1)
    return (output, -output.mean())
  }

  /// The log-probabilities of all classes: `[N, features] → [N, classes]`.
  public func logProb(_ x: Tensor) -> Tensor {
    let ofHead = F.logSoftmax(head(x), dim: 1)
    let first = ofHead.narrowed(dim: 1, start: 0, length: bounds[1])
    let others = tail.enumerated().map { i, cluster in
      F.logSoftmax(cluster(x), dim: 1) + ofHead.narrowed(dim: 1, start: bounds[1] + i, length: 1)
    }
    return Tensor.cat([first] + others, dim: 1)
  }

  /// The most probable class of each record: `[N, features] → [N]`.
  public func predict(_ x: Tensor) -> Tensor { logProb(x).argmax(dim: 1) }
}
