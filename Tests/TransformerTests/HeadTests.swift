import NN
import Tensors
import Testing
import Transformers

@Suite("Heads and their losses")
struct HeadTests {
  @Test("labels say what they are where the configuration does not, and that is noted")
  func problemTypes() {
    let logits = Tensor([[1.0, 2, 3], [0, 0, 0]], dtype: .float64)
    let configuration = tinyBert()
    let classes = HeadLoss.sequence(logits, Tensor([2, 0]), configuration)
    #expect(configuration["problem_type"] == "single_label_classification")
    #expect(abs(classes.item() - (0.407606 + 1.098612) / 2) < 1e-5)
    let several = tinyBert()
    let truths = HeadLoss.sequence(
      logits, Tensor([[1.0, 0, 1], [0, 1, 0]], dtype: .float64), several)
    #expect(several["problem_type"] == "multi_label_classification")
    #expect(abs(truths.item() - 0.761370) < 1e-5)
    let numbers = tinyBert()
    let squares = HeadLoss.sequence(
      Tensor([[1.0], [3.0]], dtype: .float64), Tensor([2.0, 1.0], dtype: .float64), numbers)
    #expect(numbers["problem_type"] == "regression")
    #expect(squares.item() == 2.5)
  }

  @Test("DeBERTa gives numbers as [N] beside a loss where their kind is not named")
  func debertaNumbers() throws {
    let fields: [String: ConfigurationValue] = [
      "model_type": "deberta-v2", "num_labels": 1, "pooler_hidden_size": 16,
    ]
    let model = try AutoModelForSequenceClassification.fromConfiguration(tinyBert(fields))
    let inputs = ModelInputs(inputIds: tokens, attentionMask: mask)
    #expect(model(inputs, labels: nil).logits.shape == [2, 1])
    #expect(model(inputs, labels: Tensor([0.5, 1.0])).logits.shape == [2])
    let named = try AutoModelForSequenceClassification.fromConfiguration(
      tinyBert(fields.merging(["problem_type": "regression"]) { $1 }))
    #expect(named(inputs, labels: Tensor([0.5, 1.0])).logits.shape == [2, 1])
  }

  @Test("an answer's position beyond the text does not count")
  func answers() {
    let starts = Tensor([[1.0, 2], [0, 1]], dtype: .float64)
    let whole = HeadLoss.answers(
      starts, starts, startPositions: Tensor([1, 40]), endPositions: Tensor([1, 40]))
    let first = F.crossEntropy(starts.sliced(to: 1), Tensor([1]))
    #expect(abs(whole.item() - first.item()) < 1e-6)
  }

  @Test("padding does not change what is computed of the tokens")
  func padding() throws {
    try Generator(seed: 5).asDefault {
      let model = try AutoModelForTokenClassification.fromConfiguration(tinyBert())
      model.eval()
      let padded = model(inputIds: tokens, attentionMask: mask).logits[1].sliced(to: 3)
      let alone = model(inputIds: tokens.sliced(from: 1).sliced(dim: 1, to: 3)).logits[0]
      #expect(padded.distance(to: alone) < 1e-6)
    }
  }

  @Test("states and attention weights of every layer come where they are asked for")
  func everyLayer() throws {
    try Generator(seed: 6).asDefault {
      let model = try AutoModelForMaskedLM.fromConfiguration(tinyBert())
      model.eval()
      let plain = model(inputIds: tokens, attentionMask: mask)
      #expect(plain.hiddenStates == nil && plain.attentions == nil)
      let output = model(
        ModelInputs(
          inputIds: tokens, attentionMask: mask, outputHiddenStates: true, outputAttentions: true),
        labels: nil)
      #expect(output.hiddenStates?.map(\.shape) == [[2, 5, 16], [2, 5, 16], [2, 5, 16]])
      let weights = try #require(output.attentions)
      #expect(weights.map(\.shape) == [[2, 2, 5, 5], [2, 2, 5, 5]])
      #expect(weights[0].sum(dim: -1).distance(to: Tensor.ones([2, 2, 5])) < 1e-6)
      #expect(weights[0][1].sliced(dim: 2, from: 3).abs().max().item() == 0)
      #expect(output.logits.distance(to: plain.logits) < 1e-6)
    }
  }

  @Test("dropout acts in training alone")
  func dropout() throws {
    try Generator(seed: 7).asDefault {
      let model = try AutoModelForMaskedLM.fromConfiguration(tinyBert())
      model.train()
      let dropped = model(inputIds: tokens).logits.distance(to: model(inputIds: tokens).logits)
      #expect(dropped > 0)
      model.eval()
      #expect(model(inputIds: tokens).logits.distance(to: model(inputIds: tokens).logits) == 0)
    }
  }
}
