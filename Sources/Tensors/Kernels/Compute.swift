internal import CKernels

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

  /// The instruction sets that kernels are compiled for.
  package enum Level: Int32, CaseIterable {
    case base, v3, v4
  }

  /// Takes the kernels of another instruction set for the rest of the process, and says whether this
  /// machine has it. Call it while no kernel runs.
  package static func use(_ level: Level) -> Bool {
    torus_set_cpu_level(level.rawValue)
    return torus_cpu_level() == level.rawValue
  }

  /// How products of bfloat16 are computed. All of them sum in float32 and round once.
  public enum BFloat16Products: UInt32, Sendable, CaseIterable {
    /// Operands are widened to float32 first.
    case widened
    /// In blocks, in plain C: what tests compare the next two with, on any processor.
    case plain
    /// By the dot products of AVX512-BF16.
    case vectors
    /// By the tiles of AMX.
    case tiles
  }

  /// How this process multiplies bfloat16: by tiles where the processor and the system grant them, by
  /// vectors where they are measured faster than float32, else widened.
  public static var bfloat16Products: BFloat16Products {
    BFloat16Products(rawValue: UInt32(torus_bf16_path_used().rawValue)) ?? .widened
  }

  /// Takes another way for the rest of the process, and says whether this machine has it.
  package static func use(_ products: BFloat16Products) -> Bool {
    torus_bf16_use(torus_bf16_path(rawValue: Int32(products.rawValue)))
  }

  /// How large products, convolutions and attention of float32 are computed, all with float32's accuracy.
  public enum Float32Products: UInt32, Sendable, CaseIterable {
    /// In float32 itself.
    case float32
    /// In three parts of bfloat16, in plain C: what tests compare `tiles` with, on any processor.
    case plain
    /// In three parts of bfloat16, by the tiles of AMX.
    case tiles = 3
  }

  /// How this process multiplies large matrices of float32: by tiles where the processor and the system grant
  /// them and `TORUS_FLOAT32_TILES=0` does not forbid it, else in float32 itself.
  public static var float32Products: Float32Products {
    Float32Products(rawValue: UInt32(torus_split_path_used().rawValue)) ?? .float32
  }

  /// Takes another way for the rest of the process, and says whether this machine has it.
  package static func use(_ products: Float32Products) -> Bool {
    torus_split_use(torus_bf16_path(rawValue: Int32(products.rawValue)))
  }

  /// The name of the kernels that OpenBLAS runs.
  public static var blasCore: String {
    torus_blas_init()
    return torus_blas_core().map { String(cString: $0) } ?? "unknown"
  }
}
