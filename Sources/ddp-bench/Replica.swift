import DataParallel
import Foundation
import Synchronization
import Torus

/// One of the models of `ddp-bench step` whose gradients are averaged over a group.
final class Replica {
  let benchmark: StepBenchmark
  private let parallel: DistributedDataParallel<Module>?
  private let moments: Moments

  /// When gradients were ready in the present step.
  private final class Moments: Sendable {
    let all = Mutex<(buckets: [(time: UInt64, bytes: Int)], walkEnd: UInt64)>(([], 0))
  }

  /// The model, the same on every rank; nil as the group is a process on its own.
  init(_ name: String, _ group: ProcessGroup?, options: DataParallelOptions = .init()) throws {
    guard let benchmark = StepBenchmark.make(name) else {
      throw RecordedRun.Unusable(description: "there is no model \(name)")
    }
    self.benchmark = benchmark
    var options = options
    let moments = Moments()
    self.moments = moments
    options.observer = { moment in
      let now = ProcessGroup.now
      moments.all.withLock {
        switch moment {
        case .bucketReady(_, _, let bytes): $0.buckets.append((now, bytes))
        case .walkEnded: $0.walkEnd = now
        }
      }
    }
    parallel = try group.map { group in
      try DistributedDataParallel(benchmark.module, group: group, options: options)
    }
  }

  /// Seconds of each of some steps.
  func steps(_ count: Int) -> [Double] {
    defer { moments.all.withLock { $0 = ([], 0) } }
    return (0..<count).map { _ in
      let begin = ProcessGroup.now
      benchmark.step()
      return Double(ProcessGroup.now - begin) / 1e9
    }
  }

  /// A step and what happened in it. For a replica that waits for nobody.
  func recordedStep() -> StepTimeline {
    moments.all.withLock { $0 = ([], 0) }
    let begin = ProcessGroup.now
    let loss = benchmark.loss()
    benchmark.optimizer.zeroGrad()
    loss.backward()
    let middle = ProcessGroup.now
    benchmark.optimizer.step()
    let end = ProcessGroup.now
    func seconds(_ time: UInt64) -> Double { Double(time - begin) / 1e9 }
    return moments.all.withLock { noted in
      StepTimeline(
        buckets: noted.buckets.map { .init(ready: seconds($0.time), bytes: $0.bytes) },
        walkEnd: seconds(noted.walkEnd), rest: Double(end - middle) / 1e9)
    }
  }
}
