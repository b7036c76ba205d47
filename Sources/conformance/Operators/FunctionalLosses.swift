import Tensors

extension Registry {
  mutating func addLosses() {
    addRegressionLosses()
    addClassificationLosses()
    addMarginLosses()
  }

  private mutating func addRegressionLosses() {
    functional("l1_loss") {
      F.l1Loss(try $0.tensor(0), try $0.tensor(1), reduction: try $0.reduction())
    }
    functional("mse_loss") {
      F.mseLoss(try $0.tensor(0), try $0.tensor(1), reduction: try $0.reduction())
    }
    functional("smooth_l1_loss") {
      F.smoothL1Loss(
        try $0.tensor(0), try $0.tensor(1), reduction: try $0.reduction(),
        beta: try $0.double(nil, "beta", default: 1))
    }
    functional("huber_loss") {
      F.huberLoss(
        try $0.tensor(0), try $0.tensor(1), reduction: try $0.reduction(),
        delta: try $0.double(nil, "delta", default: 1))
    }
    functional("poisson_nll_loss") {
      F.poissonNLLLoss(
        try $0.tensor(0), try $0.tensor(1), logInput: try $0.bool(nil, "log_input", default: true),
        full: try $0.bool(nil, "full", default: false),
        eps: try $0.double(nil, "eps", default: 1e-8), reduction: try $0.reduction())
    }
    functional("gaussian_nll_loss") { call in
      let x = try call.tensor(0)
      let variance =
        try call.value(2, "var").flatMap(Call.double)
        .map { Tensor.full([], $0, dtype: x.dtype) } ?? call.tensor(2, "var")
      return F.gaussianNLLLoss(
        x, try call.tensor(1), variance: variance,
        full: try call.bool(nil, "full", default: false),
        eps: try call.double(nil, "eps", default: 1e-6), reduction: try call.reduction())
    }
    functional("kl_div") { call in
      let name = try call.string(nil, "reduction", default: "mean")
      guard let reduction = DivergenceReduction(rawValue: name) else { throw Unsupported(name) }
      return F.klDiv(
        try call.tensor(0), try call.tensor(1), reduction: reduction,
        logTarget: try call.bool(nil, "log_target", default: false))
    }
  }

  private mutating func addClassificationLosses() {
    functional("cross_entropy") {
      F.crossEntropy(
        try $0.tensor(0), try $0.tensor(1), weight: try $0.optionalTensor(2, "weight"),
        ignoreIndex: try $0.int(nil, "ignore_index", default: -100),
        reduction: try $0.reduction(),
        labelSmoothing: try $0.double(nil, "label_smoothing", default: 0))
    }
    functional("nll_loss") {
      F.nllLoss(
        try $0.tensor(0), try $0.tensor(1), weight: try $0.optionalTensor(2, "weight"),
        ignoreIndex: try $0.int(nil, "ignore_index", default: -100), reduction: try $0.reduction())
    }
    functional("binary_cross_entropy") {
      F.binaryCrossEntropy(
        try $0.tensor(0), try $0.tensor(1), weight: try $0.optionalTensor(2, "weight"),
        reduction: try $0.reduction())
    }
    functional("binary_cross_entropy_with_logits") {
      F.binaryCrossEntropyWithLogits(
        try $0.tensor(0), try $0.tensor(1), weight: try $0.optionalTensor(2, "weight"),
        reduction: try $0.reduction(), posWeight: try $0.optionalTensor(nil, "pos_weight"))
    }
    functional("soft_margin_loss") {
      F.softMarginLoss(try $0.tensor(0), try $0.tensor(1), reduction: try $0.reduction())
    }
    functional("multilabel_soft_margin_loss") {
      F.multilabelSoftMarginLoss(
        try $0.tensor(0), try $0.tensor(1), weight: try $0.optionalTensor(2, "weight"),
        reduction: try $0.reduction())
    }
    functional("ctc_loss") {
      F.ctcLoss(
        try $0.tensor(0), try $0.tensor(1), inputLengths: try $0.lengths(2, "input_lengths"),
        targetLengths: try $0.lengths(3, "target_lengths"),
        blank: try $0.int(4, "blank", default: 0), reduction: try $0.reduction(5),
        zeroInfinity: try $0.bool(6, "zero_infinity", default: false))
    }
  }

  private mutating func addMarginLosses() {
    functional("margin_ranking_loss") {
      F.marginRankingLoss(
        try $0.tensor(0), try $0.tensor(1), try $0.tensor(2),
        margin: try $0.double(3, "margin", default: 0), reduction: try $0.reduction())
    }
    functional("hinge_embedding_loss") {
      F.hingeEmbeddingLoss(
        try $0.tensor(0), try $0.tensor(1), margin: try $0.double(2, "margin", default: 1),
        reduction: try $0.reduction())
    }
    functional("cosine_embedding_loss") {
      F.cosineEmbeddingLoss(
        try $0.tensor(0), try $0.tensor(1), try $0.tensor(2),
        margin: try $0.double(3, "margin", default: 0), reduction: try $0.reduction())
    }
    functional("triplet_margin_loss") {
      F.tripletMarginLoss(
        try $0.tensor(0), try $0.tensor(1), try $0.tensor(2),
        margin: try $0.double(nil, "margin", default: 1), p: try $0.double(nil, "p", default: 2),
        eps: try $0.double(nil, "eps", default: 1e-6),
        swap: try $0.bool(nil, "swap", default: false), reduction: try $0.reduction())
    }
    functional("triplet_margin_with_distance_loss") {
      F.tripletMarginWithDistanceLoss(
        try $0.tensor(0), try $0.tensor(1), try $0.tensor(2),
        margin: try $0.double(nil, "margin", default: 1),
        swap: try $0.bool(nil, "swap", default: false), reduction: try $0.reduction())
    }
    functional("multi_margin_loss") {
      F.multiMarginLoss(
        try $0.tensor(0), try $0.tensor(1), p: try $0.int(2, "p", default: 1),
        margin: try $0.double(3, "margin", default: 1),
        weight: try $0.optionalTensor(4, "weight"), reduction: try $0.reduction())
    }
    functional("multilabel_margin_loss") {
      F.multilabelMarginLoss(try $0.tensor(0), try $0.tensor(1), reduction: try $0.reduction())
    }
  }

  mutating func addDistances() {
    functional("cosine_similarity") {
      F.cosineSimilarity(
        try $0.tensor(0), try $0.tensor(1), dim: try $0.int(2, "dim", default: 1),
        eps: try $0.double(3, "eps", default: 1e-8))
    }
    functional("pairwise_distance") {
      F.pairwiseDistance(
        try $0.tensor(0), try $0.tensor(1), p: try $0.double(2, "p", default: 2),
        eps: try $0.double(3, "eps", default: 1e-6),
        keepDim: try $0.bool(4, "keepdim", default: false))
    }
    functional("pdist") { F.pdist(try $0.tensor(0), p: try $0.double(1, "p", default: 2)) }
  }
}
