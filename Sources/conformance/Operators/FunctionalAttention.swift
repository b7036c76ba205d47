import Tensors

extension Registry {
  mutating func addEmbeddings() {
    // The operator database gives the weight first, since it is what has a gradient.
    functional("embedding") { call in
      _ = try call.optionalBool(6, "sparse")
      return F.embedding(
        try call.tensor(1), try call.tensor(0),
        paddingIdx: try call.optionalInt(2, "padding_idx"),
        maxNorm: try call.optionalDouble(3, "max_norm"),
        normType: try call.double(4, "norm_type", default: 2),
        scaleGradByFreq: try call.bool(5, "scale_grad_by_freq", default: false))
    }
    functional("embedding_bag") { call in
      _ = try call.optionalBool(7, "sparse")
      let name = try call.string(6, "mode", default: "mean")
      guard let mode = EmbeddingBagMode(rawValue: name) else { throw Unsupported("mode \(name)") }
      return F.embeddingBag(
        try call.tensor(1), try call.tensor(0),
        offsets: try call.optionalTensor(2, "offsets"),
        maxNorm: try call.optionalDouble(3, "max_norm"),
        normType: try call.double(4, "norm_type", default: 2),
        scaleGradByFreq: try call.bool(5, "scale_grad_by_freq", default: false), mode: mode,
        perSampleWeights: try call.optionalTensor(8, "per_sample_weights"),
        includeLastOffset: try call.bool(9, "include_last_offset", default: false),
        paddingIdx: try call.optionalInt(10, "padding_idx"))
    }
    functional("one_hot") { call in
      let classes = try call.int(1, "num_classes", default: -1)
      return F.oneHot(try call.tensor(0), numClasses: classes == -1 ? nil : classes)
    }
  }

  mutating func addAttention() {
    functional("scaled_dot_product_attention") { call in
      F.scaledDotProductAttention(
        try call.tensor(0), try call.tensor(1), try call.tensor(2),
        attnMask: try call.optionalTensor(3, "attn_mask"),
        dropoutP: try call.double(4, "dropout_p", default: 0),
        isCausal: try call.bool(5, "is_causal", default: false),
        scale: try call.optionalDouble(nil, "scale"),
        enableGQA: try call.bool(nil, "enable_gqa", default: false))
    }
    functional("multi_head_attention_forward") { call in
      _ = try call.int(3)
      let separate = try call.bool(nil, "use_separate_proj_weight", default: false)
      let weights = MultiHeadAttentionWeights(
        inProjection: separate ? nil : try call.tensor(5),
        queryProjection: try call.optionalTensor(nil, "q_proj_weight"),
        keyProjection: try call.optionalTensor(nil, "k_proj_weight"),
        valueProjection: try call.optionalTensor(nil, "v_proj_weight"),
        inBias: try call.optionalTensor(6), keyBias: try call.optionalTensor(7),
        valueBias: try call.optionalTensor(8), outProjection: try call.tensor(11),
        outBias: try call.optionalTensor(12))
      if separate { _ = try call.optionalTensor(5) }
      let needWeights = try call.bool(nil, "need_weights", default: true)
      let result = F.multiHeadAttention(
        try call.tensor(0), try call.tensor(1), try call.tensor(2), numHeads: try call.int(4),
        weights: weights, attnMask: try call.optionalTensor(nil, "attn_mask"),
        keyPaddingMask: try call.optionalTensor(nil, "key_padding_mask"),
        dropoutP: try call.double(10, "dropout_p"),
        addZeroAttn: try call.bool(
          9, "add_zero_attn", default: false), needWeights: needWeights,
        averageAttnWeights: try call.bool(nil, "average_attn_weights", default: true),
        isCausal: try call.bool(nil, "is_causal", default: false),
        training: try call.bool(nil, "training", default: true))
      return [result.output] + (result.weights.map { [$0] } ?? [])
    }
  }
}
