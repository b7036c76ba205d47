internal import CKernels

// The kernels by name, for the tables of operations.

/// The elementwise functions of one tensor that kernels compute.
typealias UnaryKernel = torus_unary_op

extension UnaryKernel {
  static var neg: Self { TORUS_NEG }
  static var abs: Self { TORUS_ABS }
  static var sign: Self { TORUS_SIGN }
  static var square: Self { TORUS_SQUARE }
  static var bitwiseNot: Self { TORUS_BITWISE_NOT }
  static var sqrt: Self { TORUS_SQRT }
  static var rsqrt: Self { TORUS_RSQRT }
  static var reciprocal: Self { TORUS_RECIPROCAL }
  static var exp: Self { TORUS_EXP }
  static var exp2: Self { TORUS_EXP2 }
  static var expm1: Self { TORUS_EXPM1 }
  static var log: Self { TORUS_LOG }
  static var log2: Self { TORUS_LOG2 }
  static var log10: Self { TORUS_LOG10 }
  static var log1p: Self { TORUS_LOG1P }
  static var sin: Self { TORUS_SIN }
  static var cos: Self { TORUS_COS }
  static var tan: Self { TORUS_TAN }
  static var asin: Self { TORUS_ASIN }
  static var acos: Self { TORUS_ACOS }
  static var atan: Self { TORUS_ATAN }
  static var sinh: Self { TORUS_SINH }
  static var cosh: Self { TORUS_COSH }
  static var tanh: Self { TORUS_TANH }
  static var asinh: Self { TORUS_ASINH }
  static var acosh: Self { TORUS_ACOSH }
  static var atanh: Self { TORUS_ATANH }
  static var erf: Self { TORUS_ERF }
  static var erfc: Self { TORUS_ERFC }
  static var erfinv: Self { TORUS_ERFINV }
  static var lgamma: Self { TORUS_LGAMMA }
  static var digamma: Self { TORUS_DIGAMMA }
  static var polygamma: Self { TORUS_POLYGAMMA }
  static var i0: Self { TORUS_I0 }
  static var i1: Self { TORUS_I1 }
  static var sinc: Self { TORUS_SINC }
  static var floor: Self { TORUS_FLOOR }
  static var ceil: Self { TORUS_CEIL }
  static var round: Self { TORUS_ROUND }
  static var trunc: Self { TORUS_TRUNC }
  static var frac: Self { TORUS_FRAC }
  static var deg2rad: Self { TORUS_DEG2RAD }
  static var rad2deg: Self { TORUS_RAD2DEG }
  static var logit: Self { TORUS_LOGIT }
  static var sigmoid: Self { TORUS_SIGMOID }
  static var logSigmoid: Self { TORUS_LOG_SIGMOID }
  static var relu: Self { TORUS_RELU }
  static var relu6: Self { TORUS_RELU6 }
  static var gelu: Self { TORUS_GELU }
  static var geluTanh: Self { TORUS_GELU_TANH }
  static var silu: Self { TORUS_SILU }
  static var mish: Self { TORUS_MISH }
  static var softplus: Self { TORUS_SOFTPLUS }
  static var elu: Self { TORUS_ELU }
  static var celu: Self { TORUS_CELU }
  static var selu: Self { TORUS_SELU }
  static var leakyRelu: Self { TORUS_LEAKY_RELU }
  static var clamp: Self { TORUS_CLAMP }
  static var hardsigmoid: Self { TORUS_HARDSIGMOID }
  static var hardswish: Self { TORUS_HARDSWISH }
  static var hardshrink: Self { TORUS_HARDSHRINK }
  static var softshrink: Self { TORUS_SOFTSHRINK }
  static var softsign: Self { TORUS_SOFTSIGN }
  static var tanhshrink: Self { TORUS_TANHSHRINK }
  static var threshold: Self { TORUS_THRESHOLD }
  static var powScalar: Self { TORUS_POW_SCALAR }
  static var addScalar: Self { TORUS_ADD_SCALAR }
  static var mulScalar: Self { TORUS_MUL_SCALAR }
  static var divScalar: Self { TORUS_DIV_SCALAR }
  static var rsubScalar: Self { TORUS_RSUB_SCALAR }
  static var rdivScalar: Self { TORUS_RDIV_SCALAR }
  static var rpowScalar: Self { TORUS_RPOW_SCALAR }
  static var affine: Self { TORUS_AFFINE }
  static var unaryCount: Self { TORUS_UNARY_COUNT }
}

