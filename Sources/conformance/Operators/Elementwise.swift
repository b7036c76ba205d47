import Tensors

/// Functions of single elements.
extension Registry {
  mutating func addElementwise() {
    addUnary()
    addBinary()
    addScaled()
    addComparisons()
    addTernary()
    addConversions()
  }

  private mutating func addUnary() {
    unary("abs") { $0.abs() }
    unary("acos") { $0.acos() }
    unary("acosh") { $0.acosh() }
    unary("asin") { $0.asin() }
    unary("asinh") { $0.asinh() }
    unary("atan") { $0.atan() }
    unary("atanh") { $0.atanh() }
    unary("bitwise_not") { $0.bitwiseNot() }
    unary("ceil") { $0.ceil() }
    unary("cos") { $0.cos() }
    unary("cosh") { $0.cosh() }
    unary("deg2rad") { $0.deg2rad() }
    unary("digamma") { $0.digamma() }
    unary("erf") { $0.erf() }
    unary("erfc") { $0.erfc() }
    unary("erfinv") { $0.erfinv() }
    unary("exp") { $0.exp() }
    unary("exp2") { $0.exp2() }
    unary("expm1") { $0.expm1() }
    unary("floor") { $0.floor() }
    unary("frac") { $0.frac() }
    unary("isfinite") { $0.isFinite() }
    unary("isinf") { $0.isInf() }
    unary("isnan") { $0.isNaN() }
    unary("isneginf") { $0.isNegInf() }
    unary("isposinf") { $0.isPosInf() }
    unary("lgamma") { $0.lgamma() }
    unary("log") { $0.log() }
    unary("log10") { $0.log10() }
    unary("log1p") { $0.log1p() }
    unary("log2") { $0.log2() }
    unary("logical_not") { $0.logicalNot() }
    unary("neg") { -$0 }
    unary("positive") { +$0 }
    unary("rad2deg") { $0.rad2deg() }
    unary("reciprocal") { $0.reciprocal() }
    unary("rsqrt") { $0.rsqrt() }
    unary("sgn", "sign") { $0.sign() }
    unary("sigmoid") { $0.sigmoid() }
    unary("signbit") { $0.signbit() }
    unary("sin") { $0.sin() }
    unary("sinc") { $0.sinc() }
    unary("sinh") { $0.sinh() }
    unary("sqrt") { $0.sqrt() }
    unary("square") { $0.square() }
    unary("tan") { $0.tan() }
    unary("tanh") { $0.tanh() }
    unary("trunc") { $0.trunc() }
    unary("i0") { $0.i0() }
    unary("special.entr") { $0.entr() }
    unary("special.erfcx") { $0.erfcx() }
    unary("special.i0e") { $0.i0e() }
    unary("special.i1") { $0.i1() }
    unary("special.i1e") { $0.i1e() }
    unary("special.log_ndtr") { $0.logNdtr() }
    unary("special.ndtr") { $0.ndtr() }
    unary("special.ndtri") { $0.ndtri() }
    row("polygamma") { try $0.tensor().polygamma(try $0.int(1, "n")) }
    row("mvlgamma") { try $0.tensor().mvlgamma(try $0.int(1, "p")) }
    row("logit") { try $0.tensor().logit(eps: try $0.optionalDouble(1, "eps")) }
    row("round") { call in
      try call.tensor().round(decimals: try call.int(nil, "decimals", default: 0))
    }
    row("nan_to_num") { call in
      try call.tensor().nanToNum(
        nan: try call.double(1, "nan", default: 0), posinf: try call.optionalDouble(2, "posinf"),
        neginf: try call.optionalDouble(3, "neginf"))
    }
  }

