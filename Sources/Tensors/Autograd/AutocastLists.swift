/// Which operations compute in which precision in a region of mixed precision.
public enum AutocastLists: Sendable {
  /// PyTorch's lists for CPUs (`aten/src/ATen/autocast_mode.cpp`), by the operations' names.
  case cpu
  /// Those for GPUs, as each operation declares: exponentials, sums, norms and normalization compute
  /// in float32 too.
  case cuda

  /// What computes in the region's type on CPUs.
  public static let reduced: Set<String> = [
    "matmul", "linear", "addmm", "addbmm", "baddbmm", "linalg.vecdot",
    "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
    "prelu", "scaled_dot_product_attention", "lstm", "rnn_tanh", "rnn_relu",
  ]

  /// What computes in float32 on CPUs. Functions that are made of several operations cast what they
  /// are handed themselves.
  public static let full: Set<String> = [
    "avg_pool3d", "max_pool3d", "adaptive_avg_pool3d", "adaptive_max_pool3d",
    "fractional_max_pool2d", "fractional_max_pool3d", "max_unpool2d", "max_unpool3d",
    "reflection_pad", "replication_pad", "grid_sample", "prod", "quantile", "nanquantile", "trace",
    "cdist", "l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "kl_div",
    "cross_entropy", "nll_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits",
    "soft_margin_loss", "multilabel_soft_margin_loss", "margin_ranking_loss",
    "hinge_embedding_loss", "cosine_embedding_loss", "triplet_margin_loss", "multi_margin_loss",
    "multilabel_margin_loss", "ctc_loss", "linalg.inv", "linalg.solve", "linalg.cholesky",
    "linalg.qr", "linalg.svd", "linalg.svdvals", "linalg.eigh", "linalg.eigvalsh", "linalg.lstsq",
  ]

  /// What computes in the widest type of its operands on CPUs, besides what declares it.
  public static let widest: Set<String> = ["gru"]

  static func cpuPrecision(of name: String, _ declared: PrecisionClass) -> PrecisionClass {
    if reduced.contains(name) { return .reduced }
    if full.contains(name) { return .full }
    return widest.contains(name) || declared == .widest ? .widest : .any
  }
}
