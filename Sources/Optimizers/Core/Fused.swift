import CKernels
import NN
import Tensors

/// Runs a kernel that writes a parameter's memory in place, and says so to the graph.
func fused(
  _ optimizer: String, _ parameter: Parameter,
  _ kernel: (torus_dtype, UnsafeMutableRawPointer, Int64) -> torus_status
) {
  let value = parameter.value
  value.storage.version &+= 1
  let status = kernel(
    torus_dtype(rawValue: value.dtype.rawValue), value.pointer, Int64(value.count))
  require(status == TORUS_OK, optimizer, "not defined for parameters of \(value.dtype)")
}
