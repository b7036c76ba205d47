/// A module that failures name by its place in the model that computes.
package protocol ComputingModule: AnyObject {
  /// Where a module is among this one's, and what it is; nil for this one itself.
  func place(of module: AnyObject) -> String?
}

/// Which module computes on this thread, for the failures in it.
package enum ModulePlace {
  /// What ``enter(_:)`` found, for ``leave(_:)``.
  package typealias Outer = (
    innermost: UnsafeMutableRawPointer?, outermost: UnsafeMutableRawPointer?
  )

  /// Notes that a module computes, until ``leave(_:)``.
  @inline(__always)
  package static func enter(_ module: AnyObject) -> Outer {
    let state = ThreadState.current
    let outer = state.modules
    let place = Unmanaged.passUnretained(module).toOpaque()
    state.modules = (place, outer.outermost ?? place)
    return outer
  }

  /// Notes that it has ended.
  @inline(__always)
  package static func leave(_ outer: Outer) { ThreadState.current.modules = outer }

  /// The place of the module that computes within the outermost one, in words; nil where that is it, or where
  /// none computes.
  static func take() -> String? {
    let state = ThreadState.current
    let (innermost, outermost) = state.modules
    // Looking for it may fail as well.
    state.modules = (nil, nil)
    guard let innermost, let outermost, innermost != outermost else { return nil }
    func object(_ place: UnsafeMutableRawPointer) -> AnyObject {
      Unmanaged<AnyObject>.fromOpaque(place).takeUnretainedValue()
    }
    return (object(outermost) as? any ComputingModule)?.place(of: object(innermost))
  }
}
