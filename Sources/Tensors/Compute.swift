import CKernels

/// What the kernels run on.
public enum Compute {
  /// The number of threads that kernels use, the caller included (`torch.get_num_threads`).
  public static var threads: Int { Int(torus_threads()) }

  /// Sets the number of threads that kernels may use, the caller included
  /// (`torch.set_num_threads`). Call it while no kernel runs; results do not depend on it.
  public static func setThreads(_ count: Int) {
    require(count > 0, "setThreads", "at least one thread is needed, not \(count)")
    torus_set_threads(Int32(clamping: count))
  }

  /// The instruction set of the kernels: `default`, `x86-64-v3` (AVX2) or `x86-64-v4` (AVX-512).
  public static var level: String {
    switch torus_cpu_level() {
    case 2: "x86-64-v4"
    case 1: "x86-64-v3"
    default: "default"
    }
  }

  /// The name of the kernels that OpenBLAS runs.
  public static var blasCore: String {
    torus_blas_init()
    return torus_blas_core().map { String(cString: $0) } ?? "unknown"
  }
}
