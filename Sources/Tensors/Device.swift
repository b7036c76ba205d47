/// Where a storage's bytes lie, and whose kernels compute on them (`torch.device`).
public enum Device: String, Sendable, Hashable, CaseIterable, Codable {
  /// The host's memory and its cores.
  case cpu
}

extension Device: CustomStringConvertible {
  /// PyTorch's name: `cpu`.
  public var description: String { rawValue }
}

extension Tensor {
  /// Where the elements lie (`Tensor.device`). Printing does not show the CPU, as in PyTorch.
  public var device: Device { storage.device }

  /// The same values on a device (`Tensor.to`); itself where they are there already.
  public func to(_ device: Device) -> Tensor {
    switch device {
    case .cpu: self
    }
  }
}
