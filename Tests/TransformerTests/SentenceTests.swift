import Foundation
import NN
import Optimizers
import Tensors
import Testing
import Transformers

/// Models that make one vector of a text.
@Suite("Sentence embeddings")
struct SentenceTests {
  static func folder(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Conformance/huggingface/sentence/\(name)").path
  }

  @Test("the guide's example finds the nearest text")
  func guide() throws {
    let model = try SentenceTransformer(Self.folder("mean-dense"))
    let vectors = try model.encode(["Paris is the capital of France.", "How are you today?"])
    let query = try model.encode(["Paris is the capital of France"])
    let scores = model.similarity(query, vectors)
    #expect(scores.argmax(dim: 1).item() == 0)
    #expect(vectors.shape == [2, model.dimension])
  }

  @Test("vectors do not depend on the order, on batches, or on the other texts")
  func order() throws {
    let model = try SentenceTransformer(Self.folder("last-token"))
    let texts = ["a", "don't split this", "How are you today?", "short", "naïve café"]
    let all = try model.encode(texts)
    let backwards = try model.encode(texts.reversed(), batchSize: 2)
    #expect(all.distance(to: backwards.flipped(dims: [0])) < 1e-6)
    #expect(try model.encode([]).shape == [0, model.dimension])
    #expect(try model.encode([""]).shape == [1, model.dimension])
  }

  @Test("vectors are cut and brought to length 1")
  func cut() throws {
    let model = try SentenceTransformer(Self.folder("weighted-mean"))
    let whole = try model.encode(["short"])
    let cut = try model.encode(["short"], truncateDim: 5, normalizeEmbeddings: true)
    #expect(cut.distance(to: F.normalize(whole.sliced(dim: 1, to: 5))) < 1e-6)
  }

