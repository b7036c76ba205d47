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
    return Kernel.convolution(
      name, inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : nil, geometry, out: out)
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
    return Kernel.convolutionInputGradient(inputs[0], inputs[1], geometry, size: size)
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
    let (dw, db) = Kernel.convolutionWeightGradient(
      inputs[0], inputs[1], geometry, weight: weight, hasBias: hasBias)
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
