/// What the capture of a step is told besides operations, by those who keep tensors and modes.
///
/// Where nothing is captured each of these costs the look at ``isOn``.
package enum Capture {
  /// Whether this thread's operations are captured as a step. A backward pass is captured as one thing,
  /// whatever happens inside.
  package static var isOn: Bool {
    let state = ThreadState.current
    return state.watchers & Watchers.capture != 0 && state.walkDepth == 0
  }

  /// Tells that a tensor was read from a place that may hold another one next time.
  package static func read(_ place: any TensorPlace, _ tensor: Tensor) {
    StepCapture.current?.noteRead(of: tensor, from: place)
  }

  /// Tells that a place was given a tensor.
  package static func wrote(_ place: any TensorPlace, _ tensor: Tensor) {
    StepCapture.current?.noteWrite(of: tensor, to: place)
  }

  /// Tells that the function is as it is only as long as a condition holds.
  /// - Parameters:
  ///   - object: What the condition is about; one kind of it is kept once an object.
  ///   - kind: What may change, in words for messages.
  ///   - holds: Whether it is as it was.
  package static func depends(
    on object: AnyObject, _ kind: StaticString, holds: @escaping () -> Bool
  ) {
    StepCapture.current?.noteCondition(object, "\(kind)", holds)
  }

  /// Tells that a tensor was read from something that keeps it until a condition fails.
  package static func depends(
    on object: AnyObject, _ kind: StaticString, holding tensor: Tensor,
    holds: @escaping () -> Bool
  ) {
    StepCapture.current?.noteLeaf(tensor)
    StepCapture.current?.noteCondition(object, "\(kind)", holds)
  }

  /// Tells that something happens which cannot be replayed.
  /// - Parameters:
  ///   - reason: What, as a sentence without its full stop.
  ///   - isLasting: Whether it will happen again whatever changes.
  package static func refuse(_ reason: String, isLasting: Bool = true) {
    StepCapture.current?.refuse(reason, isLasting: isLasting)
  }

  /// Runs something that is done again by each replay as it is, its operations unseen.
  package static func effect(_ body: @escaping () -> Void) {
    guard let capture = StepCapture.current else { return body() }
    let state = ThreadState.current
    let watchers = state.watchers
    state.watchers &= ~(Watchers.capture | Watchers.tracer)
    defer { state.watchers = watchers }
    body()
    capture.noteEffect(body)
  }

  static func walk(
    _ root: Tensor, _ gradient: Tensor?, _ retainGraph: Bool, _ createGraph: Bool
  ) {
    StepCapture.current?.noteWalk(root, gradient, retainGraph, createGraph)
  }
}

/// Something that holds a tensor and may hold another one later: a module's buffer.
package protocol TensorPlace: AnyObject {
  /// The tensor that it holds.
  var held: Tensor { get set }
}