  private mutating func addBinary() {
    binary("mul", tensors: { $0 * $1 }, scalar: { $0 * $1 })
    binary("__radd__", tensors: { $1 + $0 }, scalar: { $1 + $0 })
    binary("__rdiv__", tensors: { $1 / $0 }, scalar: { $1 / $0 })
    binary(
      "__rmod__", tensors: { $1.remainder($0) }, scalar: { $1.operand(beside: $0).remainder($0) })
    binary("__rmul__", tensors: { $1 * $0 }, scalar: { $1 * $0 })
    binary("__rpow__", tensors: { $1.pow($0) }, scalar: { .pow($1, $0) })
    binary("__rsub__", tensors: { $1 - $0 }, scalar: { $1 - $0 })
    binary("atan2", tensors: { $0.atan2($1) })
    binary("bitwise_and", tensors: { $0.bitwiseAnd($1) }, scalar: { $0.bitwiseAnd($1) })
    binary("bitwise_or", tensors: { $0.bitwiseOr($1) }, scalar: { $0.bitwiseOr($1) })
    binary("bitwise_xor", tensors: { $0.bitwiseXor($1) }, scalar: { $0.bitwiseXor($1) })
    binary(
      "bitwise_left_shift", tensors: { $0.bitwiseLeftShift($1) },
      scalar: { $0.bitwiseLeftShift($1) })
    binary(
      "bitwise_right_shift", tensors: { $0.bitwiseRightShift($1) },
      scalar: { $0.bitwiseRightShift($1) })
    binary("copysign", tensors: { $0.copysign($1) }, scalar: { $0.copysign($1) })
    binary("true_divide", tensors: { $0 / $1 }, scalar: { $0 / $1 })
    binary("float_power", tensors: { $0.floatPower($1) }, scalar: { $0.floatPower($1) })
    binary("floor_divide", tensors: { $0.floorDivide($1) }, scalar: { $0.floorDivide($1) })
    binary("fmax", tensors: { $0.fmax($1) })
    binary("fmin", tensors: { $0.fmin($1) })
    binary("fmod", tensors: { $0.fmod($1) }, scalar: { $0.fmod($1) })
    binary("gcd", tensors: { $0.gcd($1) })
    binary("heaviside", tensors: { $0.heaviside($1) })
    binary("hypot", tensors: { $0.hypot($1) })
    binary("lcm", tensors: { $0.lcm($1) })
    binary("ldexp", tensors: { $0.ldexp($1) })
    binary("logaddexp", tensors: { $0.logAddExp($1) })
    binary("logaddexp2", tensors: { $0.logAddExp2($1) })
    binary("max.binary", "maximum", tensors: { $0.maximum($1) })
    binary("min.binary", "minimum", tensors: { $0.minimum($1) })
    binary("nextafter", tensors: { $0.nextafter($1) })
    binary("pow", tensors: { $0.pow($1) }, scalar: { $0.pow($1) })
    binary("remainder", tensors: { $0.remainder($1) }, scalar: { $0.remainder($1) })
    binary("special.xlog1py", tensors: { $0.xlog1py($1) }, scalar: { $0.xlog1py($1) })
    binary("special.zeta", tensors: { $0.zeta($1) }, scalar: { $0.zeta($1) })
    binary("xlogy", tensors: { $0.xlogy($1) }, scalar: { $0.xlogy($1) })
    row("div") { call in
      let mode = try call.optionalString(nil, "rounding_mode")
      let rounding = mode.flatMap(DivisionRounding.init)
      if mode != nil && rounding == nil { throw Unsupported("rounding_mode \(mode ?? "")") }
      let x = try call.left()
      let other = try call.operand(1, "other")
      guard let rounding else { return x / other.operand(beside: x) }
      return x.divided(by: other.operand(beside: x), rounding: rounding)
    }
  }

  private mutating func addScaled() {
    row("add") { call in
      let (x, other) = (try call.left(), try call.operand(1, "other"))
      guard let alpha = try call.optionalScalar(2, "alpha") else {
        if let number = other as? Scalar { return x + number }
        return x + other.operand(beside: x)
      }
      return x.add(other.operand(beside: x), alpha: alpha)
    }
    row("sub") { call in
      let (x, other) = (try call.left(), try call.operand(1, "other"))
      guard let alpha = try call.optionalScalar(2, "alpha") else {
        if let number = other as? Scalar { return x - number }
        return x - other.operand(beside: x)
      }
      return x.sub(other.operand(beside: x), alpha: alpha)
    }
    row("rsub") { call in
      let (x, other) = (try call.left(), try call.operand(1, "other"))
      guard let alpha = try call.optionalScalar(2, "alpha") else {
        if let number = other as? Scalar { return number - x }
        return other.operand(beside: x) - x
      }
      return other.operand(beside: x).sub(x, alpha: alpha)
    }
  }

