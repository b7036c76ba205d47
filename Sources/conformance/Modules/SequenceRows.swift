import NN
import Tensors

extension ModuleRegistry {
  mutating func addRecurrent() {
    row("LSTM") { call in
      let layer = LSTM(
        try call.int(0, "input_size"), try call.int(1, "hidden_size"),
        numLayers: try call.int(2, "num_layers", default: 1),
        bias: try call.bool(3, "bias", default: true),
        batchFirst: try call.bool(4, "batch_first", default: false),
        dropout: try call.double(5, "dropout", default: 0),
        bidirectional: try call.bool(6, "bidirectional", default: false),
        projSize: try call.int(7, "proj_size", default: 0))
      return (
        layer,
        {
          let result = layer(try $0.tensor(0), state: try $0.lstmState(1))
          return [result.output, result.state.hidden, result.state.cell]
        }
      )
    }
    row("GRU") { call in
      let layer = GRU(
        try call.int(0, "input_size"), try call.int(1, "hidden_size"),
        numLayers: try call.int(2, "num_layers", default: 1),
        bias: try call.bool(3, "bias", default: true),
        batchFirst: try call.bool(4, "batch_first", default: false),
        dropout: try call.double(5, "dropout", default: 0),
        bidirectional: try call.bool(6, "bidirectional", default: false))
      return (
        layer,
        {
          let result = layer(try $0.tensor(0), state: try $0.optionalTensor(1))
          return [result.output, result.state]
        }
      )
    }
    row("RNN") { call in
      let layer = RNN(
        try call.int(0, "input_size"), try call.int(1, "hidden_size"),
        numLayers: try call.int(2, "num_layers", default: 1),
        nonlinearity: try call.nonlinearity(3), bias: try call.bool(4, "bias", default: true),
        batchFirst: try call.bool(5, "batch_first", default: false),
        dropout: try call.double(6, "dropout", default: 0),
        bidirectional: try call.bool(7, "bidirectional", default: false))
      return (
        layer,
        {
          let result = layer(try $0.tensor(0), state: try $0.optionalTensor(1))
          return [result.output, result.state]
        }
      )
    }
    row("LSTMCell") { call in
      let cell = LSTMCell(
        try call.int(0, "input_size"), try call.int(1, "hidden_size"),
        bias: try call.bool(2, "bias", default: true))
      return (
        cell,
        {
          let state = cell(try $0.tensor(0), state: try $0.lstmState(1))
          return [state.hidden, state.cell]
        }
      )
    }
    row("GRUCell") { call in
      let cell = GRUCell(
        try call.int(0, "input_size"), try call.int(1, "hidden_size"),
        bias: try call.bool(2, "bias", default: true))
      return (cell, { [cell(try $0.tensor(0), state: try $0.optionalTensor(1))] })
    }
    row("RNNCell") { call in
      let cell = RNNCell(
        try call.int(0, "input_size"), try call.int(1, "hidden_size"),
        bias: try call.bool(2, "bias", default: true), nonlinearity: try call.nonlinearity(3))
      return (cell, { [cell(try $0.tensor(0), state: try $0.optionalTensor(1))] })
    }
  }

