import Collectives
import Foundation

extension Scenario {
  static let groups = [
    Scenario("get_rank, get_rank_size_full_group") { world in
      let ranks = try world.group.allGather([world.rank])
      try expectEqual(ranks, (0..<world.size).map { [$0] })
      try expectEqual(world.group.ranks, Array(0..<world.size))
    },
    Scenario("get_rank_size_group, translation both ways") { world in
      let group = try world.group.newGroup(ranks: Array((0..<world.size).reversed()))
      guard let group else { throw Broken(description: "every rank is a member") }
      try expectEqual(group.size, world.size)
      try expectEqual(group.rank, world.size - 1 - world.rank)
      try expectEqual(group.worldRank(of: group.rank), world.rank)
      try expectEqual(group.groupRank(ofWorldRank: world.rank), group.rank)
      try expectEqual(group.groupRank(ofWorldRank: world.size), nil)
      let order = try group.allGather([world.rank])
      try expectEqual(order, (0..<world.size).reversed().map { [$0] })
      try group.close()
    },
    Scenario("a non-member gets nil") { world in
      let group = try world.group.newGroup(ranks: [world.size - 1])
      try expectEqual(group != nil, world.rank == world.size - 1)
      if let group {
        let alone = try group.allReduce(7)
        try expectEqual(alone, 7)
      }
    },
    Scenario("new_subgroups") { world in
      let pair = world.size % 2 == 0 ? 2 : 1
      let group = try world.group.subgroups(of: pair)
      try expectEqual(group.size, pair)
      let members = try group.allGather([world.rank]).flatMap { $0 }
      try expectEqual(members, group.ranks)
      try expectEqual(members[0], world.rank / pair * pair)
    },
    Scenario("new_subgroups_group_size_exceeds_world_size, world_size_not_divisible") { world in
      try expectError("do not divide") { _ = try world.group.subgroups(of: world.size + 1) }
      if world.size == 3 {
        try expectError("do not divide") { _ = try world.group.subgroups(of: 2) }
      }
    },
    Scenario("new_subgroups_by_enumeration") { world in
      let lists = [
        Array(stride(from: 0, to: world.size, by: 2)),
        Array(stride(from: 1, to: world.size, by: 2)),
      ].filter { !$0.isEmpty }
      guard let group = try world.group.subgroups(enumerated: lists) else {
        throw Broken(description: "every rank is a member")
      }
      try expectEqual(group.ranks, lists[world.rank % 2])
      let sum = try group.allReduce(world.rank)
      try expectEqual(sum, lists[world.rank % 2].reduce(0, +))
    },
    Scenario("new_subgroups_by_enumeration: who is in none gets nil") { world in
      let group = try world.group.subgroups(enumerated: [[world.size - 1]])
      try expectEqual(group != nil, world.rank == world.size - 1)
      let none = try world.group.subgroups(enumerated: [])
      try expect(none == nil)
    },
    Scenario("new_subgroups_by_enumeration: a bad list is found beforehand") { world in
      let begin = world.group.sequence
      try expectError("no rank 77") { _ = try world.group.subgroups(enumerated: [[0], [77]]) }
      try expectError("empty") { _ = try world.group.subgroups(enumerated: [[0], []]) }
      try expectEqual(world.group.sequence, begin)
    },
    Scenario("groups have the parent's timeout or one of their own") { world in
      let all = Array(0..<world.size), own = Duration.seconds(7)
      let parent = world.group.timeout
      let one = try world.group.newGroup(ranks: all, timeout: own)
      let two = try one?.newGroup(ranks: all)
      let three = try one?.split(color: 0, timeout: parent)
      let four = try one?.subgroups(of: world.size, timeout: .seconds(8))
      let five = try world.group.subgroups(enumerated: [all], timeout: .seconds(9))
      let found = [one, two, three, four, five].map { $0?.timeout }
      try expectEqual(found, [own, own, parent, .seconds(8), .seconds(9)])
    },
    Scenario("new_subgroups_by_enumeration_negative_input_rank, overlap") { world in
      try expectError("no rank -1") { _ = try world.group.subgroups(enumerated: [[-1]]) }
      try expectError("overlap") {
        _ = try world.group.subgroups(enumerated: [Array(0..<world.size), [0]])
      }
      try expectError("repeat") { _ = try world.group.newGroup(ranks: [0, 0]) }
      try expectError("no rank \(world.size)") {
        _ = try world.group.newGroup(ranks: [world.size])
      }
    },
    Scenario("split by color and key") { world in
      let group = try world.group.split(
        color: world.rank == 0 ? nil : world.rank % 2, key: -world.rank)
      try expectEqual(group == nil, world.rank == 0)
      if let group {
        let expected = (1..<world.size).filter { $0 % 2 == world.rank % 2 }.sorted(by: >)
        try expectEqual(group.ranks, expected)
      }
    },
    Scenario("groups interleave with the world, in different orders") { world in
      let all = Array(0..<world.size)
      guard let one = try world.group.newGroup(ranks: all, name: "one"),
        let two = try world.group.newGroup(ranks: all, name: "two")
      else { throw Broken(description: "every rank is a member") }
      let buffers = try (0..<3).map { _ in try TestBuffer(bytes: 4000 * 8, sharedIn: nil) }
      for buffer in buffers {
        buffer.pointer.initializeMemory(as: Int.self, repeating: 1, count: 4000)
      }
      // Operations of different groups need no common order.
      let order = world.rank % 2 == 0 ? [0, 1, 2] : [2, 1, 0]
      let groups = [one, world.group, two]
      let works = order.map {
        groups[$0].allReduce(buffer: buffers[$0].pointer, count: 4000, dtype: .int64)
      }
      for work in works { try work.wait() }
      for buffer in buffers {
        try expectEqual(buffer.pointer.load(fromByteOffset: 3999 * 8, as: Int.self), world.size)
        try buffer.free()
      }
    },
    Scenario("sequence numbers count the group's collectives") { world in
      let begin = world.group.sequence
      for _ in 0..<5 { try world.group.barrier() }
      try expectEqual(world.group.sequence, begin + 5)
      let agreed = try world.group.allReduce([Int(world.group.sequence)], op: .maximum)
      try expectEqual(agreed[0], Int(begin) + 5)
    },
    Scenario("sequence numbers of a new subgroup begin anew") { world in
      guard let half = try world.group.split(color: world.rank % 2) else { return }
      // Only several nodes have something to agree on before.
      let begin = half.sequence
      try expect(begin <= 1, "\(begin)")
      let outside = world.group.sequence
      for _ in 0..<3 { try half.barrier() }
      try expectEqual(half.sequence, begin + 3)
      try expectEqual(world.group.sequence, outside)
    },
    Scenario("a group made after another of its name failed knows nothing of that") { world in
      guard world.size > 1 else { return }
      let all = Array(0..<world.size)
      for round in 0..<2 {
        guard let broken = try world.everybody("the same") else { return }
        try expectError("met") {
          if world.rank == 1 { _ = try broken.allReduce([1.5]) } else { try broken.barrier() }
        }
        guard let fresh = try world.everybody("the same") else { return }
        for late in all {
          // Whoever waits looks for what the others tell of failures.
          if world.rank == late { usleep(60_000) }
          let sum = try fresh.allReduce(round)
          try expectEqual(sum, round * world.size)
        }
        try fresh.close()
      }
    },
    Scenario("a closed group says that it is") { world in
      guard let group = try world.everybody("short-lived") else { return }
      try group.barrier()
      try group.close()
      let buffer = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
      defer { buffer.deallocate() }
      let words = "short-lived is closed"
      try expectError(words) { _ = try group.allReduce(1) }
      try expectError(words) {
        try group.allReduce(buffer: buffer, count: 4, dtype: .float32).wait()
      }
      try expectError(words) {
        try group.isend(buffer: buffer, count: 4, dtype: .float32, to: group.rank).wait()
      }
      try expectError(words) { try group.monitoredBarrier() }
      try expectError(words) { _ = try group.newGroup(ranks: [0]) }
      try expectError(words) { _ = try group.allocateBuffer(64) }
      try expectEqual(group.node(of: 0), world.group.node(of: 0))
      try expect(group.sequence >= 2)
      try expect(!group.supports(.ring, .float32, .sum))
      try group.close()
    },
    Scenario("a root that is not there is named beside the counts") { world in
      let count = world.rank + 1
      try expectError("gather i64[\(count) ", "there is no rank 9 among \(world.size)") {
        _ = try world.group.gather([Int](repeating: 1, count: count), root: 9)
      }
    },
  ]

