/// How large a configured model is, at least: what is known before it is made. Floating-point, so that
/// no product of configured numbers overflows.
struct ModelSize {
  /// The keys that set it.
  let keys: [String]
  /// Trained numbers.
  let parameters: Double
  /// Numbers that a forward pass of one record keeps for the gradients.
  let perRecord: Double
  /// Modules, each of which takes a few KiB beside its parameters.
  var modules = 0.0
}

extension MLPOptions {
  /// Weights and biases; each layer's outputs.
  func size(inputs: [Int], classes: Int) -> ModelSize {
    let widths = [inputs.reduce(1) { $0 * Double($1) }] + (hidden + [classes]).map(Double.init)
    return ModelSize(
      keys: ["model.hidden"],
      parameters: zip(widths, widths.dropFirst()).reduce(0) { $0 + ($1.0 + 1) * $1.1 },
      perRecord: widths.reduce(0, +), modules: Double(hidden.count))
  }
}

extension CNNOptions {
  /// Two 3×3 kernels and two matrices; the maps before and after pooling.
  func size(inputs: [Int], classes: Int) -> ModelSize {
    let pixels = Double(inputs[1]) * Double(inputs[1])
    let maps = channels.map(Double.init)
    let flat = maps[1] * (pixels / 16)
    let hidden = Double(hidden)
    return ModelSize(
      keys: ["model.channels", "model.hidden"],
      parameters: 9 * (maps[0] + maps[0] * maps[1]) + (flat + 1) * hidden
        + hidden * Double(classes),
      perRecord: pixels * maps[0] + pixels / 4 * maps[1] + hidden)
  }
}

extension CharGPTOptions {
  /// 12 width² a block, and the embeddings; about ten streams a block and character, the logits, and
  /// the characters themselves as they are read ahead.
  func size(vocabulary: Int, context: Int) -> ModelSize {
    let (layers, width) = (Double(layers), Double(width))
    let (vocabulary, context) = (Double(vocabulary), Double(context))
    return ModelSize(
      keys: ["model.layers", "model.width", "data.context"],
      parameters: layers * 12 * width * width + (vocabulary + context) * width,
      perRecord: context * (layers * 10 * width + vocabulary + 16), modules: layers * 10)
  }
}

extension TextLSTMOptions {
  /// The embeddings and four gates a layer and direction; one word's states.
  func size(vocabulary: Int, classes: Int) -> ModelSize {
    let (embedding, hidden, layers) = (Double(embedding), Double(hidden), Double(layers))
    let directions = bidirectional ? 2.0 : 1.0
    let first = directions * 4 * hidden * (embedding + hidden)
    let others = (layers - 1) * directions * 4 * hidden * (directions * hidden + hidden)
    return ModelSize(
      keys: ["model.embedding", "model.hidden", "model.layers"],
      parameters: Double(vocabulary) * embedding + first + others
        + directions * hidden * Double(classes),
      perRecord: embedding + layers * directions * 6 * hidden, modules: layers)
  }
}
