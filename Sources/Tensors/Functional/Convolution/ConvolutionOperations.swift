import CKernels

/// An operation that knows a convolution's geometry.
private protocol ConvolutionOperation: Operation {
  var geometry: ConvolutionShape { get }
}

extension ConvolutionOperation {
  var precision: PrecisionClass { .reduced }
  var attributes: [String: Attribute] {
    [
      "stride": .ints(geometry.stride), "padding": .ints(geometry.padding),
      "dilation": .ints(geometry.dilation), "groups": .int(geometry.groups),
    ]
  }

  func kernelShape(x: [Int], w: [Int], y: [Int]) -> torus_conv {
    let dims = geometry.dims
    return geometry.kernelShape(
      batch: x[0], inputs: x[1], outputs: w[0], size: Array(x.suffix(dims)),
      out: Array(y.suffix(dims)), kernel: Array(w.suffix(dims)))
  }

  /// The sizes of a tensor's positions.
  func spatial(_ shape: [Int]) -> [Int] { Array(shape.suffix(geometry.dims)) }
}

/// A cross-correlation with filters: operands are x, the weight and, where there is one, the bias.
struct Convolution: TensorOperation, ConvolutionOperation {
  let name: String
  let geometry: ConvolutionShape
  /// The output's spatial sizes.
  let out: [Int]
  var saving: Saving { .input(0, 1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    ConvolutionShape.requireOneDType(name, inputs)
    let (x, w) = (inputs[0].contiguous(), inputs[1].contiguous())
    let bias = inputs.count > 2 ? inputs[2].contiguous() : nil
    let y = Tensor.uninitialized([x.shape[0], w.shape[0]] + out, x.dtype)
    if y.count == 0 { return y }
    var shape = kernelShape(x: x.shape, w: w.shape, y: y.shape)
    checkLayer(
      torus_conv_forward(x.dtype.c, &shape, x.pointer, w.pointer, bias?.pointer, y.pointer),
      name, x.dtype)
    return y
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let hasBias = node.inputCount > 2
    var gradients: [Tensor?] = [nil, nil] + (hasBias ? [nil] : [])
    if node.needsGradient(0) {
      let toInput = ConvolutionInputGradient(geometry: geometry, size: node.shape(0))
      gradients[0] = Tensor.record(toInput, [g, node.input(1)])
    }
    let wantsBias = hasBias && node.needsGradient(2)
    if node.needsGradient(1) {
      let toWeight = ConvolutionWeightGradient(
        geometry: geometry, weight: node.shape(1), hasBias: wantsBias)
      let results = Tensor.record(toWeight, [g, node.input(0)])
      gradients[1] = results[0]
      if wantsBias { gradients[2] = results[1] }
    } else if wantsBias {
      gradients[2] = g.sum(dims: [0] + Array(2..<g.rank))
    }
    return gradients
  }
}

/// What the input's elements contributed to, which is a transposed convolution: operands are the
/// output's gradient and the weight.
struct ConvolutionInputGradient: TensorOperation, ConvolutionOperation {
  var name = "conv_input_gradient"
  let geometry: ConvolutionShape
  /// The input's shape.
  let size: [Int]
  var saving: Saving { .inputs }

  func forward(_ inputs: [Tensor]) -> Tensor {
    ConvolutionShape.requireOneDType(name, inputs)
    let (dy, w) = (inputs[0].contiguous(), inputs[1].contiguous())
    if dy.count == 0 { return Tensor.zeros(size, dtype: dy.dtype) }
    let dx = Tensor.uninitialized(size, dy.dtype)
    var shape = kernelShape(x: size, w: w.shape, y: dy.shape)
    checkLayer(
      torus_conv_backward_input(dy.dtype.c, &shape, dy.pointer, w.pointer, dx.pointer),
      "convolution", dy.dtype)
    return dx
  }

  /// Linear in both: the gradients are the convolution itself and its weight gradient.
  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let forward = Convolution(name: "conv", geometry: geometry, out: spatial(node.shape(0)))
    let toWeight = ConvolutionWeightGradient(
      geometry: geometry, weight: node.shape(1), hasBias: false)
    return [
      node.needsGradient(0) ? Tensor.record(forward, [g, node.input(1)]) : nil,
      node.needsGradient(1) ? Tensor.record(toWeight, [node.input(0), g])[0] : nil,
    ]
  }
}

/// The gradients of the weight and, where wanted, the bias: operands are the output's gradient and
/// the input.
private struct ConvolutionWeightGradient: TensorsOperation, ConvolutionOperation {
  let geometry: ConvolutionShape
  /// The weight's shape.
  let weight: [Int]
  let hasBias: Bool
  var name: String { "conv_weight_gradient" }
  var saving: Saving { .inputs }

  func forward(_ inputs: [Tensor]) -> [Tensor] {
    let (dy, x) = (inputs[0].contiguous(), inputs[1].contiguous())
    if x.count == 0 {
      let zeros = Tensor.zeros(weight, dtype: x.dtype)
      return [zeros] + (hasBias ? [Tensor.zeros([weight[0]], dtype: x.dtype)] : [])
    }
    let dw = Tensor.uninitialized(weight, x.dtype)
    let db = hasBias ? Tensor.uninitialized([weight[0]], x.dtype) : nil
    var shape = kernelShape(x: x.shape, w: weight, y: dy.shape)
    checkLayer(
      torus_conv_backward_weight(
        x.dtype.c, &shape, dy.pointer, x.pointer, dw.pointer, db?.pointer), "convolution",
      x.dtype)
    return [dw] + [db].compactMap { $0 }
  }

  func gradient(_ gradients: [Tensor?], _ node: Node) -> [Tensor?] {
    var toOutput: Tensor?
    var toInput: Tensor?
    if let gw = gradients[0] {
      if node.needsGradient(0) {
        let forward = Convolution(name: "conv", geometry: geometry, out: spatial(node.shape(0)))
        toOutput = Tensor.record(forward, [node.input(1), gw])
      }
      if node.needsGradient(1) {
        let back = ConvolutionInputGradient(geometry: geometry, size: node.shape(1))
        toInput = Tensor.record(back, [node.input(0), gw])
      }
    }
    if gradients.count > 1, let gb = gradients[1], node.needsGradient(0) {
      let spread = gb.reshaped([1, -1] + [Int](repeating: 1, count: geometry.dims))
        .expanded(node.shape(0))
      toOutput = toOutput.map { $0 + spread } ?? spread
    }
    return [toOutput, toInput]
  }
}
