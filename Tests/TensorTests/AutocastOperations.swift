import Tensors

/// The operations of `Golden/autocast.py`, each with what turns its float32 operands into those of a
/// case.
enum AutocastOperations {
  typealias Cast = (Tensor) -> Tensor
  typealias Operation = @Sendable (Cast) -> Tensor

  /// Draws of its own: other tests seed the process's generator.
  private static var generator: Generator { Generator(seed: 1) }

  private static func normal(_ shape: Int...) -> Tensor {
    Tensor.randn(shape, generator: generator)
  }
  private static func positive(_ shape: Int...) -> Tensor {
    Tensor.rand(shape, generator: generator) + 0.1
  }
  private static func definite() -> Tensor { Tensor.eye(3) * 3 + 0.1 }
  private static var classes: Tensor { Tensor([0, 1, 2]) }

  static let all = products.merging(shapes) { $1 }.merging(pointwise) { $1 }
    .merging(losses) { $1 }.merging(algebra) { $1 }

  private static let products: [String: Operation] = [
    "matmul": { $0(normal(3, 4)).matmul($0(normal(4, 2))) },
    "dot": { $0(normal(4)).dot($0(normal(4))) },
    "addmm": { $0(normal(2)).addmm($0(normal(3, 4)), $0(normal(4, 2))) },
    "addr": { $0(normal(3, 4)).addr($0(normal(3)), $0(normal(4))) },
    "addbmm": { $0(normal(3, 2)).addbmm($0(normal(2, 3, 4)), $0(normal(2, 4, 2))) },
    "baddbmm": { $0(normal(2, 3, 2)).baddbmm($0(normal(2, 3, 4)), $0(normal(2, 4, 2))) },
    "linear": { $0(normal(3, 4)).linear($0(normal(2, 4)), $0(normal(2))) },
    "conv1d": { F.conv1d($0(normal(1, 2, 5)), $0(normal(3, 2, 2))) },
    "conv2d": { F.conv2d($0(normal(1, 2, 5, 5)), $0(normal(3, 2, 2, 2))) },
    "conv3d": { F.conv3d($0(normal(1, 2, 3, 3, 3)), $0(normal(3, 2, 2, 2, 2))) },
    "conv_transpose1d": { F.convTranspose1d($0(normal(1, 2, 5)), $0(normal(2, 3, 2))) },
    "conv_transpose2d": { F.convTranspose2d($0(normal(1, 2, 5, 5)), $0(normal(2, 3, 2, 2))) },
    "conv_transpose3d": {
      F.convTranspose3d($0(normal(1, 2, 3, 3, 3)), $0(normal(2, 3, 2, 2, 2)))
    },
    "prelu": { F.prelu($0(normal(3, 4)), $0(positive(1))) },
    "sdpa": {
      F.scaledDotProductAttention(
        $0(normal(1, 2, 3, 4)), $0(normal(1, 2, 3, 4)), $0(normal(1, 2, 3, 4)))
    },
    "einsum": { Tensor.einsum("ij,jk->ik", $0(normal(3, 4)), $0(normal(4, 2))) },
    "tensordot": { $0(normal(3, 4)).tensordot($0(normal(4, 2)), dims: 1) },
    "outer": { $0(normal(3)).outer($0(normal(2))) },
    "vecdot": { Linalg.vecdot($0(normal(3, 4)), $0(normal(3, 4))) },
  ]

