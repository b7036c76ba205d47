import Tensors

// Functions without settings.

/// max(x, 0) (`torch.nn.ReLU`).
public final class ReLU: FunctionLayer {
  /// The layer.
  public init() { super.init { $0.relu() } }
}

/// min(max(x, 0), 6) (`torch.nn.ReLU6`).
public final class ReLU6: FunctionLayer {
  /// The layer.
  public init() { super.init { F.relu6($0) } }
}

/// The hyperbolic tangent (`torch.nn.Tanh`).
public final class Tanh: FunctionLayer {
  /// The layer.
  public init() { super.init { $0.tanh() } }
}

/// 1 / (1 + e⁻ˣ) (`torch.nn.Sigmoid`).
public final class Sigmoid: FunctionLayer {
  /// The layer.
  public init() { super.init { $0.sigmoid() } }
}

/// log sigmoid(x) (`torch.nn.LogSigmoid`).
public final class LogSigmoid: FunctionLayer {
  /// The layer.
  public init() { super.init { F.logSigmoid($0) } }
}

/// x sigmoid(x) (`torch.nn.SiLU`).
public final class SiLU: FunctionLayer {
  /// The layer.
  public init() { super.init { F.silu($0) } }
}

/// x tanh(softplus(x)) (`torch.nn.Mish`).
public final class Mish: FunctionLayer {
  /// The layer.
  public init() { super.init { F.mish($0) } }
}

/// A scaled ELU that keeps mean 0 and variance 1 (`torch.nn.SELU`).
public final class SELU: FunctionLayer {
  /// The layer.
  public init() { super.init { F.selu($0) } }
}

/// relu6(x + 3) / 6 (`torch.nn.Hardsigmoid`).
public final class Hardsigmoid: FunctionLayer {
  /// The layer.
  public init() { super.init { F.hardsigmoid($0) } }
}

/// x relu6(x + 3) / 6 (`torch.nn.Hardswish`).
public final class Hardswish: FunctionLayer {
  /// The layer.
  public init() { super.init { F.hardswish($0) } }
}

/// x / (1 + |x|) (`torch.nn.Softsign`).
public final class Softsign: FunctionLayer {
  /// The layer.
  public init() { super.init { F.softsign($0) } }
}

/// x - tanh(x) (`torch.nn.Tanhshrink`).
public final class Tanhshrink: FunctionLayer {
  /// The layer.
  public init() { super.init { F.tanhshrink($0) } }
}

/// The softmax over channels of `[N, C, H, W]` or `[C, H, W]` (`torch.nn.Softmax2d`).
public final class Softmax2d: FunctionLayer {
  /// The layer.
  public init() {
    super.init { x in
      require(
        x.rank == 3 || x.rank == 4, "Softmax2d",
        "an input of [N, C, H, W] or [C, H, W] is expected, not \(x.shape)")
      return x.softmax(dim: -3)
    }
  }
}
