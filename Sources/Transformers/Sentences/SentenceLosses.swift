import Tensors

/// How far two vectors lie from each other, for losses: 1 − cosine, or a distance.
public enum SentenceDistance: String, CaseIterable, Sendable {
  /// 1 minus the cosine of the angle between them.
  case cosine
  /// The length of their difference.
  case euclidean
  /// The sum of their coordinates' distances.
  case manhattan

  /// Every vector of `a` from the one of `b` in the same row, `[N, width]` each: `[N]`.
  public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
    switch self {
    case .cosine: 1 - SentenceSimilarity.cosine.pairwise(a, b)
    case .euclidean: -SentenceSimilarity.euclidean.pairwise(a, b)
    case .manhattan: -SentenceSimilarity.manhattan.pairwise(a, b)
    }
  }
}

/// Brings pairs together that belong together, and others apart (`ContrastiveLoss`).
///
/// mean of ½ (y d² + (1 − y) max(margin − d, 0)²), d the distance and y 1 for pairs that belong
/// together. Hadsell, Chopra and LeCun 2006.
public struct ContrastiveLoss: Sendable {
  /// The distance.
  public var distance: SentenceDistance
  /// How far apart pairs shall be that do not belong together.
  public var margin: Double

  /// A loss with sentence-transformers' defaults.
  public init(distance: SentenceDistance = .cosine, margin: Double = 0.5) {
    self.distance = distance
    self.margin = margin
  }

  /// - Parameters:
  ///   - a: The first vector of each pair, `[N, width]`.
  ///   - b: The second vector of each pair, `[N, width]`.
  ///   - labels: `[N]`, 1 for pairs that belong together and 0 for others.
  public func callAsFunction(_ a: Tensor, _ b: Tensor, labels: Tensor) -> Tensor {
    let (d, y) = (distance(a, b), labels.reshaped([a.shape[0]]).to(a.dtype))
    let apart = F.relu(margin - d).square()
    return ((y * d.square() + (1 - y) * apart) * 0.5).mean()
  }
}

/// Has the cosine of pairs equal their scores (`CosineSimilarityLoss`): mean of (cos(a, b) − y)².
public struct CosineSimilarityLoss: Sendable {
  /// The loss.
  public init() {}

  /// - Parameters:
  ///   - a: The first vector of each pair, `[N, width]`.
  ///   - b: The second vector of each pair, `[N, width]`.
  ///   - labels: Their scores `[N]`, from −1 to 1.
  public func callAsFunction(_ a: Tensor, _ b: Tensor, labels: Tensor) -> Tensor {
    let y = labels.reshaped([a.shape[0]]).to(a.dtype)
    return (SentenceSimilarity.cosine.pairwise(a, b) - y).square().mean()
  }
}

/// Has anchors lie nearer to their positives than to their negatives (`TripletLoss`):
/// mean of max(d(a, p) − d(a, n) + margin, 0).
public struct TripletLoss: Sendable {
  /// The distance.
  public var distance: SentenceDistance
  /// By how much nearer.
  public var margin: Double

  /// A loss with sentence-transformers' defaults.
  public init(distance: SentenceDistance = .euclidean, margin: Double = 5) {
    self.distance = distance
    self.margin = margin
  }

  /// - Parameters:
  ///   - anchor: The vector of each triplet that the others are compared with, `[N, width]`.
  ///   - positive: A vector that belongs to it, `[N, width]`.
  ///   - negative: One that does not, `[N, width]`.
  public func callAsFunction(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor
  ) -> Tensor {
    F.relu(distance(anchor, positive) - distance(anchor, negative) + margin).mean()
  }
}

/// Has each query find its document among all documents of the batch
/// (`MultipleNegativesRankingLoss`, InfoNCE; van den Oord et al. 2018).
///
/// mean over i of −s(qᵢ, dᵢ) + log Σ exp s, where s is the scaled similarity and the sum runs over the
/// candidates of the chosen ``directions``. With a ``gather`` the candidates are those of all workers;
/// a worker's loss is then the mean over its own queries, and the mean of the workers' gradients that
/// of the whole batch on one worker.
///
/// ```swift
/// let gather = try DifferentiableGather(group: world.group)
/// let loss = MultipleNegativesRankingLoss(gather: { gather($0) })
/// loss([queries, documents]).backward()
/// ```
public struct MultipleNegativesRankingLoss {
  /// Which pairs stand beside a query and its document.
  public enum Direction: String, CaseIterable, Sendable {
    /// The query with every document.
    case queryToDoc = "query_to_doc"
    /// The query with the other queries.
    case queryToQuery = "query_to_query"
    /// The document with every query.
    case docToQuery = "doc_to_query"
    /// The document with the documents of other queries.
    case docToDoc = "doc_to_doc"
  }