  private static let shapes: [String: Operation] = [
    "avg_pool1d": { F.avgPool1d($0(normal(1, 2, 4)), [2]) },
    "avg_pool2d": { F.avgPool2d($0(normal(1, 2, 4, 4)), [2]) },
    "avg_pool3d": { F.avgPool3d($0(normal(1, 2, 4, 4, 4)), [2]) },
    "max_pool1d": { F.maxPool1d($0(normal(1, 2, 4)), [2]) },
    "max_pool2d": { F.maxPool2d($0(normal(1, 2, 4, 4)), [2]) },
    "max_pool3d": { F.maxPool3d($0(normal(1, 2, 4, 4, 4)), [2]) },
    "adaptive_avg_pool1d": { F.adaptiveAvgPool1d($0(normal(1, 2, 4)), [2]) },
    "adaptive_avg_pool2d": { F.adaptiveAvgPool2d($0(normal(1, 2, 4, 4)), [2]) },
    "adaptive_avg_pool3d": { F.adaptiveAvgPool3d($0(normal(1, 2, 4, 4, 4)), [2]) },
    "adaptive_max_pool1d": { F.adaptiveMaxPool1d($0(normal(1, 2, 4)), [2]) },
    "adaptive_max_pool3d": { F.adaptiveMaxPool3d($0(normal(1, 2, 4, 4, 4)), [2]) },
    "fractional_max_pool2d": {
      F.fractionalMaxPool2d($0(normal(1, 2, 6, 6)), [2], outputSize: [3], generator: generator)

    },
    "max_unpool2d": {
      let pooled = F.maxPool2dWithIndices(normal(1, 2, 4, 4), [2])
      return F.maxUnpool2d($0(pooled.values), pooled.indices, [2])
    },
    "grid_sample": { F.gridSample($0(normal(1, 2, 4, 4)), $0(normal(1, 3, 3, 2))) },
    "pad_reflect1d": { F.pad($0(normal(1, 2, 4)), [1, 1], mode: .reflect) },
    "pad_reflect2d": { F.pad($0(normal(1, 2, 4, 4)), [1, 1, 1, 1], mode: .reflect) },
    "pad_replicate1d": { F.pad($0(normal(1, 2, 4)), [1, 1], mode: .replicate) },
    "pad_replicate2d": { F.pad($0(normal(1, 2, 4, 4)), [1, 1, 1, 1], mode: .replicate) },
    "pad_constant": { F.pad($0(normal(1, 2, 4)), [1, 1]) },
    "batch_norm": { F.batchNorm($0(normal(3, 4)), training: true) },
    "layer_norm": { F.layerNorm($0(normal(3, 4)), [4]) },
    "group_norm": { F.groupNorm($0(normal(3, 4)), numGroups: 2) },
    "instance_norm": { F.instanceNorm($0(normal(3, 4, 5))) },
    "rms_norm": { F.rmsNorm($0(normal(3, 4)), [4]) },
    "local_response_norm": { F.localResponseNorm($0(normal(1, 4, 3)), size: 2) },
    "normalize": { F.normalize($0(normal(3, 4))) },
    "embedding": { F.embedding(Tensor([0, 1]), $0(normal(3, 4))) },
  ]

  private static let pointwise: [String: Operation] = [
    "softmax": { $0(normal(3, 4)).softmax(dim: -1) },
    "log_softmax": { $0(normal(3, 4)).logSoftmax(dim: -1) },
    "softmin": { F.softmin($0(normal(3, 4)), dim: -1) },
    "exp": { $0(normal(3)).exp() }, "log": { $0(positive(3)).log() },
    "pow": { $0(positive(3)).pow(2.5) }, "sqrt": { $0(positive(3)).sqrt() },
    "rsqrt": { $0(positive(3)).rsqrt() }, "tanh": { $0(positive(3)).tanh() },
    "sigmoid": { $0(positive(3)).sigmoid() }, "sum": { $0(positive(3)).sum() },
    "mean": { $0(positive(3)).mean() }, "prod": { $0(positive(3)).prod() },
    "cumsum": { $0(positive(3)).cumsum(dim: 0) }, "cumprod": { $0(positive(3)).cumprod(dim: 0) },
    "var": { $0(positive(3)).var() }, "std": { $0(positive(3)).std() },
    "norm": { $0(positive(3)).norm() }, "logsumexp": { $0(positive(3, 2)).logSumExp(dim: 1) },
    "max": { $0(positive(3)).max() }, "median": { $0(positive(3)).median() },
    "quantile": { $0(positive(3)).quantile(0.5) },
    "nanquantile": { $0(positive(3)).nanQuantile(0.5) }, "trace": { $0(normal(3, 3)).trace() },
    "cdist": { $0(normal(3, 4)).cdist($0(normal(2, 4))) },
    "pairwise_distance": { F.pairwiseDistance($0(normal(3, 4)), $0(normal(3, 4))) },
    "cosine_similarity": { F.cosineSimilarity($0(normal(3, 4)), $0(normal(3, 4))) },
    "relu": { $0(normal(3)).relu() }, "gelu": { F.gelu($0(normal(3))) },
    "silu": { F.silu($0(normal(3))) }, "softplus": { F.softplus($0(normal(3))) },
    "dropout": { F.dropout($0(normal(3)), p: 0.5, generator: generator) },
  ]