  static let barriers = [
    Scenario("barrier, barrier_full_group, barrier_group") { world in
      try world.group.barrier()
      let group = try world.group.split(color: world.rank % 2)
      try group?.barrier()
      let work = world.group.barrierAsync()
      try work.wait()
      try expect(work.isCompleted)
    },
    Scenario("a barrier implies that earlier works are complete") { world in
      let buffer = try TestBuffer(bytes: 8 << 16, sharedIn: nil)
      buffer.pointer.initializeMemory(as: Double.self, repeating: 1, count: 1 << 16)
      let work = world.group.allReduce(buffer: buffer.pointer, count: 1 << 16, dtype: .float64)
      try world.group.barrier()
      try expect(work.isCompleted)
      try expectEqual(
        buffer.pointer.load(fromByteOffset: 8 * 65_535, as: Double.self), Double(world.size))
      try buffer.free()
    },
    Scenario("monitored_barrier passes when all come") { world in
      for _ in 0..<3 { try world.group.monitoredBarrier(timeout: .seconds(20)) }
    },
    Scenario("monitored_barrier_wait_all_ranks, failure_order") { world in
      guard world.size > 2, let group = try world.everybody("some stay away") else { return }
      // The last two ranks stay away; every other one is told the first, or both.
      let missing = [world.size - 2, world.size - 1]
      for all in [false, true] {
        if !missing.contains(world.rank) {
          let error = try expectError("not there: rank \(missing[0])") {
            try group.monitoredBarrier(timeout: .seconds(1), waitAllRanks: all)
          }
          guard case .timeout(_, _, _, let named) = error else {
            throw Broken(description: "\(error)")
          }
          try expectEqual(named, all ? missing : [missing[0]])
        }
        try world.group.barrier()
      }
    },
    Scenario("monitored_barrier: a rank that comes late meets no later barrier") { world in
      guard world.size > 2, let group = try world.everybody("rank 1 is late") else { return }
      func barrier(_ words: String, _ timeout: Duration = .milliseconds(500)) throws {
        try expectError(words) { try group.monitoredBarrier(timeout: timeout) }
      }
      if world.rank != 1 { try barrier("not there: rank 1;") }
      try world.group.barrier()
      // Its first barrier is over when rank 1 comes, and it comes to no second one meanwhile.
      if world.rank == 1 {
        try barrier("this rank came too late", .seconds(20))
      } else {
        try barrier("not there: rank 1;")
      }
      try world.group.barrier()
      if world.rank == 1 { try barrier("this rank came too late", .seconds(20)) }
      try group.monitoredBarrier(timeout: .seconds(20))
      try group.close()
    },
    Scenario("monitored_barrier: rank 0 comes when the others have left") { world in
      guard world.size > 1, let group = try world.everybody("rank 0 is late") else { return }
      if world.rank > 0 {
        try expectError("not there: rank 0;") {
          try group.monitoredBarrier(timeout: .milliseconds(200))
        }
      }
      try world.group.barrier()
      if world.rank == 0 {
        let begin = ContinuousClock.now
        try expectError("not there: rank 1;") {
          try group.monitoredBarrier(timeout: .seconds(15))
        }
        // They have said so: there is nobody to wait for.
        try expect(ContinuousClock.now - begin < .seconds(10), "waited for ranks that had left")
      }
      try group.monitoredBarrier(timeout: .seconds(20))
      try group.close()
    },
    Scenario("monitored_barrier in a subgroup names the subgroup's ranks") { world in
      guard let half = try world.group.split(color: world.rank % 2, name: "half") else { return }
      try half.monitoredBarrier(timeout: .seconds(20))
      if world.size > 2, let pair = try world.group.newGroup(ranks: [0, 2], name: "pair"),
        pair.rank == 0
      {
        try expectError("in pair: barrier of the end", "not there: rank 1;") {
          try pair.monitoredBarrier(timeout: .milliseconds(200), label: "the end")
        }
      }
      try half.monitoredBarrier(timeout: .seconds(20))
      try world.group.barrier()
    },
  ]
}

extension World {
  /// A group of all ranks for a test's own.
  func everybody(_ name: String) throws -> ProcessGroup? {
    try group.newGroup(ranks: Array(0..<size), name: name)
  }
}