  /// Whether one sum runs over all directions.
  public enum Partition: String, Sendable {
    /// One sum over all of them.
    case joint
    /// A sum for each, whose logarithms are averaged.
    case perDirection = "per_direction"
  }

  /// The rows of all workers in their order, and where this worker's begin.
  public typealias Gather = (Tensor) -> (rows: Tensor, first: Int)

  /// What similarities are multiplied with: 1 over the temperature.
  public let scale: Double
  /// The similarity.
  public let similarity: SentenceSimilarity
  /// The pairs that are candidates.
  public let directions: [Direction]
  /// How the directions are summed.
  public let partition: Partition
  /// Brings the vectors of all workers together; nil for those of this one.
  public let gather: Gather?

  /// A loss with sentence-transformers' defaults.
  public init(
    scale: Double = 20, similarity: SentenceSimilarity = .cosine,
    directions: [Direction] = [.queryToDoc], partition: Partition = .joint, gather: Gather? = nil
  ) {
    let name = "MultipleNegativesRankingLoss"
    require(scale > 0, name, "the scale must be positive, not \(scale)")
    require(directions.contains(.queryToDoc), name, "queryToDoc, which holds the pairs, is missing")
    require(
      partition == .joint || !directions.contains(.queryToQuery) && !directions.contains(.docToDoc),
      name, "queryToQuery and docToDoc hold no pairs, so they need the joint sum")
    self.scale = scale
    self.similarity = similarity
    self.directions = directions
    self.partition = partition
    self.gather = gather
  }

  /// - Parameter vectors: Queries, their documents and, where there are any, further lists of documents
  ///   that do not answer them: `[N, width]` each.
  public func callAsFunction(_ vectors: [Tensor]) -> Tensor {
    let name = "MultipleNegativesRankingLoss"
    require(vectors.count >= 2, name, "queries and documents are needed")
    require(
      vectors.allSatisfy { $0.shape == vectors[0].shape }, name,
      "vectors of one shape are expected, not \(vectors.map(\.shape))")
    let count = vectors[0].shape[0]
    let all: [(rows: Tensor, first: Int)] = vectors.map { gather?($0) ?? (rows: $0, first: 0) }
    let (queries, first) = all[0]
    let documents = Tensor.cat(all.dropFirst().map(\.rows))
    let places = noGrad { Tensor.arange(first, first + count) }
    let ownQueries = queries.sliced(from: first, to: first + count)
    let ownDocuments = all[1].rows.sliced(from: first, to: first + count)
    // Which columns are the row's own, among the queries of all workers.
    let isOwn = noGrad {
      Tensor.arange(queries.shape[0]).unsqueezed(0).eq(places.unsqueezed(1))
    }
    var positives: Tensor?
    let scores = directions.map { direction -> Tensor in
      switch direction {
      case .queryToDoc:
        let scores = similarity(ownQueries, documents) * scale
        positives = scores.gather(dim: 1, index: places.unsqueezed(1)).squeezed(1)
        return scores
      case .queryToQuery:
        return (similarity(ownQueries, queries) * scale).maskedFill(isOwn, -Double.infinity)
      case .docToQuery: return similarity(ownDocuments, queries) * scale
      case .docToDoc:
        let isOwn = noGrad { Tensor.cat([Tensor](repeating: isOwn, count: all.count - 1), dim: 1) }
        return (similarity(ownDocuments, documents) * scale).maskedFill(isOwn, -Double.infinity)
      }
    }
    guard let positives else { fail(name, "queryToDoc is missing") }
    guard partition == .perDirection else {
      return (Tensor.cat(scores, dim: 1).logSumExp(dim: 1) - positives).mean()
    }
    let sums = scores.map { $0.logSumExp(dim: 1) }
    return (Tensor.stack(sums).mean(dim: 0) - positives).mean()
  }
}