  private static let losses: [String: Operation] = [
    "mse_loss": { F.mseLoss($0(normal(3, 4)), $0(normal(3, 4))) },
    "l1_loss": { F.l1Loss($0(normal(3, 4)), $0(normal(3, 4))) },
    "smooth_l1_loss": { F.smoothL1Loss($0(normal(3, 4)), $0(normal(3, 4))) },
    "huber_loss": { F.huberLoss($0(normal(3, 4)), $0(normal(3, 4))) },
    "cross_entropy": { F.crossEntropy($0(normal(3, 4)), classes) },
    "cross_entropy_soft": { F.crossEntropy($0(normal(3, 4)), $0(positive(3, 4))) },
    "nll_loss": { F.nllLoss($0(normal(3, 4)), classes) },
    "kl_div": { F.klDiv($0(normal(3, 4)), $0(positive(3, 4)), reduction: .batchMean) },
    "poisson_nll_loss": { F.poissonNLLLoss($0(normal(3, 4)), $0(positive(3, 4))) },
    "gaussian_nll_loss": {
      F.gaussianNLLLoss($0(normal(3, 4)), $0(positive(3, 4)), variance: $0(positive(3, 4)))
    },
    "binary_cross_entropy": {
      F.binaryCrossEntropy($0(Tensor.full([3], 0.4)), $0(Tensor.full([3], 0.6)))
    },
    "binary_cross_entropy_with_logits": {
      F.binaryCrossEntropyWithLogits($0(normal(3)), $0(Tensor.full([3], 0.6)))
    },
    "hinge_embedding_loss": { F.hingeEmbeddingLoss($0(normal(3)), $0(Tensor.ones([3]))) },
    "cosine_embedding_loss": {
      F.cosineEmbeddingLoss($0(normal(3, 4)), $0(normal(3, 4)), Tensor.ones([3]))
    },
    "margin_ranking_loss": {
      F.marginRankingLoss($0(normal(3)), $0(normal(3)), Tensor.ones([3]))
    },
    "triplet_margin_loss": {
      F.tripletMarginLoss($0(normal(3, 4)), $0(normal(3, 4)), $0(normal(3, 4)))
    },
    "soft_margin_loss": { F.softMarginLoss($0(normal(3)), Tensor.ones([3])) },
    "multi_margin_loss": { F.multiMarginLoss($0(normal(3, 4)), classes) },
    "multilabel_margin_loss": {
      F.multilabelMarginLoss($0(normal(2, 4)), Tensor([0, -1, 0, 0, 0, -1, 0, 0], shape: [2, 4]))
    },
    "multilabel_soft_margin_loss": {
      F.multilabelSoftMarginLoss($0(normal(3, 4)), Tensor.ones([3, 4]))
    },
    "ctc_loss": {
      F.ctcLoss(
        $0(normal(5, 2, 4)).logSoftmax(dim: 2), Tensor([1, 1, 1, 1], shape: [2, 2]),
        inputLengths: [5, 5], targetLengths: [2, 2])
    },
  ]

  private static let algebra: [String: Operation] = [
    "inverse": { Linalg.inv($0(definite())) },
    "linalg_solve": { Linalg.solve($0(definite()), $0(normal(3, 1))) },
    "cholesky": { Linalg.cholesky($0(definite())) }, "qr": { Linalg.qr($0(normal(3, 3))).q },
    "svd": { Linalg.svd($0(normal(3, 3))).u }, "svdvals": { Linalg.svdvals($0(normal(3, 3))) },
    "eigh": { Linalg.eigh($0(definite())).values },
    "eigvalsh": { Linalg.eigvalsh($0(definite())) },
    "lstsq": { Linalg.lstsq($0(normal(3, 2)), $0(normal(3, 1))).solution },
  ]
}
