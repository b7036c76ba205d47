import Tensors
import Testing
import Transformers

@Suite("Buckets of relative distances")
struct RelativeBucketTests {
  /// The buckets of a query at place 13 and 28 keys.
  private func row(_ buckets: Int, _ maxDistance: Int, bothWays: Bool) -> [Int] {
    RelativeBuckets.table(
      queries: 13..<14, keys: 28, isBidirectional: bothWays, buckets: buckets,
      maxDistance: maxDistance
    ).array(of: Int.self)
  }

  @Test("are those of transformers, whatever the number of buckets and the largest distance")
  func odd() {
    #expect(
      row(7, 64, bothWays: true) == [
        2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 0, 4, 4, 4, 4, 4, 4, 4, 5, 5, 5, 5, 5, 5, 5,
      ])
    // The distances with a bucket of their own reach the largest one.
    #expect(row(32, 16, bothWays: false) == (0...13).reversed() + [Int](repeating: 0, count: 14))
    // Beyond it the logarithm falls.
    #expect(
      row(33, 5, bothWays: true) == [
        0, 2, 3, 5, 6, 8, 7, 6, 5, 4, 3, 2, 1, 0, 17, 18, 19, 20, 21, 22, 23, 24, 22, 21, 19, 18,
        16, 15,
      ])
  }

  @Test("T5 takes as many buckets as leave one for a distance of its own")
  func settings() throws {
    func model(_ buckets: Int, _ maxDistance: Int) throws -> PretrainedModel {
      try AutoModel.fromConfiguration(
        ModelConfiguration([
          "model_type": "t5", "vocab_size": 12, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1,
          "num_heads": 2, "decoder_start_token_id": 0,
          "relative_attention_num_buckets": .init(integerLiteral: buckets),
          "relative_attention_max_distance": .init(integerLiteral: maxDistance),
        ]))
    }
    for (buckets, maxDistance) in [(32, 16), (5, 9), (4, 1)] { _ = try model(buckets, maxDistance) }
    for (buckets, maxDistance, field) in [
      (3, 9, "relative_attention_num_buckets"), (32, 0, "relative_attention_max_distance"),
    ] {
      #expect(#expect(throws: ModelError.self) { try model(buckets, maxDistance) }?.field == field)
    }
  }
}
