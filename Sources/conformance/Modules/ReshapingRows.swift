import NN
import Tensors

/// Layers that have no cases of PyTorch's module database.
extension ModuleRegistry {
  mutating func addDropout() {
    let layers: [(String, (Double) -> any Layer)] = [
      ("Dropout", { Dropout($0) }), ("Dropout1d", { Dropout1d($0) }),
      ("Dropout2d", { Dropout2d($0) }), ("Dropout3d", { Dropout3d($0) }),
      ("AlphaDropout", { AlphaDropout($0) }), ("FeatureAlphaDropout", { FeatureAlphaDropout($0) }),
    ]
    for (name, make) in layers { layer(name) { make(try $0.double(0, "p", default: 0.5)) } }
    layer("RReLU") { _ in RReLU() }
  }

  mutating func addReshaping() {
    layer("Unflatten") { Unflatten(dim: try $0.int(0, "dim"), try $0.ints(1, "unflattened_size")) }
    layer("Unfold") { call in
      Unfold(
        try call.ints(0, "kernel_size"), dilation: try call.sizes(1, "dilation", default: [1]),
        padding: try call.sizes(2, "padding", default: [0]),
        stride: try call.sizes(3, "stride", default: [1]))
    }
    layer("Fold") { call in
      Fold(
        outputSize: try call.ints(0, "output_size"), try call.ints(1, "kernel_size"),
        dilation: try call.sizes(2, "dilation", default: [1]),
        padding: try call.sizes(3, "padding", default: [0]),
        stride: try call.sizes(4, "stride", default: [1]))
    }
    layer("Upsample") { call in
      let word = try call.string(2, "mode", default: "nearest")
      guard let mode = InterpolationMode(rawValue: word) else { throw Unsupported(word) }
      return Upsample(
        size: try call.optionalInts(0, "size"),
        scaleFactor: try call.optionalDouble(1, "scale_factor").map { [$0] }, mode: mode)
    }
    layer("FractionalMaxPool2d") {
      FractionalMaxPool2d(try $0.ints(0, "kernel_size"), outputSize: try $0.ints(1, "output_size"))
    }
    pair("MaxUnpool1d") {
      MaxUnpool1d(try $0.ints(0, "kernel_size"))
    } _: {
      $0($1, $2)
    }
    pair("MaxUnpool2d") {
      MaxUnpool2d(try $0.ints(0, "kernel_size"))
    } _: {
      $0($1, $2)
    }
    pair("MaxUnpool3d") {
      MaxUnpool3d(try $0.ints(0, "kernel_size"))
    } _: {
      $0($1, $2)
    }
    row("EmbeddingBag") { call in
      let word = try call.string(nil, "mode", default: "mean")
      guard let mode = EmbeddingBagMode(rawValue: word) else { throw Unsupported(word) }
      let bag = EmbeddingBag(
        try call.int(0, "num_embeddings"), try call.int(1, "embedding_dim"), mode: mode)
      return (bag, { [bag(try $0.tensor(0), offsets: try $0.optionalTensor(1))] })
    }
  }
}
