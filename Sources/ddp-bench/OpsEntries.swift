import Torus

/// A computation with the tensors that it is differentiated by.
struct OpsCase {
  let inputs: [Tensor]
  let compute: () -> Tensor

  init(_ inputs: Tensor..., compute: @escaping () -> Tensor) {
    self.inputs = inputs
    self.compute = compute
  }
}

/// One operator of the list, made at any of the list's sizes.
struct OpsEntry: Sendable {
  let name: String
  let make: @Sendable (_ size: OpsInputs) -> OpsCase

  init(_ name: String, _ make: @escaping @Sendable (_ size: OpsInputs) -> OpsCase) {
    self.name = name
    self.make = make
  }
}

/// How many elements the main input has, and the shapes that follow from it.
enum OpsSize: Int, CaseIterable {
  case small = 1_000
  case medium = 100_000
  case large = 10_000_000

  private func choose<Value>(_ small: Value, _ medium: Value, _ large: Value) -> Value {
    switch self {
    case .small: small
    case .medium: medium
    case .large: large
    }
  }

  var columns: Int { choose(32, 256, 1024) }
  var rows: Int { rawValue / columns }
  var matrix: [Int] { [rows, columns] }
  var square: [Int] { choose([32, 32], [320, 320], [1024, 1024]) }
  /// Batch, channels, height, width.
  var image: [Int] { choose([4, 4, 8, 8], [8, 16, 28, 28], [50, 64, 56, 56]) }
  /// Batch, heads, positions, width of a head.
  var heads: [Int] { choose([1, 2, 16, 32], [2, 6, 128, 64], [8, 12, 256, 64]) }
  var batchOfSquares: [Int] {
    let side = choose(16, 64, 128)
    return [rawValue / (side * side), side, side]
  }
}

/// The tensors that an operator is given: a size's shapes, in one element type.
@dynamicMemberLookup
struct OpsInputs {
  let size: OpsSize
  let dtype: DType

  subscript<Shape>(dynamicMember shape: KeyPath<OpsSize, Shape>) -> Shape { size[keyPath: shape] }

  /// Standard normal values that are differentiated by.
  func leaf(_ shape: [Int]) -> Tensor { Tensor.randn(shape).to(dtype).requiringGrad() }
}

extension OpsEntry {
  /// The list; names and shapes are shared with the benchmark of the peer that it is compared with.
  static let all: [OpsEntry] = elementwise + rowwise + moving + products

  private static let elementwise: [OpsEntry] = [
    OpsEntry("add") { size in
      let (a, b) = (size.leaf(size.matrix), size.leaf(size.matrix))
      return OpsCase(a, b) { a + b }
    },
    OpsEntry("mul") { size in
      let (a, b) = (size.leaf(size.matrix), size.leaf(size.matrix))
      return OpsCase(a, b) { a * b }
    },
    OpsEntry("add_bias") { size in
      let (a, b) = (size.leaf(size.matrix), size.leaf([size.columns]))
      return OpsCase(a, b) { a + b }
    },
    OpsEntry("fma") { size in
      let (a, b, c) = (size.leaf(size.matrix), size.leaf(size.matrix), size.leaf(size.matrix))
      return OpsCase(a, b, c) { c.addcmul(a, b) }
    },
    OpsEntry("exp") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.exp() }
    },
    OpsEntry("tanh") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.tanh() }
    },
    OpsEntry("relu") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.relu() }
    },
    OpsEntry("gelu") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { F.gelu(a) }
    },
  ]

  private static let rowwise: [OpsEntry] = [
    OpsEntry("softmax") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.softmax(dim: -1) }
    },
    OpsEntry("cross_entropy") { size in
      let (a, y) = (size.leaf(size.matrix), Tensor.randint(0, size.columns, [size.rows]))
      return OpsCase(a) { F.crossEntropy(a, y) }
    },
    OpsEntry("layer_norm") { size in
      let (a, w, b) = (size.leaf(size.matrix), size.leaf([size.columns]), size.leaf([size.columns]))
      return OpsCase(a, w, b) { F.layerNorm(a, [size.columns], weight: w, bias: b) }
    },
    OpsEntry("batch_norm") { size in
      let channels = size.image[1]
      let (a, w, b) = (size.leaf(size.image), size.leaf([channels]), size.leaf([channels]))
      return OpsCase(a, w, b) { F.batchNorm(a, weight: w, bias: b, training: true) }
    },
    OpsEntry("sum_all") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.sum() }
    },
    OpsEntry("sum_rows") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.sum(dim: 0) }
    },
    OpsEntry("sum_columns") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.sum(dim: 1) }
    },
  ]

  private static let moving: [OpsEntry] = [
    OpsEntry("transpose_copy") { size in
      let a = size.leaf(size.matrix)
      return OpsCase(a) { a.transposed().contiguous() }
    },
    OpsEntry("gather") { size in
      let (a, index) = (size.leaf(size.matrix), Tensor.randint(0, size.rows, size.matrix))
      return OpsCase(a) { a.gather(dim: 0, index: index) }
    },
    OpsEntry("embedding") { size in
      let count = max(size.rows, 1_000)
      let (w, index) = (size.leaf([count, size.columns]), Tensor.randint(0, count, [size.rows]))
      return OpsCase(w) { F.embedding(index, w) }
    },
  ]

  private static let products: [OpsEntry] = [
    OpsEntry("conv3x3") { size in
      let channels = size.image[1]
      let (x, w, b) = (
        size.leaf(size.image), size.leaf([channels, channels, 3, 3]), size.leaf([channels])
      )
      return OpsCase(x, w, b) { F.conv2d(x, w, bias: b, padding: 1) }
    },
    OpsEntry("max_pool2") { size in
      let x = size.leaf(size.image)
      return OpsCase(x) { F.maxPool2d(x, [2]) }
    },
    OpsEntry("matmul") { size in
      let (a, b) = (size.leaf(size.square), size.leaf(size.square))
      return OpsCase(a, b) { a.matmul(b) }
    },
    OpsEntry("linear") { size in
      let (x, w) = (
        size.leaf([min(size.rows, 2048), size.columns]), size.leaf([size.columns, size.columns])
      )
      let b = size.leaf([size.columns])
      return OpsCase(x, w, b) { F.linear(x, w, bias: b) }
    },
    OpsEntry("batched_matmul") { size in
      let (a, b) = (size.leaf(size.batchOfSquares), size.leaf(size.batchOfSquares))
      return OpsCase(a, b) { a.matmul(b) }
    },
    OpsEntry("attention_causal") { size in
      let (q, k, v) = (size.leaf(size.heads), size.leaf(size.heads), size.leaf(size.heads))
      return OpsCase(q, k, v) { F.scaledDotProductAttention(q, k, v, isCausal: true) }
    },
  ]
}
