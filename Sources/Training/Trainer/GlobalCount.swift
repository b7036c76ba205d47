import Collectives

/// A number that is added up over all ranks while this one goes on.
package enum GlobalCount {
  /// Known without asking anybody.
  case known(Int)
  /// On its way.
  case pending(Pending)

  /// A reduction with the memory that it works in.
  package final class Pending {
    private let number: UnsafeMutablePointer<Int64>
    private let work: Work
    private var isDone = false

    package init(_ own: Int, _ group: ProcessGroup) {
      number = .allocate(capacity: 1)
      number.initialize(to: Int64(own))
      work = group.allReduce(buffer: number, count: 1, dtype: .int64, label: "targets")
    }

    deinit {
      // The engine may still write to it where nobody waited; an error ends the job anyway.
      if isDone { number.deallocate() }
    }

    package func value() throws -> Int {
      if !isDone {
        try work.wait()
        isDone = true
      }
      return Int(number.pointee)
    }
  }

  /// Begins to add up `own`; alone it is the sum.
  package init(_ own: Int, over group: ProcessGroup?) throws {
    self = group.map { .pending(Pending(own, $0)) } ?? .known(own)
  }

  /// The sum; blocks until all ranks have begun.
  package func value() throws -> Int {
    switch self {
    case .known(let count): count
    case .pending(let pending): try pending.value()
    }
  }
}
