import CCollectives
import Foundation
import Synchronization

extension World {
  /// Runs `body` once per rank, each on a thread of its own, in a world without MPI; returns the
  /// results in rank order.
  ///
  /// - Parameters:
  ///   - ranks: The number of ranks.
  ///   - nodes: The pretended node of each rank; one node where nil.
  ///   - options: What `World.initialize` takes.
  ///   - body: What each rank does; it is handed its own world.
  /// - Throws: The first error that a rank threw. The others' waits then end at their timeout.
  public static func threads<Result: Sendable>(
    _ ranks: Int, nodes: [Int]? = nil, options: Options = Options(),
    _ body: @escaping @Sendable (World) throws -> Result
  ) throws -> [Result] {
    if ranks < 1 || (nodes.map { $0.count != ranks } ?? false) {
      throw CollectiveError.launch(reason: "\(ranks) ranks on nodes \(nodes ?? [])")
    }
    guard let hub = torus_hub_create(Int32(ranks), nodes?.map(Int32.init)) else {
      throw CollectiveError.launch(reason: "no memory for \(ranks) ranks")
    }
    let meeting = Meeting(hub)
    let outcomes = Mutex([Int: Swift.Result<Result, any Error>]())
    let share = Launch.cores / Double(ranks)
    let group = DispatchGroup()
    for rank in 0..<ranks {
      group.enter()
      let thread = Thread {
        let outcome = Swift.Result {
          guard let transport = torus_hub_join(meeting.hub, Int32(rank)) else {
            throw CollectiveError.launch(reason: "no memory for rank \(rank)")
          }
          let world = try open(transport, options, kind: .threads, coreShare: share)
          let result = try body(world)
          try world.finalize()
          return result
        }
        outcomes.withLock { $0[rank] = outcome }
        group.leave()
      }
      thread.stackSize = 8 << 20
      thread.name = "torus.rank.\(rank)"
      thread.start()
    }
    group.wait()
    let all = outcomes.withLock { $0 }
    return try (0..<ranks).compactMap { try all[$0]?.get() }
  }
}

/// The hub's address, which is safe to hand to any thread.
private struct Meeting: @unchecked Sendable {
  let hub: OpaquePointer
  init(_ hub: OpaquePointer) { self.hub = hub }
}
