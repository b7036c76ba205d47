import Tensors

/// Where a reader of a ``Pipeline`` is: what each of its steps has counted, and which elements wait in it.
///
/// Elements are not stored but named by where they come from, so that a state is small and elements may be
/// anything; going on makes them again. It is written as JSON by any encoder.
public struct PipelineState: Codable, Hashable, Sendable {
  /// What kind of step this is, so that another pipeline's state is refused.
  var stage: String
  var numbers: [Int] = []
  var places: [ElementPlace] = []
  /// The states of the steps that it reads from.
  var parts: [PipelineState] = []
  /// The pass that is read, in the outermost state.
  var epoch: Int?

  init(
    _ stage: String, numbers: [Int] = [], places: [ElementPlace] = [], parts: [PipelineState] = []
  ) {
    (self.stage, self.numbers, self.places, self.parts) = (stage, numbers, places, parts)
  }

  /// The state, where it is of this kind of step.
  func checked(_ stage: String, numbers: Int, parts: Int) throws(DataError) -> PipelineState {
    guard
      self.stage == stage, self.numbers.count == numbers, self.parts.count == parts,
      self.numbers.allSatisfy({ $0 >= 0 })
    else { throw Self.misfit("it tells of “\(self.stage)” where “\(stage)” stands") }
    return self
  }

  static func misfit(_ message: String) -> DataError {
    DataError(
      .mismatch, path: "", "the state is of another pipeline: \(message)",
      remedy: "Restore it into the pipeline that it was taken from, over the same data")
  }
}

/// Where an element comes from, so that it can be made again: an index of a source, or the places of what it
/// was made of.
indirect enum ElementPlace: Codable, Hashable, Sendable {
  case index(Int)
  case parts([ElementPlace])

  /// What random draws for the element follow from, beside seed and epoch.
  var key: Int {
    switch self {
    case .index(let index): index
    case .parts(let parts):
      parts.reduce(parts.count) { key, part in
        Int(truncatingIfNeeded: Generator.key(UInt64(bitPattern: Int64(key)), part.key, 0))
      }
    }
  }

  var index: Int {
    get throws(DataError) {
      guard case .index(let index) = self, index >= 0 else {
        throw PipelineState.misfit("an element has no index")
      }
      return index
    }
  }

  func parts(_ count: Int? = nil) throws(DataError) -> [ElementPlace] {
    guard case .parts(let parts) = self, count ?? parts.count == parts.count else {
      throw PipelineState.misfit("an element is made of other parts")
    }
    return parts
  }
}

/// An element with the place that it comes from.
struct Placed<Element> {
  let element: Element
  let place: ElementPlace
}

/// One step of a pipeline while it is read. One thread at a time uses it.
protocol PipelineStage<Element>: AnyObject {
  associatedtype Element
  /// The next element, or nil at the end and ever after.
  func next() throws -> Placed<Element>?
  /// Where it is.
  func state() throws -> PipelineState
  /// Goes to a saved place.
  func restore(_ state: PipelineState) throws
  /// Makes elements again, in this order, wherever the step is.
  func remake(_ places: [ElementPlace]) throws -> [Element]
}

extension PipelineStage {
  /// Elements that waited in a step, made again.
  func placed(_ places: [ElementPlace]) throws -> [Placed<Element>] {
    zip(try remake(places), places).map { Placed(element: $0, place: $1) }
  }
}
