/// A tensor's part in the graph.
final class AutogradMeta {
  /// Whether this is a leaf that asked for a gradient.
  let isLeaf: Bool
  /// The node and output that made the tensor; for a leaf, the node that accumulates its gradient.
  private var origin: Edge?
  /// The accumulated gradient of a leaf, or of a tensor that retains it.
  var gradient: Tensor?
  /// Memory that the gradient shall live in, such as a view of a communication bucket.
  var gradientBuffer: Tensor?
  /// Called when a walk has added to the gradient.
  var accumulationHooks: [(token: HookToken, call: () -> Void)] = []
  /// Called when a walk has added the last contribution to the gradient, or has found that there is none.
  var readyHooks: [(token: HookToken, call: () -> Void)] = []
  private let leafMeta: TensorMeta?

  init(edge: Edge) {
    isLeaf = false
    origin = edge
    leafMeta = nil
  }

  init(leaf: TensorMeta) {
    isLeaf = true
    leafMeta = leaf
  }

  /// Where a gradient of this tensor goes.
  var edge: Edge {
    if let origin { return origin }
    // Only a leaf comes here: its accumulating node is made when first used, and kept.
    let edge = Edge(
      node: Node(leaf: self, meta: leafMeta ?? TensorMeta(shape: [], dtype: .float32)), output: 0)
    origin = edge
    return edge
  }
}
