import Collectives
import NN

/// A point that a run has reached on this rank.
package struct TrainingMoment {
  /// The step that is under way, counted from 1; 0 before the first.
  package let step: Int
  /// What begins.
  package let phase: RunPhase
  /// All ranks.
  package let group: ProcessGroup
  /// The replica, once there is one.
  package let model: Module?
}

/// Called at every moment of a run; what it throws ends the run as an error of this rank.
package typealias TrainingObserver = (TrainingMoment) throws -> Void