  mutating func addAttention() {
    row("MultiheadAttention") { call in
      let layer = MultiheadAttention(
        try call.int(0, "embed_dim"), try call.int(1, "num_heads"),
        dropout: try call.double(2, "dropout", default: 0),
        bias: try call.bool(3, "bias", default: true),
        addBiasKV: try call.bool(4, "add_bias_kv", default: false),
        addZeroAttn: try call.bool(5, "add_zero_attn", default: false),
        kdim: try call.optionalInt(6, "kdim"), vdim: try call.optionalInt(7, "vdim"),
        batchFirst: try call.bool(8, "batch_first", default: false))
      return (
        layer,
        { call in
          let result = layer(
            try call.tensor(0), try call.tensor(1), try call.tensor(2),
            keyPaddingMask: try call.optionalTensor(3, "key_padding_mask"),
            needWeights: try call.bool(4, "need_weights", default: true),
            attnMask: try call.optionalTensor(5, "attn_mask"),
            averageAttnWeights: try call.bool(6, "average_attn_weights", default: true))
          return [result.output] + (result.weights.map { [$0] } ?? [])
        }
      )
    }
    row("TransformerEncoderLayer") { call in
      let layer = TransformerEncoderLayer(try call.transformerSettings(from: 2))
      return (
        layer,
        { call in
          [
            layer(
              try call.tensor(0, "src"), srcMask: try call.optionalTensor(1, "src_mask"),
              srcKeyPaddingMask: try call.optionalTensor(2, "src_key_padding_mask"))
          ]
        }
      )
    }
    row("TransformerDecoderLayer") { call in
      let layer = TransformerDecoderLayer(try call.transformerSettings(from: 2))
      return (
        layer,
        { call in
          [
            layer(
              try call.tensor(0, "tgt"), memory: try call.tensor(1, "memory"),
              tgtMask: try call.optionalTensor(2, "tgt_mask"),
              memoryMask: try call.optionalTensor(3, "memory_mask"),
              tgtKeyPaddingMask: try call.optionalTensor(4, "tgt_key_padding_mask"),
              memoryKeyPaddingMask: try call.optionalTensor(5, "memory_key_padding_mask"))
          ]
        }
      )
    }
    row("Transformer") { call in
      let encoders = try call.int(2, "num_encoder_layers", default: 6)
      let decoders = try call.int(3, "num_decoder_layers", default: 6)
      let model = Transformer(
        try call.transformerSettings(from: 4), encoderLayers: encoders, decoderLayers: decoders)
      return (
        model,
        { call in
          [
            model(
              try call.tensor(0, "src"), try call.tensor(1, "tgt"),
              srcMask: try call.optionalTensor(2, "src_mask"),
              tgtMask: try call.optionalTensor(3, "tgt_mask"),
              memoryMask: try call.optionalTensor(4, "memory_mask"),
              srcKeyPaddingMask: try call.optionalTensor(5, "src_key_padding_mask"),
              tgtKeyPaddingMask: try call.optionalTensor(6, "tgt_key_padding_mask"),
              memoryKeyPaddingMask: try call.optionalTensor(7, "memory_key_padding_mask"))
          ]
        }
      )
    }
  }
}

extension Call {
  fileprivate func lstmState(_ position: Int) throws -> LSTM.State? {
    switch value(position, "hx") {
    case nil, .some(.none): return nil
    default:
      let states = try tensors(position, "hx")
      guard states.count == 2 else { throw Unsupported("a state of \(states.count) tensors") }
      return (states[0], states[1])
    }
  }

  fileprivate func nonlinearity(_ position: Int) throws -> Nonlinearity {
    let name = try string(position, "nonlinearity", default: "tanh")
    guard let function = Nonlinearity(rawValue: name) else { throw Unsupported(name) }
    return function
  }

  /// Width and heads first, the rest from a position on.
  fileprivate func transformerSettings(from start: Int) throws -> TransformerSettings {
    let activation = try string(start + 2, "activation", default: "relu")
    let functions: [String: (Tensor) -> Tensor] = ["relu": { $0.relu() }, "gelu": { F.gelu($0) }]
    guard let function = functions[activation] else { throw Unsupported(activation) }
    return TransformerSettings(
      dModel: try int(0, "d_model", default: 512), nhead: try int(1, "nhead", default: 8),
      dimFeedforward: try int(start, "dim_feedforward", default: 2048),
      dropout: try double(start + 1, "dropout", default: 0.1), activation: function,
      layerNormEps: try double(nil, "layer_norm_eps", default: 1e-5),
      batchFirst: try bool(nil, "batch_first", default: false),
      normFirst: try bool(nil, "norm_first", default: false),
      bias: try bool(nil, "bias", default: true))
  }
}
