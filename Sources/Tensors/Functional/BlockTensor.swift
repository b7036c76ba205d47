/// Numbers in blocks with a common scale: a quarter or an eighth of float32's memory. They are
/// constants: no gradient flows to them.
public struct BlockTensor {
  /// How numbers are stored; those that GGUF files have are called by their number there.
  public enum Format: UInt32, Sendable, CaseIterable {
    /// 4 bits and a scale of 2 bytes for 32: 18 bytes.
    case q4_0 = 2
    /// 8 bits and a scale of 2 bytes for 32: 34 bytes.
    case q8_0 = 8
    /// NormalFloat of 4 bits, whose sixteen values divide a normal distribution evenly, with scales for 64
    /// that are kept in 8 bits themselves: 4.13 bits a number (Dettmers et al. 2023, QLoRA).
    case nf4 = 0x1_0000

    /// The numbers in a block.
    public var blockSize: Int { self == .nf4 ? 64 : 32 }

    /// The bytes that a whole number of blocks takes.
    public func bytes(_ count: Int) -> Int {
      switch self {
      case .q4_0: count / 32 * 18
      case .q8_0: count / 32 * 34
      case .nf4: Kernel.normalFloatBytes(count)
      }
    }
  }

  /// How numbers are stored.
  public let format: Format
  /// The sizes of what is stored.
  public let shape: [Int]
  /// The blocks as bytes.
  package let blocks: Tensor

  /// Rounds numbers to blocks, as ggml or bitsandbytes round.
  /// - Precondition: They are a whole number of blocks.
  public init(_ values: Tensor, _ format: Format) {
    require(
      values.count % format.blockSize == 0, "BlockTensor",
      "the elements of \(values.shape) are no whole number of blocks of \(format.blockSize)")
    self.format = format
    shape = values.shape
    blocks = noGrad {
      let wide = values.detach().to(.float32).contiguous()
      let blocks = Tensor.empty([format.bytes(wide.count)], dtype: .uint8)
      blocks.withMutableBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        switch format {
        case .nf4: Kernel.encodeNormalFloat(wide, into: base)
        case .q4_0, .q8_0:
          Kernel.encodeBlocks(
            format.rawValue, wide, count: wide.count / format.blockSize, into: base)
        }
      }
      return blocks
    }
  }

  /// The numbers in float32, in memory of their own.
  public func tensor() -> Tensor { Self.decoded(blocks, format, shape) }

  fileprivate static func decoded(_ blocks: Tensor, _ format: Format, _ shape: [Int]) -> Tensor {
    let result = Tensor.empty(shape, dtype: .float32)
    blocks.withBytes { bytes in
      guard let base = bytes.baseAddress else { return }
      switch format {
      case .nf4: Kernel.decodeNormalFloat(base, into: result)
      case .q4_0, .q8_0:
        Kernel.decodeBlocks(
          format.rawValue, base, count: result.count / format.blockSize, into: result)
      }
    }
    return result
  }
}

/// x Wᵀ, or x W of a transposed one, with W in blocks. W stands in float32 only while it is multiplied, in the
/// forward pass and once more in the backward one; a few rows are multiplied by blocks of 32 as they are.
private struct BlockLinear: TensorOperation {
  let format: BlockTensor.Format
  let shape: [Int]
  let isTransposed: Bool
  var name: String { "block_linear" }
  var attributes: [String: Attribute] { ["transposed": .bool(isTransposed)] }
  var saving: Saving { .input(1) }

  func forward(_ inputs: [Tensor]) -> Tensor {
    noGrad {
      if let product = product(of: inputs[0], inputs[1]) { return product }
      let weight = BlockTensor.decoded(inputs[1], format, shape).to(inputs[0].dtype)
      return isTransposed ? inputs[0].matmul(weight) : inputs[0].linear(weight)
    }
  }

  /// The product of a few rows, as generating one token after the other multiplies them; of half types in float32,
  /// rounded once.
  private func product(of x: Tensor, _ blocks: Tensor) -> Tensor? {
    let (inputs, outputs) = isTransposed ? (shape[0], shape[1]) : (shape[1], shape[0])
    guard x.dtype == .float32 || x.dtype.isHalf, inputs > 0, x.count > 0, x.count <= 8 * inputs
    else { return nil }
    let rows = x.to(.float32).contiguous().reshaped([-1, inputs])
    let product = blocks.withBytes { bytes in
      bytes.baseAddress.flatMap {
        Kernel.product(
          rows, format.rawValue, $0, outputs: outputs, isTransposed: isTransposed)
      }
    }
    return product?.reshaped(x.shape.dropLast() + [outputs]).to(x.dtype)
  }

  func gradient(_ g: Tensor, _ node: Node) -> [Tensor?] {
    let weight = noGrad { BlockTensor.decoded(node.input(1), format, shape).to(g.dtype) }
    return [isTransposed ? g.linear(weight) : g.matmul(weight), nil]
  }
}

extension Tensor {
  /// x Wᵀ + b with W `[outputs, inputs]` in blocks; x W + b with W `[inputs, outputs]` where it
  /// `isTransposed`. `[..., inputs] → [..., outputs]`.
  package func linear(
    _ weight: BlockTensor, _ bias: Tensor? = nil, isTransposed: Bool = false
  ) -> Tensor {
    require(
      weight.shape.count == 2 && shape.last == weight.shape[isTransposed ? 0 : 1], "linear",
      "\(shape) × blocks of \(weight.shape)\(isTransposed ? "" : " transposed")")
    let product = Tensor.record(
      BlockLinear(format: weight.format, shape: weight.shape, isTransposed: isTransposed),
      [self, weight.blocks])
    return bias.map { product + $0 } ?? product
  }
}
