import Collectives
import DataParallel
import Tensors
import Testing

@Suite("Tensors meet those of other ranks")
struct TensorCollectiveTests {
  /// Rank r's rows: r + 1 of them unless a number is given, all elements r.
  private static func rows(_ rank: Int, _ count: Int? = nil) -> Tensor {
    Tensor.full([count ?? rank + 1, 2], Double(rank))
  }

  @Test("all_reduce, broadcast and reduce give new tensors", arguments: 1...4)
  func reductions(ranks: Int) throws {
    _ = try World.threads(ranks) { world in
      let group = world.group
      let mine = Self.rows(world.rank, 3).t
      let total = Double(ranks * (ranks - 1) / 2)
      let sum = try group.allReduced(mine)
      #expect(sum.shape == [2, 3] && sum.array(of: Double.self).allSatisfy { $0 == total })
      let most = try group.allReduced(Tensor([Int64(world.rank)]), op: .maximum)
      #expect(most.item(Int64.self) == Int64(ranks - 1))
      let last = try group.broadcast(mine, root: ranks - 1)
      #expect(last.array(of: Double.self).allSatisfy { $0 == Double(ranks - 1) })
      let atRoot = try group.reduced(mine, root: ranks - 1)
      #expect((atRoot != nil) == (world.rank == ranks - 1))
      #expect(atRoot?.array(of: Double.self).allSatisfy { $0 == total } ?? true)
      // What went in is as it was.
      #expect(mine.array(of: Double.self).allSatisfy { $0 == Double(world.rank) })
    }
  }

  @Test("all_gather, gather and scatter, uneven and in half precision", arguments: 1...4)
  func gathering(ranks: Int) throws {
    _ = try World.threads(ranks) { world in
      let group = world.group
      let all = try group.allGather(Self.rows(world.rank).to(.bfloat16))
      for (rank, tensor) in all.enumerated() {
        #expect(tensor.shape == [rank + 1, 2] && tensor.dtype == .bfloat16)
        #expect(tensor.array(of: Double.self).allSatisfy { $0 == Double(rank) })
      }
      let gathered = try group.gather(Self.rows(world.rank), root: ranks - 1)
      #expect(gathered?.map(\.shape) == (world.rank == ranks - 1 ? all.map(\.shape) : nil))
      let list = world.rank == 0 ? (0..<ranks).map { Self.rows($0) } : nil
      let part = try group.scatter(list)
      #expect(part.shape == [world.rank + 1, 2])
      #expect(part.array(of: Double.self).allSatisfy { $0 == Double(world.rank) })
    }
  }