  @Test("prompts stand before texts, and their tokens need not take part")
  func prompts() throws {
    let base = try SentenceTransformer(Self.folder("weighted-mean"))
    func model(includesPrompt: Bool) throws -> SentenceTransformer {
      let model = try SentenceTransformer(
        base.autoModel, tokenizer: base.tokenizer,
        pooling: SentencePooling([.mean], includesPrompt: includesPrompt),
        prompts: ["query": "find: "])
      model.eval()
      return model
    }
    let (with, without) = (try model(includesPrompt: true), try model(includesPrompt: false))
    let prompted = try with.encode(["a fox"], promptName: "query")
    #expect(prompted.distance(to: try with.encode(["find: a fox"])) < 1e-6)
    #expect(prompted.distance(to: try without.encode(["a fox"], promptName: "query")) > 1e-3)
    let error = #expect(throws: ModelError.self) {
      try with.encode(["a fox"], promptName: "document")
    }
    #expect(error?.description.contains("document") == true)
  }

  @Test("poolings on either side of padding are those of the text alone")
  func padding() {
    let states = Tensor.randn([1, 3, 4], generator: Generator(seed: 1))
    let fill = Tensor.full([1, 2, 4], 9)
    for mode in SentencePooling.Mode.allCases {
      let pooling = SentencePooling([mode])
      let alone = pooling(states, mask: Tensor([[1, 1, 1]]))
      let right = pooling(Tensor.cat([states, fill], dim: 1), mask: Tensor([[1, 1, 1, 0, 0]]))
      let left = pooling(Tensor.cat([fill, states], dim: 1), mask: Tensor([[0, 0, 1, 1, 1]]))
      #expect(alone.distance(to: right) < 1e-6, "\(mode) on the right")
      #expect(alone.distance(to: left) < 1e-6, "\(mode) on the left")
    }
  }

  @Test("what a folder asks for and is not there is an error that names it")
  func refusals() throws {
    func error(_ file: String, _ text: String) throws -> String {
      try withFolder { folder in
        try FileManager.default.removeItem(atPath: folder)
        try FileManager.default.copyItem(atPath: Self.folder("mean-dense"), toPath: folder)
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(file)"))
        return #expect(throws: ModelError.self) { try SentenceTransformer(folder) }?.description
          ?? ""
      }
    }
    let lstm = #"[{"path": "", "type": "a.Transformer"}, {"path": "1", "type": "a.LSTM"}]"#
    #expect(try error("modules.json", lstm).contains("LSTM"))
    let outside = #"[{"path": "", "type": "a.Transformer"}, {"path": "../x", "type": "a.Pooling"}]"#
    #expect(try error("modules.json", outside).contains("outside"))
    #expect(try error("1_Pooling/config.json", #"{"pooling_mode": "median"}"#).contains("median"))
    let dense = #"{"in_features": 31, "out_features": 12}"#
    #expect(try error("2_Dense/config.json", dense).contains("31 is not 32"))
    let unknown = #"{"in_features": 32, "out_features": 12, "gate": true}"#
    #expect(try error("2_Dense/config.json", unknown).contains("gate"))
  }

  private let a = Tensor([[1, 2], [0.5, -1], [3, 0.25]] as [[Float]])
  private let b = Tensor([[1, 1], [-1, 2], [2, 0.5]] as [[Float]])
  private let c = Tensor([[0, 1], [1, -1.5], [-1, 1]] as [[Float]])

  /// Numbers of sentence-transformers 6.2: `losses.NAME(None, …).compute_loss_from_embeddings(…)`.
  @Test("losses are those of sentence-transformers")
  func losses() {
    func close(_ loss: Tensor, _ expected: Float) -> Bool {
      abs(loss.item(Float.self) - expected) < 2e-6 * max(1, expected)
    }
    let labels = Tensor([1, 0, 1] as [Float])
    #expect(close(ContrastiveLoss()(a, b, labels: labels), 0.000467))
    #expect(close(ContrastiveLoss(distance: .euclidean, margin: 4)(a, b, labels: labels), 0.413281))
    #expect(close(ContrastiveLoss(distance: .manhattan, margin: 6)(a, b, labels: labels), 0.802084))
    let scores = Tensor([0.8, -0.5, 0.1] as [Float])
    #expect(close(CosineSimilarityLoss()(a, b, labels: scores), 0.352919))
    #expect(close(TripletLoss()(a, b, c), 4.731285))
    #expect(close(TripletLoss(distance: .cosine, margin: 0.5)(a, b, c), 0.979341))
    #expect(close(TripletLoss(distance: .manhattan, margin: 1)(a, b, c), 1.5))
    #expect(close(MultipleNegativesRankingLoss()([a, b]), 8.117839))
    #expect(close(MultipleNegativesRankingLoss()([a, b, c]), 13.383557))
    let all = MultipleNegativesRankingLoss(
      scale: 2,
      directions: [
        .queryToDoc, .queryToQuery, .docToQuery, .docToDoc,
      ])
    #expect(close(all([a, b, c]), 3.057732))
    let both = MultipleNegativesRankingLoss(
      scale: 2, directions: [.queryToDoc, .docToQuery], partition: .perDirection)
    #expect(close(both([a, b]), 1.42155))
  }

  @Test("training brings the vectors of pairs together, and what is saved has learned")
  func training() throws {
    let model = try SentenceTransformer(Self.folder("mean-dense"))
    let pairs = [("The quick brown fox", "short"), ("How are you today?", "naïve café")]
    let loss = MultipleNegativesRankingLoss()
    let optimizer = AdamW(model.parameters(), lr: 5e-3)
    var losses: [Float] = []
    for _ in 0..<8 {
      optimizer.zeroGrad()
      let value = loss([
        model(try model.tokenized(pairs.map(\.0))), model(try model.tokenized(pairs.map(\.1))),
      ])
      losses.append(value.item(Float.self))
      value.backward()
      optimizer.step()
    }
    #expect(losses[7] < losses[0] / 2)
    try withFolder { folder in
      try model.savePretrained(folder)
      let loaded = try SentenceTransformer(folder)
      let texts = pairs.map(\.0)
      #expect(try loaded.encode(texts).distance(to: try model.encode(texts)) == 0)
      #expect(loaded.maxSequenceLength == model.maxSequenceLength)
    }
  }
}
