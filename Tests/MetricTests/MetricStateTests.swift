import Foundation
import Metrics
import Testing

@Suite("Metrics")
struct MetricStateTests {
  @Test("states go through JSON and merge to the same figures in any order")
  func merging() throws {
    var (whole, parts) = (PairedValues(), [PairedValues(), PairedValues(), PairedValues()])
    for record in 0..<50 {
      let label = Double(record * 37 % 11) / 3
      let prediction = Double(record * 53 % 17) / 7
      whole.add(labels: [label], predictions: [prediction])
      parts[record * 7 % 3].add(labels: [label], predictions: [prediction])
    }
    let gathered = try parts.map {
      try JSONDecoder().decode(PairedValues.self, from: JSONEncoder().encode($0))
    }
    for order in [gathered, gathered.reversed()] {
      let merged = try #require(order.merged())
      #expect(merged.pearson == whole.pearson)
      #expect(merged.meanSquaredError == whole.meanSquaredError)
      #expect(merged.averagePrecision == whole.averagePrecision)
    }
  }

  @Test("figures of nothing are 0 or NaN, not a trap")
  func nothing() {
    #expect(ConfusionMatrix().accuracy == 0 && ConfusionMatrix().matthews == 0)
    #expect(ConfusionMatrix().f1(.macro) == 0 && ConfusionMatrix().f1(.weighted) == 0)
    #expect(PairedValues().pearson.isNaN && PairedValues().rocAUC.isNaN)
    #expect(EntityScores().f1() == 0 && SquadScores().f1 == 0 && RougeScores().rougeL == 0)
    #expect(BleuScore().score() == 0 && Perplexity().value.isNaN)
  }

  @Test("a confusion matrix is printed as a table")
  func table() {
    var confusion = ConfusionMatrix()
    confusion.add(labels: [0, 10, 0, 10, 2], predictions: [0, 10, 2, 10, 10])
    for _ in 0..<99 { confusion.add(labels: [0], predictions: [0]) }
    #expect(
      "\(confusion)" == """
        label  predicted
                 0  2  10
            0  100  1   0
            2    0  0   1
           10    0  0   2
        """)
    #expect("\(ConfusionMatrix())" == "ConfusionMatrix of no records")
  }

  @Test("labels that are ignored count nowhere")
  func ignored() {
    var state = ConfusionMatrix()
    state.add(labels: [1, -100, 0], predictions: [1, 1, 1], ignoring: -100)
    #expect(state.records == 2 && state.accuracy == 0.5)
  }

  @Test("an entity after another type begins one, as conlleval reads it")
  func entities() {
    let found = EntityScores.entities(["I-PER", "I-PER", "I-LOC", "O", "B-LOC", "B-LOC", "I-LOC"])
    #expect(found.map(\.type) == ["PER", "LOC", "LOC", "LOC"])
    #expect(found.map(\.tokens) == [0...1, 2...2, 4...4, 5...6])
  }

  @Test("of several right answers the best counts, and none means an empty one")
  func answers() {
    var state = SquadScores()
    state.add(prediction: "in Paris", references: ["London", "Paris"])
    state.add(prediction: "", references: [])
    #expect(state.exactMatch == 0.5)
    #expect(abs(state.f1 - (2.0 / 3 + 1) / 2) < 1e-12)
  }
}
