import Dispatch
import Foundation
import Synchronization

/// The scratches of threads that are done, for the next ones.
final class ScratchPool: Sendable {
  private struct Box: @unchecked Sendable {
    // Owned by the pool until it is taken, then by one thread.
    let scratch: Scratch
  }

  private let free = Mutex<[Box]>([])
  private let idBound: Int

  init(idBound: Int) { self.idBound = idBound }

  func take() -> Scratch {
    free.withLock { $0.popLast() }?.scratch ?? Scratch(idBound: idBound)
  }

  func give(_ scratch: Scratch) {
    let box = Box(scratch: scratch)
    free.withLock { $0.append(box) }
  }
}

/// Work on many items by several threads.
enum Parallel {
  /// The results of all items in their order; where some fail, the error of the first of them.
  static func map<Result: Sendable>(
    _ count: Int, threads: Int?, _ body: @Sendable (Int) throws -> Result
  ) throws -> [Result] {
    let threads = min(count, max(1, threads ?? ProcessInfo.processInfo.activeProcessorCount))
    if threads <= 1 { return try (0..<count).map(body) }
    // Small blocks, taken one by one, keep all threads busy whatever the texts' lengths.
    let block = max(1, min(64, count / (threads * 8)))
    let blocks = (count + block - 1) / block
    let results = Mutex<[[Swift.Result<Result, any Error>]]>(Array(repeating: [], count: blocks))
    let next = Atomic<Int>(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard number < blocks else { return }
        let range = number * block..<min(count, (number + 1) * block)
        let part = range.map { index in Swift.Result { try body(index) } }
        results.withLock { $0[number] = part }
      }
    }
    return try results.withLock { parts in try parts.flatMap { try $0.map { try $0.get() } } }
  }
}
