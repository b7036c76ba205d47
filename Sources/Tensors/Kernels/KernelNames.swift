internal import CKernels

// The enumerations of kernels, for the tables of operations. Their cases are the rows of
// Sources/CKernels/kernels: float_operations.h and what it names, and reductions.h.

/// The elementwise functions of one tensor that kernels compute.
typealias UnaryKernel = torus_unary_op

/// The elementwise functions of two tensors, gradients among them that kernels compute.
typealias BinaryKernel = torus_binary_op

/// The truth values of two tensors that kernels compute.
typealias CompareKernel = torus_compare_op

/// The truth values of one tensor that kernels compute.
typealias PredicateKernel = torus_predicate_op

/// The elementwise functions of three tensors that kernels compute.
typealias TernaryKernel = torus_ternary_op

/// The reductions that kernels compute.
typealias ReduceKernel = torus_reduce_op

/// The running reductions that kernels compute.
typealias ScanKernel = torus_scan_op

/// The ways in which elements are written to places.
typealias WriteKernel = torus_write_op