  private mutating func addComparisons() {
    binary("eq", tensors: { $0.eq($1) }, scalar: { $0.eq($1) })
    binary("ge", tensors: { $0.ge($1) }, scalar: { $0.ge($1) })
    binary("gt", tensors: { $0.gt($1) }, scalar: { $0.gt($1) })
    binary("le", tensors: { $0.le($1) }, scalar: { $0.le($1) })
    binary("lt", tensors: { $0.lt($1) }, scalar: { $0.lt($1) })
    binary("ne", tensors: { $0.ne($1) }, scalar: { $0.ne($1) })
    binary("logical_and", tensors: { $0.logicalAnd($1) })
    binary("logical_or", tensors: { $0.logicalOr($1) })
    binary("logical_xor", tensors: { $0.logicalXor($1) })
    row("equal") { try $0.tensor().equal(try $0.tensor(1, "other")) }
    row("isclose") { call in
      try call.tensor().isClose(
        try call.tensor(1, "other"), rtol: try call.double(2, "rtol", default: 1e-5),
        atol: try call.double(3, "atol", default: 1e-8),
        equalNaN: try call.bool(4, "equal_nan", default: false))
    }
    row("allclose") { call in
      try call.tensor().allClose(
        try call.tensor(1, "other"), rtol: try call.double(2, "rtol", default: 1e-5),
        atol: try call.double(3, "atol", default: 1e-8),
        equalNaN: try call.bool(4, "equal_nan", default: false))
    }
  }

  private mutating func addTernary() {
    row("addcmul") { call in
      try call.tensor().addcmul(
        try call.tensor(1), try call.tensor(2),
        value: try call.optionalScalar(nil, "value") ?? .int(1))
    }
    row("addcdiv") { call in
      try call.tensor().addcdiv(
        try call.tensor(1), try call.tensor(2),
        value: try call.optionalScalar(nil, "value") ?? .int(1))
    }
    row("lerp") { call in
      let (x, end) = (try call.tensor(), try call.tensor(1, "end"))
      if let weight = call.value(2, "weight").flatMap(Call.double) {
        return x.lerp(end, weight: weight)
      }
      return x.lerp(end, weight: try call.tensor(2, "weight"))
    }
    row("clamp") { call in
      try call.tensor().clamp(
        min: try call.optionalOperand(1, "min"), max: try call.optionalOperand(2, "max"))
    }
    row("clamp_min") { try $0.tensor().clamp(min: try $0.operand(1, "min")) }
    row("clamp_max") { try $0.tensor().clamp(max: try $0.operand(1, "max")) }
    row("where") { call in
      let (condition, other) = (try call.tensor(1), try call.operand(2))
      if let number = call.value(0).flatMap(Call.scalar) {
        guard let tensor = other as? Tensor else { throw Unsupported("two numbers") }
        return Tensor.where(condition, number.operand(beside: tensor), tensor)
      }
      let x = try call.tensor()
      return Tensor.where(condition, x, other.operand(beside: x))
    }
    row("masked_fill") { call in
      let x = try call.tensor()
      return x.maskedFill(try call.tensor(1), try call.operand(2).operand(beside: x))
    }
  }

  private mutating func addConversions() {
    for (name, dtype) in [
      ("bfloat16", DType.bfloat16), ("bool", .bool), ("byte", .uint8), ("char", .int8),
      ("double", .float64), ("float", .float32), ("half", .float16), ("int", .int32),
      ("long", .int64), ("short", .int16),
    ] {
      unary(name) { $0.to(dtype) }
    }
  }
}
