/// Runs a body whose operations are not recorded (`torch.no_grad`).
public func noGrad<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
  try withGradient(enabled: false, body)
}

/// Runs a body whose operations are recorded, inside ``noGrad(_:)`` too (`torch.enable_grad`).
public func enableGrad<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
  try withGradient(enabled: true, body)
}

/// Whether operations on this thread are recorded at present (`torch.is_grad_enabled`).
public var isGradEnabled: Bool { ThreadState.current.isGradEnabled }

/// Runs a body with recording switched on or off (`torch.set_grad_enabled`).
public func withGradient<Result, E: Error>(
  enabled: Bool, _ body: () throws(E) -> Result
) throws(E) -> Result {
  let state = ThreadState.current
  let before = state.isGradEnabled
  state.isGradEnabled = enabled
  defer { state.isGradEnabled = before }
  return try body()
}

/// Runs a body in which the graph keeps every tensor that a gradient reads.
///
/// Elsewhere the results of norms and elementwise functions, which take little time beside what they are made
/// for, are computed once more by the backward pass where nobody holds them any longer: the same bits, and a third
/// less memory for the activations of a transformer.
public func keepingResults<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
  let state = ThreadState.current
  let before = state.keepsResults
  state.keepsResults = true
  defer { state.keepsResults = before }
  return try body()
}