/// The elementwise functions of two tensors, gradients among them that kernels compute.
typealias BinaryKernel = torus_binary_op

extension BinaryKernel {
  static var add: Self { TORUS_ADD }
  static var sub: Self { TORUS_SUB }
  static var mul: Self { TORUS_MUL }
  static var div: Self { TORUS_DIV }
  static var floorDiv: Self { TORUS_FLOOR_DIV }
  static var truncDiv: Self { TORUS_TRUNC_DIV }
  static var remainder: Self { TORUS_REMAINDER }
  static var fmod: Self { TORUS_FMOD }
  static var pow: Self { TORUS_POW }
  static var maximum: Self { TORUS_MAXIMUM }
  static var minimum: Self { TORUS_MINIMUM }
  static var fmax: Self { TORUS_FMAX }
  static var fmin: Self { TORUS_FMIN }
  static var atan2: Self { TORUS_ATAN2 }
  static var hypot: Self { TORUS_HYPOT }
  static var copysign: Self { TORUS_COPYSIGN }
  static var nextafter: Self { TORUS_NEXTAFTER }
  static var logaddexp: Self { TORUS_LOGADDEXP }
  static var logaddexp2: Self { TORUS_LOGADDEXP2 }
  static var xlogy: Self { TORUS_XLOGY }
  static var xlog1py: Self { TORUS_XLOG1PY }
  static var zeta: Self { TORUS_ZETA }
  static var heaviside: Self { TORUS_HEAVISIDE }
  static var ldexp: Self { TORUS_LDEXP }
  static var bitwiseAnd: Self { TORUS_BITWISE_AND }
  static var bitwiseOr: Self { TORUS_BITWISE_OR }
  static var bitwiseXor: Self { TORUS_BITWISE_XOR }
  static var shiftLeft: Self { TORUS_SHIFT_LEFT }
  static var shiftRight: Self { TORUS_SHIFT_RIGHT }
  static var gcd: Self { TORUS_GCD }
  static var lcm: Self { TORUS_LCM }
  static var lerpScalar: Self { TORUS_LERP_SCALAR }
  static var squaredDifference: Self { TORUS_SQUARED_DIFFERENCE }
  static var absBackward: Self { TORUS_ABS_BACKWARD }
  static var sqrtBackward: Self { TORUS_SQRT_BACKWARD }
  static var rsqrtBackward: Self { TORUS_RSQRT_BACKWARD }
  static var reciprocalBackward: Self { TORUS_RECIPROCAL_BACKWARD }
  static var sinBackward: Self { TORUS_SIN_BACKWARD }
  static var cosBackward: Self { TORUS_COS_BACKWARD }
  static var erfBackward: Self { TORUS_ERF_BACKWARD }
  static var powScalarBackward: Self { TORUS_POW_SCALAR_BACKWARD }
  static var reluBackward: Self { TORUS_RELU_BACKWARD }
  static var thresholdBackward: Self { TORUS_THRESHOLD_BACKWARD }
  static var sigmoidBackward: Self { TORUS_SIGMOID_BACKWARD }
  static var tanhBackward: Self { TORUS_TANH_BACKWARD }
  static var logSigmoidBackward: Self { TORUS_LOG_SIGMOID_BACKWARD }
  static var logitBackward: Self { TORUS_LOGIT_BACKWARD }
  static var geluBackward: Self { TORUS_GELU_BACKWARD }
  static var geluTanhBackward: Self { TORUS_GELU_TANH_BACKWARD }
  static var siluBackward: Self { TORUS_SILU_BACKWARD }
  static var mishBackward: Self { TORUS_MISH_BACKWARD }
  static var softplusBackward: Self { TORUS_SOFTPLUS_BACKWARD }
  static var eluBackward: Self { TORUS_ELU_BACKWARD }
  static var celuBackward: Self { TORUS_CELU_BACKWARD }
  static var seluBackward: Self { TORUS_SELU_BACKWARD }
  static var leakyReluBackward: Self { TORUS_LEAKY_RELU_BACKWARD }
  static var clampBackward: Self { TORUS_CLAMP_BACKWARD }
  static var hardtanhBackward: Self { TORUS_HARDTANH_BACKWARD }
  static var hardsigmoidBackward: Self { TORUS_HARDSIGMOID_BACKWARD }
  static var hardswishBackward: Self { TORUS_HARDSWISH_BACKWARD }
  static var shrinkBackward: Self { TORUS_SHRINK_BACKWARD }
  static var softsignBackward: Self { TORUS_SOFTSIGN_BACKWARD }
  static var tanhshrinkBackward: Self { TORUS_TANHSHRINK_BACKWARD }
  static var binaryCount: Self { TORUS_BINARY_COUNT }
}

