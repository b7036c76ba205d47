internal import CKernels

/// What belongs to a thread rather than to the process, since ranks may be threads of one process.
struct ThreadState {
  private let state: UnsafeMutablePointer<torus_thread_state>

  /// This thread's; made on first use, with gradients enabled.
  @inline(__always)
  static var current: ThreadState { ThreadState(state: torus_thread()) }

  /// Whether operations record themselves for the backward pass.
  var isGradEnabled: Bool {
    get { state.pointee.grad_enabled }
    nonmutating set { state.pointee.grad_enabled = newValue }
  }

  /// Whether results that gradients read are kept although they are cheaply computed again.
  var keepsResults: Bool {
    get { state.pointee.keeps_results }
    nonmutating set { state.pointee.keeps_results = newValue }
  }

  /// Who watches operations: bits of ``Watchers``.
  var watchers: UInt32 {
    get { state.pointee.watchers }
    nonmutating set { state.pointee.watchers = newValue }
  }

  /// The number of backward walks so far, which the present one has.
  var walk: UInt64 {
    get { state.pointee.walk }
    nonmutating set { state.pointee.walk = newValue }
  }

  /// How many walks are under way: a gradient may walk a graph itself.
  var walkDepth: UInt32 {
    get { state.pointee.walk_depth }
    nonmutating set { state.pointee.walk_depth = newValue }
  }

  /// Whether the walk under way hands gradients to leaves, rather than to whoever asked for some.
  var walkAccumulates: Bool {
    get { state.pointee.walk_accumulates }
    nonmutating set { state.pointee.walk_accumulates = newValue }
  }

  /// The thread's own random generator; nil for the process's. Whoever sets it keeps it alive.
  var generator: Generator? {
    get {
      state.pointee.generator.map { Unmanaged<Generator>.fromOpaque($0).takeUnretainedValue() }
    }
    nonmutating set {
      state.pointee.generator = newValue.map { Unmanaged.passUnretained($0).toOpaque() }
    }
  }

  /// The innermost region of mixed precision, which keeps itself alive.
  var autocast: Autocast? {
    get {
      state.pointee.autocast.map { Unmanaged<Autocast>.fromOpaque($0).takeUnretainedValue() }
    }
    nonmutating set {
      state.pointee.autocast = newValue.map { Unmanaged.passUnretained($0).toOpaque() }
    }
  }

  /// The module that computes, and the outermost one around it, which their calls keep alive.
  var modules: (innermost: UnsafeMutableRawPointer?, outermost: UnsafeMutableRawPointer?) {
    get { (state.pointee.module, state.pointee.outermost_module) }
    nonmutating set {
      (state.pointee.module, state.pointee.outermost_module) = (
        newValue.innermost, newValue.outermost
      )
    }
  }

  /// An object for as long as the thread lives, of which there are as many as ranks in this process.
  var observers: AnyObject? {
    get {
      state.pointee.observers.map { Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() }
    }
    nonmutating set {
      state.pointee.observers.map { Unmanaged<AnyObject>.fromOpaque($0).release() }
      state.pointee.observers = newValue.map { Unmanaged.passRetained($0).toOpaque() }
    }
  }

  /// The place of an operation in the order in which this thread records them.
  func nextSequence() -> UInt64 { sequences(1) }

  /// The first of several numbers in a row.
  func sequences(_ count: Int) -> UInt64 {
    defer { state.pointee.sequence += UInt64(count) }
    return state.pointee.sequence
  }
}
