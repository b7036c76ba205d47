import Testing

/// Swift's arguments have an order. It is PyTorch's, and so are the labels, which these calls hold
/// for everything that takes many of them.
@Suite("Arguments")
struct ArgumentTests {
  @Test("arguments stand in PyTorch's order under PyTorch's names")
  func order() async throws {
    let calls = [
      "F.crossEntropy(x, i, weight: v, ignoreIndex: -1, reduction: .sum, labelSmoothing: 0.1)",
      "F.binaryCrossEntropy(p, p, weight: v, reduction: .none)",
      "F.binaryCrossEntropyWithLogits(x, p, weight: v, reduction: .none, posWeight: v)",
      "F.mseLoss(x, y, reduction: .none, weight: p)", "F.l1Loss(x, y, reduction: .sum, weight: p)",
      "F.huberLoss(x, y, reduction: .mean, delta: 1, weight: p)",
      "F.nllLoss(x, i, weight: v, ignoreIndex: -1, reduction: .sum)",
      "F.embedding(i, w, paddingIdx: 0, maxNorm: 1, normType: 2, scaleGradByFreq: true)",
      "F.embeddingBag(j, w, offsets: i, maxNorm: 1, normType: 2, scaleGradByFreq: false, "
        + "mode: .sum, perSampleWeights: p, includeLastOffset: false, paddingIdx: 0)",
      "F.scaledDotProductAttention(a3, a3, a3, attnMask: mask, dropoutP: 0.1, isCausal: false, "
        + "scale: 1, enableGQA: false)",
      "F.conv2d(image, filters, bias: v, stride: 2, padding: 1, dilation: [1, 1], groups: 1)",
      "F.conv1d(a3, a33, bias: v, stride: 1, padding: .same)",
      "F.convTranspose2d(image, filters, bias: v, stride: 2, padding: 0, outputPadding: 1, "
        + "groups: 1, dilation: 1)",
      "F.maxPool2d(image, 2, stride: 2, padding: 0, dilation: 1, ceilMode: true)",
      "F.avgPool2d(image, [2, 2], stride: 2, padding: 0, ceilMode: true, countIncludePad: false, "
        + "divisorOverride: 3)",
      "F.adaptiveAvgPool2d(image, [nil, 2])", "F.lpPool2d(image, 2, 2, stride: 1)",
      "F.interpolate(image, size: [8, 8], mode: .bilinear, alignCorners: false, antialias: true)",
      "F.interpolate(image, scaleFactor: [2, 1.5], recomputeScaleFactor: true)",
      "F.unfold(image, 2, dilation: 1, padding: 0, stride: 1)",
      "F.fold(a3, outputSize: 4, 2, dilation: 1, padding: 0, stride: 2)",
      "Conv2d(1, 2, 3, stride: 1, padding: .same, dilation: 1, groups: 1, bias: false, "
        + "paddingMode: .circular)",
      "LSTM(3, 4, numLayers: 2, bias: true, batchFirst: true, dropout: 0.1, bidirectional: true, "
        + "projSize: 2)",
      "Embedding(9, 4, paddingIdx: 0, maxNorm: 1, normType: 2, scaleGradByFreq: true)",
      "MultiheadAttention(8, 2, dropout: 0.1, bias: true, addBiasKV: false, addZeroAttn: false, "
        + "kdim: 4, vdim: 4, batchFirst: true)",
      "MultiheadAttention(3, 1)(a3, a3, a3, keyPaddingMask: mask, needWeights: false, "
        + "attnMask: nil, averageAttnWeights: true, isCausal: false)",
      "TransformerEncoderLayer(8, 2, dimFeedforward: 16, dropout: 0.1, activation: { F.gelu($0) }, "
        + "layerNormEps: 1e-5, batchFirst: true, normFirst: true, bias: false)",
      "Transformer(8, 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 16, "
        + "dropout: 0, activation: { F.gelu($0) }, layerNormEps: 1e-5, batchFirst: true, "
        + "normFirst: true, bias: true)",
      "Transformer()(a3, a3, srcMask: nil, tgtMask: nil, memoryMask: nil, "
        + "srcKeyPaddingMask: mask, tgtKeyPaddingMask: mask, memoryKeyPaddingMask: mask)",
      "CrossEntropyLoss(weight: v, ignoreIndex: -1, reduction: .sum, labelSmoothing: 0.1)",
      "Upsample(scaleFactor: 2, mode: .bilinear, alignCorners: true)",
      "Init.kaimingNormal(parameter, mode: .fanOut, nonlinearity: .relu)",
      "AdamW(model.parameters(), lr: 0.1, betas: (0.9, 0.99), eps: 1e-8, weightDecay: 0, "
        + "amsgrad: true, maximize: false)",
      "SGD(model.parameters(), lr: 0.1, momentum: 0.9, dampening: 0, weightDecay: 0, "
        + "nesterov: true, maximize: false)",
      "OneCycleLR(optimizer, maxLR: 0.1, epochs: 2, stepsPerEpoch: 5, pctStart: 0.3, "
        + "annealStrategy: .linear, cycleMomentum: false, baseMomentum: 0.8, maxMomentum: 0.9, "
        + "divFactor: 25, finalDivFactor: 100, threePhase: true)",
      "ReduceLROnPlateau(optimizer, mode: .min, factor: 0.1, patience: 2, threshold: 1e-4, "
        + "thresholdMode: .relative, cooldown: 1, minLR: 0, eps: 1e-8)",
      "DataLoader(Numbers(), batchSize: 2, shuffle: true, workers: 2, dropLast: true)",
      "BatchSampler(SequentialSampler(Numbers()), batchSize: 2, dropLast: true)",
      "DistributedSampler(Numbers(), worldSize: 2, rank: 0, shuffle: true, seed: 1, dropLast: true)",
      "x.movedim(0, 1)", "x.movedim([0, 1], [1, 0])",
    ]
    let answers = try await Compiler.answers(to: calls)
    for (call, answer) in zip(calls, answers) { #expect(answer.isEmpty, "\(call): \(answer)") }
  }
}
