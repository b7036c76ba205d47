import Tensors

/// Tensors from sizes and numbers.
extension Registry {
  mutating func addCreation() {
    addFilled()
    addSequences()
  }

  private mutating func addFilled() {
    row("zeros") { Tensor.zeros(try $0.ints(0, "size"), dtype: try $0.dtype() ?? .float32) }
    row("ones") { Tensor.ones(try $0.ints(0, "size"), dtype: try $0.dtype() ?? .float32) }
    row("empty") { Tensor.empty(try $0.ints(0, "size"), dtype: try $0.dtype() ?? .float32) }
    row("full") { call in
      Tensor.full(
        try call.ints(0, "size"), try call.scalar(1, "fill_value"), dtype: try call.dtype())
    }
    row("zeros_like") { Tensor.zeros(like: try $0.tensor(), dtype: try $0.dtype()) }
    row("ones_like") { Tensor.ones(like: try $0.tensor(), dtype: try $0.dtype()) }
    row("full_like") { call in
      Tensor.full(
        like: try call.tensor(), try call.scalar(1, "fill_value"), dtype: try call.dtype())
    }
    row("new_zeros") { Tensor.zeros(try $0.ints(1, "size"), dtype: try $0.ownDType()) }
    row("new_ones") { Tensor.ones(try $0.ints(1, "size"), dtype: try $0.ownDType()) }
    row("new_empty") { Tensor.empty(try $0.ints(1, "size"), dtype: try $0.ownDType()) }
    row("new_full") { call in
      Tensor.full(
        try call.ints(1, "size"), try call.scalar(2, "fill_value"), dtype: try call.ownDType())
    }
    row("scalar_tensor") { Tensor(try $0.scalar(0, "s"), dtype: try $0.dtype()) }
    row("eye") { call in
      Tensor.eye(
        try call.int(0, "n"), try call.optionalInt(1, "m"), dtype: try call.dtype() ?? .float32)
    }
  }

  private mutating func addSequences() {
    row("arange") { call in
      let dtype = try call.dtype()
      let step = try call.optionalScalar(2, "step") ?? .int(1)
      // One bound is the end: arange(end), arange(0, end).
      let single = call.value(1, "end") == nil
      if single {
        return Tensor.arange(Scalar.int(0), try call.scalar(0, "end"), step: step, dtype: dtype)
      }
      return Tensor.arange(
        try call.scalar(0, "start"), try call.scalar(1, "end"), step: step, dtype: dtype)
    }
    row("linspace") { call in
      Tensor.linspace(
        try call.number(0, "start"), try call.number(1, "end"), steps: try call.int(2, "steps"),
        dtype: try call.dtype() ?? .float32)
    }
    row("logspace") { call in
      Tensor.logspace(
        try call.number(0, "start"), try call.number(1, "end"), steps: try call.int(2, "steps"),
        base: try call.double(3, "base", default: 10), dtype: try call.dtype() ?? .float32)
    }
  }
}

extension Call {
  /// The dtype asked for, or the first tensor's.
  fileprivate func ownDType() throws -> DType {
    let own = try tensor().dtype
    return try dtype() ?? own
  }

  /// A real number, or the one in a scalar tensor.
  fileprivate func number(_ position: Int, _ keyword: String) throws -> Double {
    if let tensor = value(position, keyword).flatMap(Call.tensor) { return tensor.item() }
    return try double(position, keyword)
  }
}
