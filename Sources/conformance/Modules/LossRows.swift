import NN
import Tensors

extension ModuleRegistry {
  mutating func addLosses() {
    addPlainLosses()
    addWeightedLosses()
    addComparisons()
  }

  private mutating func loss(_ name: String, _ make: @escaping (Call) throws -> Loss) {
    pair(name, make) { $0($1, $2) }
  }

  private mutating func addPlainLosses() {
    loss("L1Loss") { L1Loss(reduction: try $0.reduction()) }
    loss("MSELoss") { MSELoss(reduction: try $0.reduction()) }
    loss("SmoothL1Loss") {
      SmoothL1Loss(reduction: try $0.reduction(), beta: try $0.double(nil, "beta", default: 1))
    }
    loss("HuberLoss") {
      HuberLoss(reduction: try $0.reduction(), delta: try $0.double(nil, "delta", default: 1))
    }
    loss("PoissonNLLLoss") {
      PoissonNLLLoss(
        logInput: try $0.bool(0, "log_input", default: true),
        full: try $0.bool(1, "full", default: false), eps: try $0.double(3, "eps", default: 1e-8),
        reduction: try $0.reduction())
    }
    loss("SoftMarginLoss") { SoftMarginLoss(reduction: try $0.reduction()) }
    loss("MultiLabelMarginLoss") { MultiLabelMarginLoss(reduction: try $0.reduction()) }
    loss("HingeEmbeddingLoss") {
      HingeEmbeddingLoss(
        margin: try $0.double(0, "margin", default: 1), reduction: try $0.reduction())
    }
    pair("KLDivLoss") { call -> KLDivLoss in
      let name = try call.string(nil, "reduction", default: "mean")
      guard let reduction = DivergenceReduction(rawValue: name) else { throw Unsupported(name) }
      return KLDivLoss(
        reduction: reduction, logTarget: try call.bool(nil, "log_target", default: false))
    } _: {
      $0($1, $2)
    }
    triple("GaussianNLLLoss") {
      GaussianNLLLoss(
        full: try $0.bool(nil, "full", default: false),
        eps: try $0.double(nil, "eps", default: 1e-6), reduction: try $0.reduction())
    } _: {
      $0($1, $2, variance: $3)
    }
  }

  private mutating func addWeightedLosses() {
    pair("CrossEntropyLoss") {
      CrossEntropyLoss(
        weight: try $0.optionalTensor(0, "weight"),
        ignoreIndex: try $0.int(nil, "ignore_index", default: -100), reduction: try $0.reduction(),
        labelSmoothing: try $0.double(nil, "label_smoothing", default: 0))
    } _: {
      $0($1, $2)
    }
    pair("NLLLoss") {
      NLLLoss(
        weight: try $0.optionalTensor(0, "weight"),
        ignoreIndex: try $0.int(nil, "ignore_index", default: -100), reduction: try $0.reduction())
    } _: {
      $0($1, $2)
    }
    pair("BCELoss") {
      BCELoss(weight: try $0.optionalTensor(0, "weight"), reduction: try $0.reduction())
    } _: {
      $0($1, $2)
    }
    pair("BCEWithLogitsLoss") {
      BCEWithLogitsLoss(
        weight: try $0.optionalTensor(0, "weight"), reduction: try $0.reduction(),
        posWeight: try $0.optionalTensor(nil, "pos_weight"))
    } _: {
      $0($1, $2)
    }
    pair("MultiLabelSoftMarginLoss") {
      MultiLabelSoftMarginLoss(
        weight: try $0.optionalTensor(0, "weight"), reduction: try $0.reduction())
    } _: {
      $0($1, $2)
    }
    pair("MultiMarginLoss") {
      MultiMarginLoss(
        p: try $0.int(0, "p", default: 1), margin: try $0.double(1, "margin", default: 1),
        weight: try $0.optionalTensor(2, "weight"), reduction: try $0.reduction())
    } _: {
      $0($1, $2)
    }
    pair("LinearCrossEntropyLoss") { call -> LinearCrossEntropyLoss in
      guard try call.optionalInt(nil, "options") == nil else { throw Unsupported("options") }
      return LinearCrossEntropyLoss(
        try call.int(0), try call.int(1),
        outputs: try call.optionalInts(nil, "out_features") ?? [],
        bias: try call.bool(nil, "bias", default: false), reduction: try call.reduction(),
        weight: try call.optionalTensor(nil, "weight"),
        ignoreIndex: try call.optionalInt(nil, "ignore_index"),
        labelSmoothing: try call.double(nil, "label_smoothing", default: 0),
        dtype: try call.dtype() ?? .float32)
    } _: {
      $0($1, $2)
    }
  }

  private mutating func addComparisons() {
    triple("MarginRankingLoss") {
      MarginRankingLoss(
        margin: try $0.double(0, "margin", default: 0), reduction: try $0.reduction())
    } _: {
      $0($1, $2, $3)
    }
    triple("CosineEmbeddingLoss") {
      CosineEmbeddingLoss(
        margin: try $0.double(0, "margin", default: 0), reduction: try $0.reduction())
    } _: {
      $0($1, $2, $3)
    }
    triple("TripletMarginLoss") {
      TripletMarginLoss(
        margin: try $0.double(0, "margin", default: 1), p: try $0.double(1, "p", default: 2),
        eps: try $0.double(2, "eps", default: 1e-6), swap: try $0.bool(3, "swap", default: false),
        reduction: try $0.reduction())
    } _: {
      $0($1, $2, $3)
    }
    triple("TripletMarginWithDistanceLoss") {
      TripletMarginWithDistanceLoss(
        margin: try $0.double(nil, "margin", default: 1),
        swap: try $0.bool(nil, "swap", default: false), reduction: try $0.reduction())
    } _: {
      $0($1, $2, $3)
    }
    row("AdaptiveLogSoftmaxWithLoss") { call in
      let layer = AdaptiveLogSoftmaxWithLoss(
        try call.int(0, "in_features"), try call.int(1, "n_classes"),
        cutoffs: try call.ints(2, "cutoffs"),
        divValue: try call.double(3, "div_value", default: 4),
        headBias: try call.bool(4, "head_bias", default: false))
      return (
        layer,
        {
          let (output, loss) = layer(try $0.tensor(0), try $0.tensor(1))
          return [output, loss]
        }
      )
    }
    row("CTCLoss") { call in
      let loss = CTCLoss(
        blank: try call.int(0, "blank", default: 0), reduction: try call.reduction(),
        zeroInfinity: try call.bool(2, "zero_infinity", default: false))
      return (
        loss,
        {
          [
            loss(
              try $0.tensor(0), try $0.tensor(1), inputLengths: try $0.lengths(2, "input_lengths"),
              targetLengths: try $0.lengths(3, "target_lengths"))
          ]
        }
      )
    }
  }
}
