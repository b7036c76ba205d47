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
      "DistributedSampler(Numbers(), rank: 0, worldSize: 2, shuffle: true, seed: 1, dropLast: true)",
      "x.movedim(0, 1)", "x.movedim([0, 1], [1, 0])",
    ]
    try await expectCompiled(calls)
  }

  @Test("creators take PyTorch's arguments in its order")
  func creators() async throws {
    try await expectCompiled([
      "Tensor([[1.0, 2.0]], dtype: .float64, requiresGrad: true)",
      "Tensor.zeros(2, 3, dtype: .int64)", "Tensor.ones([2, 3], dtype: .bool, requiresGrad: false)",
      "Tensor.empty([2], dtype: .float64, requiresGrad: true)",
      "Tensor.full([2, 3], 7, dtype: .float32, requiresGrad: true)", "Tensor.full([2], -.infinity)",
      "Tensor.zeros(like: x, dtype: .float64, requiresGrad: true)", "Tensor.full(like: x, 7)",
      "Tensor.rand(like: x, dtype: .float64, generator: nil, requiresGrad: true)",
      "Tensor.randint(like: x, 0, 10)", "Tensor.arange(5)", "Tensor.arange(1, 9, step: 2)",
      "Tensor.arange(0.0, 1.0, step: 0.25, dtype: .float64, requiresGrad: true)",
      "Tensor.linspace(0, 1, steps: 5, dtype: .float64, requiresGrad: true)",
      "Tensor.logspace(0, 2, steps: 3, base: 10, dtype: .float64)",
      "Tensor.eye(3, 4, dtype: .float64, requiresGrad: true)",
      "Tensor.rand(2, 3, dtype: .float64, generator: nil, requiresGrad: true)",
      "Tensor.randn([2, 3], dtype: .float64, generator: nil, requiresGrad: true)",
      "Tensor.randint(0, 10, [2, 3], dtype: .int32, generator: nil)", "Tensor.randint(10, [2])",
      "Tensor.randperm(8, dtype: .int32, generator: nil)",
      "Tensor.normal(mean: x, std: p, generator: nil)",
      "Tensor.lowerTriangleIndices(3, 4, offset: 1, dtype: .int32)",
      "p.multinomial(2, replacement: true, generator: nil)", "p.bernoulli(generator: nil)",
      "Tensor.cat([x, x], dim: 0)", "Tensor.stack([x, x], dim: 1)",
    ])
  }

  @Test("tensors' methods take PyTorch's arguments in its order")
  func methods() async throws {
    try await expectCompiled([
      "x.sum(dim: 1, keepDim: true, dtype: .float64)", "x.mean(dims: [0, 1], keepDim: true)",
      "x.std(dim: 0, correction: 0, keepDim: true)", "x.argmax(dim: 1, keepDim: true)",
      "x.max(dim: 1, keepDim: true)", "x.aminmax(dim: 1, keepDim: true)",
      "x.logSumExp(dim: 1, keepDim: true)", "x.cumsum(dim: 0, dtype: .float64)",
      "x.quantile(0.5, dim: 1, keepDim: true, interpolation: .linear)",
      "x.topK(2, dim: -1, largest: false, sorted: true)", "x.kthValue(1, dim: 0, keepDim: true)",
      "x.sorted(dim: -1, descending: true, stable: true)", "x.argsort(dim: 0, descending: true)",
      "x.clamp(min: 0, max: 1)", "x.clamp(max: y)", "x.nanToNum(nan: 0, posinf: 1, neginf: -1)",
      "x.allClose(y, rtol: 1e-5, atol: 1e-8, equalNaN: true)", "x.isIn(y, invert: true)",
      "x.addmm(x, w, beta: 1, alpha: 2)", "x.addcmul(y, y, value: 2)", "x.lerp(y, weight: 0.5)",
      "x.gather(dim: 1, index: j)", "x.scatter(dim: 1, index: j, src: y)",
      "x.scatter(dim: 1, index: j, value: 0)", "x.scatterAdd(dim: 1, index: j, src: y)",
      "x.scatterReduce(dim: 1, index: j, src: y, reduce: .amax, includeSelf: false)",
      "x.indexAdd(dim: 0, index: i, source: y, alpha: 2)", "x.indexSelect(dim: 0, index: i)",
      "x.indexFill(dim: 0, index: i, value: 0)", "x.indexPut([i], values: y, accumulate: true)",
      "x.maskedFill(mask, -.infinity)", "x.maskedFill(mask, 0)", "x.maskedFill(mask, Float(1))",
      "Tensor.where(mask, x, -.infinity)", "Tensor.where(mask, 1, x)", "Tensor.where(mask, x, y)",
      "x.narrowed(dim: 0, start: 0, length: 1)", "x.unflattened(dim: 1, [3, 1])",
      "x.unfolded(dim: 0, size: 1, step: 1)", "x.split(1, dim: 1)", "x.chunk(3, dim: 1)",
      "x.repeatInterleave(2, dim: 0)", "x.diff(n: 1, dim: -1, prepend: x, append: x)",
      "x.diagonal(offset: 1, dim1: 0, dim2: 1)", "x.lowerTriangle(diagonal: -1)",
      "x.trapezoid(dx: 0.5, dim: 1)", "x.cov(correction: 1, fweights: i, aweights: v)",
      "v.bincount(weights: v, minLength: 4)", "v.histc(bins: 10, min: 0, max: 1)",
      "v.searchSorted(x, right: true, outInt32: true)", "x.renorm(p: 2, dim: 0, maxNorm: 1)",
      "x.dist(y, p: 2)", "x.round(decimals: 2)",
      "grad(of: [x.sum()], withRespectTo: [x], gradients: [nil], retainGraph: true, "
        + "createGraph: true)",
      "grad(of: x.sum(), withRespectTo: x, retainGraph: true, createGraph: true)",
    ])
  }

  @Test("process groups take PyTorch's arguments in its order, the group standing in front")
  func collectives() async throws {
    try await expectCompiled([
      "try group.allReduced(x, op: .sum)", "try group.reduced(x, op: .maximum, root: 1)",
      "try group.broadcast(x, root: 1)", "try group.allGather(x)", "try group.allGatherRows(x)",
      "try group.gather(x, root: 1)", "try group.scatter([x, x], root: 1)",
      "try group.reduceScatter([x, x], op: .sum)", "try group.allToAll([x, x])",
      "try group.send(x, to: 1, tag: 3)",
      "try group.receive([2, 3], dtype: .float32, from: 0, tag: 3)",
      "group.isend(x, to: 1, tag: 3)", "group.irecv([2, 3], dtype: .float32, from: nil, tag: 3)",
      "try group.barrier(timeout: .seconds(5))",
      "try group.monitoredBarrier(timeout: .seconds(5), waitAllRanks: true)",
      "try group.newGroup(ranks: [0, 1], timeout: .seconds(60))",
      "try group.allGather(object: 1)", "try group.broadcast(object: 1, root: 1)",
      "try group.gather(object: 1, root: 1)", "try group.scatter(objects: [1, 2], root: 1)",
      "try DistributedDataParallel(model, group: group, options: DataParallelOptions())",
    ])
  }

  private func expectCompiled(_ calls: [String]) async throws {
    let answers = try await Compiler.answers(to: calls)
    for (call, answer) in zip(calls, answers) { #expect(answer.isEmpty, "\(call): \(answer)") }
  }
}
