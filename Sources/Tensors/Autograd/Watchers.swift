import CKernels

/// Those who watch operations as they are computed on this thread: anomaly mode and tracers.
///
/// Nobody watching costs one comparison an operation.
enum Watchers {
  /// What anomaly mode sets in the thread's `watchers`.
  static let anomaly: UInt32 = 1
  /// What a tracer sets in the thread's `watchers`.
  static let tracer: UInt32 = 2

  /// Called with every operation just computed.
  static func observe(_ operation: Operation) {
    if torus_thread().pointee.watchers & tracer != 0 { Tracer.current?.record(operation) }
  }

  /// Called with every node just made.
  static func recorded(_ node: Node) {
    if torus_thread().pointee.watchers & anomaly != 0 { Anomaly.mark(node) }
  }
}
