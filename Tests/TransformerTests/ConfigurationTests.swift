import Foundation
import Testing
import Transformers

@Suite("Model configurations")
struct ConfigurationTests {
  @Test("a setting that nothing honours is an error that names it")
  func unknownSetting() throws {
    let configuration = tinyBert(["attention_window": 5])
    let error = #expect(throws: ModelError.self) {
      try AutoModel.fromConfiguration(configuration)
    }
    #expect(error?.field == "attention_window")
    let allowed = try AutoModel.fromConfiguration(
      tinyBert(["attention_window": 5]), ignoringFields: ["attention_window"])
    #expect(allowed is BertModel)
  }

  @Test("a setting that only other values of are honoured is an error that names it")
  func unsupportedValue() throws {
    for (name, value) in [
      ("hidden_act", "swish2"), ("is_decoder", true), ("position_embedding_type", "relative_key"),
      ("num_attention_heads", 3), ("hidden_dropout_prob", 1.5), ("vocab_size", "many"),
      ("pad_token_id", 40), ("hidden_size", 0),
    ] as [(String, ConfigurationValue)] {
      let error = #expect(throws: ModelError.self, "\(name)") {
        try AutoModel.fromConfiguration(tinyBert([name: value]))
      }
      #expect(error?.field == name)
    }
  }

  @Test("descriptions, tokens and settings of generation are no settings of the model")
  func descriptions() throws {
    let configuration = tinyBert([
      "transformers_version": "4.2.0", "_name_or_path": "x", "bos_token_id": 3, "num_beams": 4,
      "gradient_checkpointing": false, "position_embedding_type": "absolute", "eos_token_id": .null,
      "an_absent_one": .null,
    ])
    #expect(try AutoModel.fromConfiguration(configuration) is BertModel)
  }

  @Test("labels are counted by their names, then by num_labels, then two")
  func labels() throws {
    #expect(try tinyBert().numLabels == 2)
    #expect(try tinyBert(["num_labels": 5]).numLabels == 5)
    let named = tinyBert(["num_labels": 5, "id2label": ["0": "a", "1": "b", "2": "c"]])
    #expect(try named.numLabels == 3)
    #expect(try named.labels == ["a", "b", "c"])
  }

  @Test("a model type that no family has names those that there are")
  func unknownFamily() throws {
    let error = #expect(throws: ModelError.self) {
      try AutoModel.fromConfiguration(ModelConfiguration(["model_type": "abacus"]))
    }
    #expect(error?.field == "model_type")
    #expect(error?.remedy.contains("bert") == true)
  }

  @Test("numbers keep their kind and objects their names when a configuration is written")
  func written() throws {
    try withFolder { folder in
      let text = """
        {"model_type": "bert", "layer_norm_eps": 1e-12, "a": [1, 2.0, null], "é": {"b": true}}
        """
      try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/config.json"))
      let configuration = try ModelConfiguration(path: "\(folder)/config.json")
      #expect(configuration["layer_norm_eps"] == 1e-12)
      #expect(configuration["a"] == [1, 2.0, .null])
      try Data(configuration.json.utf8).write(to: URL(fileURLWithPath: "\(folder)/again.json"))
      let again = try ModelConfiguration(path: "\(folder)/again.json")
      #expect(
        Set(again.fields.map(\.name)) == ["model_type", "layer_norm_eps", "a", "é"])
      #expect(again["a"] == configuration["a"] && again["é"] == ["b": true])
    }
  }
}
