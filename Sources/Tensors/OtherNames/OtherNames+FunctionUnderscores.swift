// Names of PyTorch that are spelled otherwise here: the compiler answers each with the right one.
// docs/names.md is the whole list; Tests/GuideTests holds that every name compiles or has its hint.

/// Spellings with underscores, called with whatever they are called with.
extension F {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "leakyReLU(_:negativeSlope:)")
  public static var leaky_relu: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "logSoftmax(_:dim:)")
  public static var log_softmax: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "gumbelSoftmax(_:)")
  public static var gumbel_softmax: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "embeddingBag(_:_:)")
  public static var embedding_bag: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "oneHot(_:numClasses:)")
  public static var one_hot: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "alphaDropout(_:)")
  public static var alpha_dropout: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "convTranspose2d(_:_:)")
  public static var conv_transpose2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "maxPool2d(_:_:)")
  public static var max_pool2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "avgPool2d(_:_:)")
  public static var avg_pool2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "adaptiveAvgPool2d(_:_:)")
  public static var adaptive_avg_pool2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "adaptiveMaxPool2d(_:_:)")
  public static var adaptive_max_pool2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "lpPool2d(_:_:_:)")
  public static var lp_pool2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "maxUnpool2d(_:_:_:)")
  public static var max_unpool2d: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "batchNorm(_:training:)")
  public static var batch_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "layerNorm(_:_:)")
  public static var layer_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "groupNorm(_:numGroups:)")
  public static var group_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "instanceNorm(_:)")
  public static var instance_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "rmsNorm(_:_:)")
  public static var rms_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "localResponseNorm(_:size:)")
  public static var local_response_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "crossEntropy(_:_:ignoreIndex:reduction:labelSmoothing:)")
  public static var cross_entropy: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "nllLoss(_:_:)")
  public static var nll_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "mseLoss(_:_:)")
  public static var mse_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "l1Loss(_:_:)")
  public static var l1_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "smoothL1Loss(_:_:beta:)")
  public static var smooth_l1_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "huberLoss(_:_:delta:)")
  public static var huber_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "binaryCrossEntropy(_:_:)")
  public static var binary_cross_entropy: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "binaryCrossEntropyWithLogits(_:_:posWeight:)")
  public static var binary_cross_entropy_with_logits: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "klDiv(_:_:reduction:)")
  public static var kl_div: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "poissonNLLLoss(_:_:)")
  public static var poisson_nll_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "gaussianNLLLoss(_:_:variance:)")
  public static var gaussian_nll_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "cosineEmbeddingLoss(_:_:_:)")
  public static var cosine_embedding_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "hingeEmbeddingLoss(_:_:)")
  public static var hinge_embedding_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "marginRankingLoss(_:_:_:)")
  public static var margin_ranking_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "tripletMarginLoss(_:_:_:)")
  public static var triplet_margin_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "multiMarginLoss(_:_:)")
  public static var multi_margin_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "multilabelMarginLoss(_:_:)")
  public static var multilabel_margin_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "multilabelSoftMarginLoss(_:_:)")
  public static var multilabel_soft_margin_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "softMarginLoss(_:_:)")
  public static var soft_margin_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "ctcLoss(_:_:inputLengths:targetLengths:)")
  public static var ctc_loss: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "cosineSimilarity(_:_:dim:)")
  public static var cosine_similarity: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "pairwiseDistance(_:_:)")
  public static var pairwise_distance: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "gridSample(_:_:)")
  public static var grid_sample: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "affineGrid(_:size:)")
  public static var affine_grid: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "pixelShuffle(_:_:)")
  public static var pixel_shuffle: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "scaledDotProductAttention(_:_:_:isCausal:)")
  public static var scaled_dot_product_attention: PythonName { otherName() }
}

extension Linalg {
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "solveTriangular(_:_:upper:)")
  public static var solve_triangular: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "luFactor(_:)")
  public static var lu_factor: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, message: "use x.norm()")
  public static var vector_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "matrixNorm(_:)")
  public static var matrix_norm: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "matrixRank(_:)")
  public static var matrix_rank: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "matrixPower(_:_:)")
  public static var matrix_power: PythonName { otherName() }
  /// PyTorch's spelling.
  @available(*, unavailable, renamed: "multiDot(_:)")
  public static var multi_dot: PythonName { otherName() }
}
