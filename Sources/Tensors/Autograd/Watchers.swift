/// Those who watch operations as they are computed on this thread: anomaly mode and tracers; and
/// the mark of a region of mixed precision, which changes what they are computed in.
///
/// Nobody watching costs one comparison an operation.
enum Watchers {
  /// What anomaly mode sets in the thread's `watchers`.
  static let anomaly: UInt32 = 1
  /// What a tracer sets in the thread's `watchers`.
  static let tracer: UInt32 = 2

  /// What a region of mixed precision sets in the thread's `watchers`.
  static let autocast: UInt32 = 4

  /// What the capture of a step sets in the thread's `watchers`, beside the tracer's mark.
  static let capture: UInt32 = 8

  /// Whether somebody keeps operations to run them again.
  static var keeps: Bool { ThreadState.current.watchers & tracer != 0 }

  /// Runs an operation's forward pass, whose own steps are nobody's business and whose operands have
  /// the types that they are to have; a tracer learns how long it took.
  static func unobserved<R>(_ body: () -> R) -> (result: R, duration: Duration) {
    let state = ThreadState.current
    let watchers = state.watchers
    state.watchers &= ~(tracer | autocast | capture)
    defer { state.watchers = watchers }
    guard watchers & tracer != 0 else { return (body(), .zero) }
    let start = ContinuousClock.now
    let result = body()
    return (result, ContinuousClock.now - start)
  }

  /// Called where values leave the tensors and may decide what is computed next.
  static func read(_ tensor: Tensor) {
    if ThreadState.current.watchers & tracer != 0 { Tracer.current?.noteRead(of: tensor) }
  }

  /// Called with every operation just computed.
  static func observe(_ computed: ComputedOperation) {
    if ThreadState.current.watchers & tracer != 0 { Tracer.current?.record(computed) }
  }

  /// Called with every node just made.
  static func recorded(_ node: Node) {
    if ThreadState.current.watchers & anomaly != 0 { Anomaly.mark(node) }
  }
}
