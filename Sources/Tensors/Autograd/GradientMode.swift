import CKernels

/// Runs a body whose operations are not recorded (`torch.no_grad`).
public func noGrad<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
  try withGradient(enabled: false, body)
}

/// Runs a body whose operations are recorded, inside ``noGrad(_:)`` too (`torch.enable_grad`).
public func enableGrad<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
  try withGradient(enabled: true, body)
}

/// Whether operations on this thread are recorded at present (`torch.is_grad_enabled`).
public var isGradEnabled: Bool { torus_thread().pointee.grad_enabled }

/// Runs a body with recording switched on or off (`torch.set_grad_enabled`).
public func withGradient<Result, E: Error>(
  enabled: Bool, _ body: () throws(E) -> Result
) throws(E) -> Result {
  let state = torus_thread()
  let before = state.pointee.grad_enabled
  state.pointee.grad_enabled = enabled
  defer { state.pointee.grad_enabled = before }
  return try body()
}
