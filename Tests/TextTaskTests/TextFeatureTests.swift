import Foundation
import Testing
import TextTasks

@Suite("Features in bytes")
struct TextFeatureTests {
  private let features: [TextFeature] = [
    [
      "input_ids": .ints([5, 70_000, 3]), "attention_mask": .ints([1, 1, 1]),
      "labels": .ints([-100, 70_000, 3]), "label": .int(-7), "score": .double(0.1),
      "truths": .doubles([1, 0]),
    ],
    [
      "input_ids": .ints([]), "attention_mask": .ints([]), "labels": .ints([]), "label": .int(2),
      "score": .double(-.infinity), "truths": .doubles([]),
    ],
    [
      "input_ids": .ints([9]), "attention_mask": .ints([1]), "labels": .ints([9]),
      "label": .int(Int(Int32.max)), "score": .double(3), "truths": .doubles([0.5]),
    ],
  ]

  private func shard(_ features: [TextFeature]) throws -> Data {
    var builder = FeatureShard.Builder()
    for feature in features { try builder.add(feature) }
    return try builder.bytes()
  }

  @Test("records come back as they were, over shards, in parts and without some fields")
  func roundTrip() throws {
    let whole = try FeatureShard(shard(features))
    #expect((0..<3).map { whole[$0] } == features)
    let divided = TextFeatures([
      try FeatureShard(shard([features[0]])), try FeatureShard(shard([])),
      try FeatureShard(shard(Array(features[1...]))),
    ])
    #expect((0..<divided.count).map { divided[$0] } == features)
    #expect(divided.lengths == [3, 0, 1])
    let part = divided.slice(1..<3).leavingOut(["score"])
    #expect(part.count == 2 && part[1]["score"] == nil && part[1]["label"] == features[2]["label"])
    #expect(part.lengths == [0, 1])
  }

  @Test("packed texts fill blocks, one after another, over shards too")
  func packing() throws {
    let rows = [[1, 2, 3], [4, 5, 6, 7, 8], [9]].map { ids -> TextFeature in
      ["input_ids": .ints(ids), "labels": .ints(ids.map { $0 == 2 ? -100 : $0 })]
    }
    for shards in [[rows], [[rows[0]], [rows[1], rows[2]]]] {
      let all = TextFeatures(try shards.map { try FeatureShard(shard($0)) })
      let blocks = all.packed(4)
      #expect((0..<blocks.count).map { blocks[$0].inputIds } == [[1, 2, 3, 4], [5, 6, 7, 8]])
      #expect(blocks[0]["labels"]?.ints == [1, -100, 3, 4])
      #expect(blocks[1]["attention_mask"]?.ints == [1, 1, 1, 1])
      #expect(blocks.lengths == [4, 4])
      #expect(blocks.slice(1..<2)[0].inputIds == [5, 6, 7, 8])
      #expect(all.packed(4, hasLabels: false)[0]["labels"] == nil)
    }
    let short = try TextFeatures([["input_ids": .ints([1])]]).packed(4)
    #expect(short.count == 1 && short[0].inputIds == [1] && short[0]["labels"]?.ints == [1])
    #expect(short.lengths == [1])
    #expect(try TextFeatures([["input_ids": .ints([])]]).packed(4).count == 0)
  }

  @Test("records of other fields, texts and numbers beyond 32 bits are refused")
  func refused() throws {
    for bad: [TextFeature] in [
      [["a": .int(1)], ["b": .int(1)]], [["a": .int(1)], ["a": .int(1), "b": .int(1)]],
      [["a": .text("x")]], [["a": .int(1)], ["a": .ints([1])]], [["a": .ints([1 << 40])]],
    ] {
      #expect(throws: FeatureShardError.self) { try shard(bad) }
    }
  }

  @Test("bytes that are cut off, changed or something else are refused, or hold other numbers")
  func damaged() throws {
    let good = try shard(features)
    for count in 0..<good.count {
      #expect(throws: FeatureShardError.self) { try FeatureShard(good.prefix(count)) }
    }
    for place in good.indices {
      for change: UInt8 in [1, 0x55, 0xFF] {
        var bad = good
        bad[place] ^= change
        // Whatever is read, nothing lies outside.
        guard let read = try? FeatureShard(bad) else { continue }
        for index in 0..<min(read.count, 10) { _ = read[index] }
      }
    }
  }
}
