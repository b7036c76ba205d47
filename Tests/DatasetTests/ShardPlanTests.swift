import Datasets
import Foundation
import Testing

@Suite("Shard plans")
struct ShardPlanTests {
  func files(_ records: Int...) -> SourceFingerprint {
    SourceFingerprint(
      records: records.reduce(0, +),
      files: records.enumerated().map {
        SourceFingerprint.File(name: "part-\($0)", bytes: $1 * 100, records: $1)
      })
  }

  @Test("by record every rank reads its piece of each batch, and together all records once")
  func byRecord() throws {
    let plan = try ShardPlan(
      for: SourceFingerprint(records: 101), worldSize: 4, batchSize: 32, seed: 9)
    #expect(plan.policy == .batches)
    let ranks = (0..<4).map { plan.indices(rank: $0, epoch: 2) }
    #expect(ranks.flatMap { $0 }.sorted() == Array(0..<101))
    let alone = try plan.resized(worldSize: 1)
    #expect(
      alone.batches.batches(epoch: 2).map(Array.init)
        == plan.batches.batches(epoch: 2).map(Array.init))
    #expect(
      (0..<4).flatMap { plan.ownedRecords(rank: $0) } == [0..<26, 26..<51, 51..<76, 76..<101])
  }

  @Test("PyTorch's rule pads or cuts, and evaluation never pads")
  func padded() throws {
    let source = SourceFingerprint(records: 10)
    for (dropLast, counts) in [(false, 3), (true, 2)] {
      let plan = try ShardPlan(
        distributedSampler: source, worldSize: 4, batchSize: 4, seed: 1, dropLast: dropLast)
      for rank in 0..<4 {
        let expected = DistributedSampler(
          recordCount: 10, rank: rank, worldSize: 4, seed: 1, dropLast: dropLast)
        #expect(plan.indices(rank: rank, epoch: 5) == expected.indices(epoch: 5))
        #expect(expected.count == counts)
      }
      #expect(
        plan.evaluationBatches.batches(epoch: 0).flatMap(Array.init) == Array(0..<10))
    }
    expectDataError(.mismatch, "multiple of 4") {
      _ = try ShardPlan(distributedSampler: source, worldSize: 4, batchSize: 6, seed: 1)
    }
  }

  @Test("files are dealt where there are enough to load the ranks evenly")
  func byFile() throws {
    let source = files(50, 20, 30, 40, 10, 50)
    let plan = try ShardPlan(for: source, worldSize: 2, batchSize: 8, seed: 1)
    #expect(plan.policy == .files)
    let shards = try #require(plan.shards)
    #expect(shards.flatMap { $0 }.sorted() == Array(0..<6))
    #expect(shards.map { $0.reduce(0) { $0 + (source.files[$1].records ?? 0) } } == [100, 100])
    for rank in 0..<2 {
      let read = plan.indices(rank: rank, epoch: 0)
      #expect(read.allSatisfy { index in plan.ownedRecords(rank: rank).contains { $0 ~= index } })
      #expect(plan.files(rank: rank).count == shards[rank].count)
    }
    let evaluation = plan.evaluationBatches.batches(epoch: 0)
    #expect(evaluation.flatMap(Array.init).sorted() == Array(0..<200))

    // One huge file cannot be shared evenly; too few files cannot be shared at all.
    #expect(
      try ShardPlan(for: files(500, 1, 1), worldSize: 2, batchSize: 8, seed: 1).policy == .batches)
    #expect(try ShardPlan(for: files(5, 5), worldSize: 3, batchSize: 8, seed: 1).policy == .batches)
    #expect(
      try ShardPlan(for: source, worldSize: 2, batchSize: 8, seed: 1, sharding: .record).policy
        == .batches)
    expectDataError(.tooSmall, "2 files", "3 ranks") {
      _ = try ShardPlan(for: files(5, 5), worldSize: 3, batchSize: 8, seed: 1, sharding: .file)
    }
  }

  @Test("no records and a batch smaller than the world are refused")
  func refusals() {
    expectDataError(.empty, "there are no records") {
      _ = try ShardPlan(for: SourceFingerprint(records: 0), worldSize: 1, batchSize: 1, seed: 0)
    }
    expectDataError(.tooSmall, "batch of 3", "4 ranks", "batch_size") {
      _ = try ShardPlan(for: SourceFingerprint(records: 9), worldSize: 4, batchSize: 3, seed: 0)
    }
  }

  @Test("a plan comes back from its file as it was, and equal plans are equal bytes")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    for plan in [
      try ShardPlan(for: files(50, 50, 50), worldSize: 3, batchSize: 8, seed: .max),
      try ShardPlan(distributedSampler: files(7), worldSize: 2, batchSize: 8, seed: 4),
    ] {
      let path = folder.path + "/shard-plan.json"
      try plan.save(to: path)
      #expect(try ShardPlan.load(from: path) == plan)
      #expect(try plan.json() == ShardPlan.load(from: path).json())
    }
    expectDataError(.unreadable, "/no/such/folder/plan.json") {
      try ShardPlan(for: files(9), worldSize: 1, batchSize: 8, seed: 4)
        .save(to: "/no/such/folder/plan.json")
    }
  }

  @Test("plans of earlier programs are read: their files say what becomes of the last batch")
  func earlierPlans() throws {
    for dropLast in [false, true] {
      let plan = try ShardPlan(
        for: files(50), worldSize: 2, batchSize: 8, seed: 1, dropLast: dropLast)
      let text = String(decoding: try plan.json(), as: UTF8.self)
      #expect(text.contains(#""lastBatch" : "\#(dropLast ? "drop" : "keep")""#), "\(text)")
      #expect(try ShardPlan(json: plan.json()).dropLast == dropLast)
    }
  }

  @Test("a plan for other data or another number of ranks is refused with what changed")
  func validation() throws {
    let source = files(50, 20)
    let plan = try ShardPlan(for: source, worldSize: 2, batchSize: 8, seed: 1)
    try plan.validate(against: source, worldSize: 2)
    expectDataError(.mismatch, "2 ranks", "3 are running") {
      try plan.validate(against: source, worldSize: 3)
    }
    var changed = source
    changed.files[1].bytes += 1
    expectDataError(.mismatch, "part-1 has 2001 bytes instead of 2000") {
      try plan.validate(against: changed, worldSize: 2)
    }
    changed = source
    changed.files[0].name = "other"
    expectDataError(.mismatch, "part-0 is no longer there") {
      try plan.validate(against: changed, worldSize: 2)
    }
    changed.files[0].name = "part-0"
    changed.files.append(SourceFingerprint.File(name: "more", bytes: 1))
    expectDataError(.mismatch, "more is new") { try plan.validate(against: changed, worldSize: 2) }
    changed = source
    changed.records = 71
    expectDataError(.mismatch, "71 records instead of 70") {
      try plan.validate(against: changed, worldSize: 2)
    }
    // Two spellings of é are two names.
    var composed = files(5)
    composed.files[0].name = "caf\u{e9}"
    var decomposed = composed
    decomposed.files[0].name = "cafe\u{301}"
    let accented = try ShardPlan(for: composed, worldSize: 1, batchSize: 1, seed: 0)
    expectDataError(.mismatch, "no longer there") {
      try accented.validate(against: decomposed, worldSize: 1)
    }
  }

  @Test("a damaged plan is refused by its path")
  func damaged() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("plan.json", "{\"version\": 1")
    expectDataError(.malformed, path, "not a shard plan") { _ = try ShardPlan.load(from: path) }
    expectDataError(.missing, "nowhere.json") { _ = try ShardPlan.load(from: "nowhere.json") }

    var plan = try ShardPlan(for: files(50, 50), worldSize: 2, batchSize: 8, seed: 1)
    plan.shards = [[0], [0]]
    expectDataError(.malformed, "every file once") { _ = try ShardPlan(json: plan.json()) }
    plan.shards = [[0, 1]]
    expectDataError(.malformed, "1 lists of files for 2 ranks") {
      _ = try ShardPlan(json: plan.json())
    }
    plan.shards = [[0], [1]]
    plan.version = 2
    expectDataError(.mismatch, "version 2") { _ = try ShardPlan(json: plan.json()) }
  }

  @Test("a plan that is damaged is refused in words, by its entry")
  func damagedPlan() throws {
    let source = SourceFingerprint(records: 9, files: [.init(name: "a", bytes: 3)])
    let good = String(
      decoding: try ShardPlan(for: source, worldSize: 2, batchSize: 4, seed: 1).json(),
      as: UTF8.self)
    for (old, new, word) in [
      ("\"worldSize\" : 2", "\"worldSize\" : \"x\"", "worldSize is not a whole number"),
      ("\"worldSize\" : 2", "\"worldSize\" : 9223372036854775807", "do not fit"),
      ("\"batchSize\" : 4", "\"batchSize\" : 9223372036854775807", "do not fit"),
      ("\"records\" : 9", "\"records\" : 9223372036854775807", "do not fit"),
      ("\"bytes\" : 3", "\"bytes\" : -3", "a has a negative size"),
      ("\"seed\" : 1", "\"sead\" : 1", "seed is missing"), ("{", "", "not JSON"),
    ] {
      #expect(good.contains(old), "\(good)")
      expectDataError(.malformed, "shard plan", word) {
        _ = try ShardPlan(json: Data(good.replacingOccurrences(of: old, with: new).utf8))
      }
    }
  }
}