/// The truth values of two tensors that kernels compute.
typealias CompareKernel = torus_compare_op

extension CompareKernel {
  static var eq: Self { TORUS_EQ }
  static var ne: Self { TORUS_NE }
  static var lt: Self { TORUS_LT }
  static var le: Self { TORUS_LE }
  static var gt: Self { TORUS_GT }
  static var ge: Self { TORUS_GE }
  static var logicalAnd: Self { TORUS_LOGICAL_AND }
  static var logicalOr: Self { TORUS_LOGICAL_OR }
  static var logicalXor: Self { TORUS_LOGICAL_XOR }
  static var compareCount: Self { TORUS_COMPARE_COUNT }
}

/// The truth values of one tensor that kernels compute.
typealias PredicateKernel = torus_predicate_op

extension PredicateKernel {
  static var logicalNot: Self { TORUS_LOGICAL_NOT }
  static var isNonzero: Self { TORUS_IS_NONZERO }
  static var isNan: Self { TORUS_IS_NAN }
  static var isInf: Self { TORUS_IS_INF }
  static var isFinite: Self { TORUS_IS_FINITE }
  static var isPosInf: Self { TORUS_IS_POS_INF }
  static var isNegInf: Self { TORUS_IS_NEG_INF }
  static var signbit: Self { TORUS_SIGNBIT }
  static var predicateCount: Self { TORUS_PREDICATE_COUNT }
}

/// The elementwise functions of three tensors that kernels compute.
typealias TernaryKernel = torus_ternary_op

extension TernaryKernel {
  static var addcmul: Self { TORUS_ADDCMUL }
  static var addcdiv: Self { TORUS_ADDCDIV }
  static var lerp: Self { TORUS_LERP }
  static var clampTensor: Self { TORUS_CLAMP_TENSOR }
  static var mulAdd: Self { TORUS_MUL_ADD }
  static var ternaryCount: Self { TORUS_TERNARY_COUNT }
}

/// The reductions that kernels compute.
typealias ReduceKernel = torus_reduce_op

extension ReduceKernel {
  static var sum: Self { TORUS_REDUCE_SUM }
  static var mean: Self { TORUS_REDUCE_MEAN }
  static var prod: Self { TORUS_REDUCE_PROD }
  static var max: Self { TORUS_REDUCE_MAX }
  static var min: Self { TORUS_REDUCE_MIN }
  static var any: Self { TORUS_REDUCE_ANY }
  static var all: Self { TORUS_REDUCE_ALL }
  static var countNonzero: Self { TORUS_REDUCE_COUNT_NONZERO }
  static var nanSum: Self { TORUS_REDUCE_NAN_SUM }
  static var sumAbs: Self { TORUS_REDUCE_SUM_ABS }
  static var sumSquares: Self { TORUS_REDUCE_SUM_SQUARES }
  static var sumAbsPow: Self { TORUS_REDUCE_SUM_ABS_POW }
  static var maxAbs: Self { TORUS_REDUCE_MAX_ABS }
  static var minAbs: Self { TORUS_REDUCE_MIN_ABS }
  static var norm2: Self { TORUS_REDUCE_NORM2 }
  static var logSumExp: Self { TORUS_REDUCE_LOG_SUM_EXP }
  static var opCount: Self { TORUS_REDUCE_OP_COUNT }
}

/// The running reductions that kernels compute.
typealias ScanKernel = torus_scan_op

extension ScanKernel {
  static var cumsum: Self { TORUS_CUMSUM }
  static var cumprod: Self { TORUS_CUMPROD }
  static var cummax: Self { TORUS_CUMMAX }
  static var cummin: Self { TORUS_CUMMIN }
  static var logcumsumexp: Self { TORUS_LOGCUMSUMEXP }
}

/// The ways in which elements are written to places.
typealias WriteKernel = torus_write_op

extension WriteKernel {
  static var set: Self { TORUS_WRITE_SET }
  static var add: Self { TORUS_WRITE_ADD }
  static var mul: Self { TORUS_WRITE_MUL }
  static var max: Self { TORUS_WRITE_MAX }
  static var min: Self { TORUS_WRITE_MIN }
}