  @Test("reduce_scatter and all_to_all, equal and uneven", arguments: 1...4)
  func exchange(ranks: Int) throws {
    _ = try World.threads(ranks) { world in
      let group = world.group
      let rowIndex = Tensor.arange(0, ranks * 2, dtype: .float32).reshaped([ranks * 2, 1])
      let mine = try group.reduceScatter(rowIndex)
      #expect(
        mine.flattened().array(of: Double.self)
          == [0, 1].map { Double((world.rank * 2 + $0) * ranks) })
      // Rank r sends s rows to rank s, each holding r.
      let sent = (0..<ranks).map { $0 }
      let received = try group.allToAll(Self.rows(world.rank, sent.reduce(0, +)), rows: sent)
      #expect(received.shape == [ranks * world.rank, 2])
      let senders = (0..<ranks).flatMap { rank in
        [Double](repeating: Double(rank), count: 2 * world.rank)
      }
      #expect(received.flattened().array(of: Double.self) == senders)
    }
  }

  @Test("lists of tensors, and rows as one tensor", arguments: 1...4)
  func lists(ranks: Int) throws {
    _ = try World.threads(ranks) { world in
      let group = world.group
      // Tensor s of every rank's list has s + 1 rows.
      let part = try group.reduceScatter((0..<ranks).map { Self.rows($0) + Double(world.rank) })
      let total = Double(ranks * world.rank + ranks * (ranks - 1) / 2)
      #expect(part.shape == [world.rank + 1, 2])
      #expect(part.flattened().array(of: Double.self).allSatisfy { $0 == total })
      // Rank r sends rank s a tensor of r + 1 by s + 1, and its last one a scalar.
      let received = try group.allToAll(
        (0..<ranks).map { to in
          to == ranks - 1
            ? Tensor(Float(world.rank)) : Tensor.full([world.rank + 1, to + 1], Double(to))
        })
      for (from, tensor) in received.enumerated() {
        let isLast = world.rank == ranks - 1
        #expect(tensor.shape == (isLast ? [] : [from + 1, world.rank + 1]))
        let value = Double(isLast ? from : world.rank)
        #expect(tensor.flattened().array(of: Double.self).allSatisfy { $0 == value })
      }
      let rows = try group.allGatherRows(Self.rows(world.rank).to(.int8))
      let owners = (0..<ranks).flatMap { [Double](repeating: Double($0), count: 2 * ($0 + 1)) }
      #expect(rows.shape == [ranks * (ranks + 1) / 2, 2] && rows.dtype == .int8)
      #expect(rows.flattened().array(of: Double.self) == owners)
      let reason = #expect(throws: CollectiveError.self) {
        _ = try group.reduceScatter([Tensor](repeating: Tensor.zeros([2]), count: ranks + 1))
      }
      #expect("\(reason.map { "\($0)" } ?? "")".contains("\(ranks + 1) tensors for \(ranks) ranks"))
    }
  }

  @Test("works give their tensors, in any order of waiting", arguments: 1...4)
  func works(ranks: Int) throws {
    _ = try World.threads(ranks, options: World.Options(timeout: .seconds(60))) { world in
      let group = world.group
      let mine = Self.rows(world.rank, ranks).to(.int16)
      let sum = group.allReducedAsync(mine)
      let last = group.broadcastAsync(mine, root: ranks - 1)
      let all = group.allGatherAsync(mine)
      let part = try group.reduceScatterAsync(mine)
      let atRoot = group.reducedAsync(mine, op: .maximum, root: ranks - 1)
      let joined = group.gatherAsync(mine)
      let swapped = try group.allToAllAsync(mine)
      let (right, left) = ((world.rank + 1) % ranks, (world.rank + ranks - 1) % ranks)
      let into = group.irecv([ranks, 2], dtype: .int16, from: nil, tag: 4)
      let out = group.isend(mine, to: right, tag: 4)
      let ring = group.batch([
        .send(mine, to: left), .receive([ranks, 2], dtype: .int16, from: right),
        .send(mine, to: right, tag: 1), .receive([ranks, 2], dtype: .int16, from: left, tag: 1),
      ])
      let total = Double(ranks * (ranks - 1) / 2)
      func holds(_ tensor: Tensor, _ value: Double) -> Bool {
        tensor.flattened().array(of: Double.self).allSatisfy { $0 == value }
      }
      let around = try ring.wait()
      #expect(around.count == 2)
      #expect(holds(around[0], Double(right)) && holds(around[1], Double(left)))
      let (tensor, source) = try into.wait()
      #expect(source == left && holds(tensor, Double(left)))
      try out.wait(timeout: .seconds(30))
      let (most, rows, column) = (try atRoot.wait(), try joined.wait(), try swapped.wait())
      let isLast = world.rank == ranks - 1
      #expect((most != nil) == isLast && most.map { holds($0, Double(ranks - 1)) } ?? true)
      #expect(rows?.shape == (world.rank == 0 ? [ranks, ranks, 2] : nil))
      for rank in 0..<ranks {
        #expect(holds(column[rank], Double(rank)))
        #expect(rows.map { holds($0[rank], Double(rank)) } ?? true)
      }
      let kept = try part.wait()
      #expect(kept.shape == [1, 2] && holds(kept, total))
      let gathered = try all.wait()
      #expect(gathered.shape == [ranks, ranks, 2])
      for rank in 0..<ranks { #expect(holds(gathered[rank], Double(rank))) }
      let (told, summed) = (try last.wait(), try sum.wait())
      #expect(holds(told, Double(ranks - 1)) && holds(summed, total))
      #expect(sum.isCompleted && ring.isCompleted)
      #expect(throws: CollectiveError.self) {
        _ = try group.reduceScatterAsync(Tensor.zeros([ranks + 1])).wait()
        if ranks == 1 { throw CollectiveError.invalid(rank: 0, reason: "one rank shares all") }
      }
      // Dropped works keep their memory.
      _ = group.allReducedAsync(Tensor.ones([4096]))
      try group.barrier()
    }
  }

  @Test("send and recv around a ring", arguments: 2...4)
  func ring(ranks: Int) throws {
    _ = try World.threads(ranks, options: World.Options(timeout: .seconds(60))) { world in
      let (right, left) = ((world.rank + 1) % ranks, (world.rank + ranks - 1) % ranks)
      // A send waits for its receiver: one rank has to listen first.
      let mine = Self.rows(world.rank, 2)
      if world.rank > 0 { try world.group.send(mine, to: right, tag: 3) }
      let (tensor, source) = try world.group.receive([2, 2], from: left, tag: 3)
      if world.rank == 0 { try world.group.send(mine, to: right, tag: 3) }
      #expect(source == left && tensor[0, 0].item() == Double(left))
    }
  }

  @Test("what does not fit is an error on every rank, with the shapes")
  func errors() throws {
    _ = try World.threads(3) { world in
      let group = world.group
      let odd = world.rank == 1 ? Tensor.zeros([2, 5]) : Tensor.zeros([2, 4])
      let reason = #expect(throws: CollectiveError.self) { _ = try group.allGather(odd) }
      #expect("\(reason.map { "\($0)" } ?? "")".contains("[2, 5] beside rank 0's [2, 4]"))
      #expect(throws: CollectiveError.self) { _ = try group.reduceScatter(Tensor(1.0)) }
      #expect(throws: CollectiveError.self) { _ = try group.reduceScatter(Tensor.zeros([4, 2])) }
      _ = #expect(throws: CollectiveError.self) {
        _ = try group.scatter(world.rank == 0 ? [Tensor.zeros([1])] : nil)
      }
    }
  }

  @Test("a dtype that differs on one rank is an error in every collective", arguments: 0..<7)
  func dtypes(collective: Int) {
    let options = World.Options(timeout: .seconds(20))
    #expect(throws: (any Error).self) {
      try World.threads(3, options: options) { world in
        let tensor = Tensor.ones([3, 2], dtype: world.rank == 1 ? .float64 : .int64)
        let group = world.group
        switch collective {
        case 0: _ = try group.allReduced(tensor)
        case 1: _ = try group.broadcast(tensor)
        case 2: _ = try group.reduced(tensor)
        case 3: _ = try group.allGather(tensor)
        case 4: _ = try group.gather(tensor)
        case 5: _ = try group.reduceScatter(tensor)
        default: _ = try group.allToAll(tensor)
        }
      }
    }
  }
}
