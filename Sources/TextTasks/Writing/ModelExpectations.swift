import Base
import Foundation
import Tensors
import Tokenizers
import Transformers

/// What a model's folder gives for some texts: their ids, figures of its results, and the first tokens
/// that it goes on with. Recorded once, they tell whether a copy, a conversion or a merged model is
/// still the same.
public struct ModelExpectations: Codable, Equatable, Sendable {
  /// What one text gives.
  public struct Entry: Codable, Equatable, Sendable {
    /// The text; nil for ids that stand for none, in a folder without a tokenizer.
    public var text: String?
    /// Its ids.
    public var ids: [Int]
    /// The results by name.
    public var results: [String: Summary]
    /// The first tokens that follow when always the likeliest is taken; nil for models that write none.
    public var greedy: [Int]?
  }

  /// A tensor by its shape, its size and some of its values.
  public struct Summary: Codable, Equatable, Sendable {
    /// The shape.
    public var shape: [Int]
    /// The root of the mean square of all values.
    public var scale: Double
    /// Values at equal distances, the first and the last included.
    public var values: [Double]
  }

  /// The version of the form.
  public var version = 1
  /// The class of the model.
  public var architecture: String
  /// By text.
  public var entries: [Entry]

  /// The texts that are used where none are given: letters of several scripts, digits, symbols.
  public static let texts = [
    "The quick brown fox jumps over the lazy dog.",
    "In 1969, 2 people walked on the Moon: a first!",
    "Zażółć gęślą jaźń; l'été à Köln, naïve Ångström.",
    "机器学习与自然语言处理。 こんにちは世界", "fn main() { return x[3] * -0.5; }  // 🙂",
  ]

  /// Computes what a folder gives.
  /// - Parameters:
  ///   - folder: The model's folder, or a name that the hub's cache holds.
  ///   - texts: The texts.
  ///   - greedyTokens: How many tokens to go on with.
  ///   - idsOfTexts: The texts' ids, for a GGUF file without a tokenizer beside it.
  /// - Throws: What is missing or damaged in the folder, with its file.
  public init(
    of folder: String, texts: [String] = Self.texts, greedyTokens: Int = 16,
    idsOfTexts: [[Int]] = []
  ) throws {
    let tokenizer = try Self.tokenizer(folder)
    let model = try Self.model(folder)
    architecture = "\(type(of: model))"
    let vocabulary = model.configuration["vocab_size"]?.int ?? (tokenizer?.count ?? 1000)
    if let tokenizer, tokenizer.count > vocabulary {
      throw TextError(
        "\(folder): the tokenizer has \(tokenizer.count) tokens and the model \(vocabulary); use the tokenizer that the model was trained with"
      )
    }
    let rows: [(String?, [Int])]
    if let tokenizer {
      rows = try texts.map { text in
        var options = CallOptions()
        options.truncation = .longestFirst
        options.maxLength =
          [tokenizer.modelMaxLength, model.configuration["max_position_embeddings"]?.int, 128]
          .compactMap { $0 }.min()
        return (text, try tokenizer(text, options).inputIds[0])
      }
    } else if idsOfTexts.count == texts.count, try ModelFolder(folder).ggufFile != nil {
      if let id = idsOfTexts.joined().max(), id >= vocabulary {
        throw TextError(
          "\(folder): the model has \(vocabulary) tokens, and the id \(id) was recorded; compare it with what was recorded of the same model"
        )
      }
      rows = Array(zip(texts, idsOfTexts))
    } else {
      rows = (0..<3).map { row in (nil, (0..<8).map { (row * 37 + $0 * 11 + 5) % vocabulary }) }
    }
    entries = try rows.filter { !$0.1.isEmpty }.map { text, ids in
      try Entry(
        text: text, ids: ids, results: Self.results(model, ids).mapValues(Self.summary),
        greedy: Self.greedy(model, ids, greedyTokens))
    }
  }

  /// The model of the class that the folder names; where it names none, one that writes if all of its weights
  /// are there, and else one without a head.
  private static func model(_ folder: String) throws -> PretrainedModel {
    if let task = TextWriter.task(folder),
      let model = try? Pretrained.load(folder, task: task),
      model.loadReport?.missing.isEmpty ?? true
    {
      return model
    }
    return try Pretrained.load(folder)
  }

  private static func tokenizer(_ folder: String) throws -> PreTrainedTokenizer? {
    guard AutoTokenizer.hasTokenizer(try ModelFolder(folder)) else { return nil }
    return try AutoTokenizer.fromPretrained(folder)
  }

  private static func results(_ model: PretrainedModel, _ ids: [Int]) throws -> [String: Tensor] {
    try noGrad {
      let inputs = ModelInputs(inputIds: Tensor([ids]))
      switch model {
      case let model as any Seq2SeqLanguageModel:
        let output = model(
          Seq2SeqInputs(inputs, decoderInputIds: model.decoderInputIds(from: inputs.inputIds)),
          labels: nil)
        return ["logits": output.logits]
      case let model as any AnsweringModel:
        let output = model(inputs, startPositions: nil, endPositions: nil)
        return ["start_logits": output.startLogits, "end_logits": output.endLogits]
      case let model as any LabelledModel:
        let isChoice = "\(type(of: model))".contains("MultipleChoice")
        return [
          "logits": model(
            isChoice ? ModelInputs(inputIds: Tensor(ids, shape: [1, 1, ids.count])) : inputs,
            labels: nil
          ).logits
        ]
      case let model as any EncoderModel: return ["states": model(inputs).lastHiddenState]
      case let model as DecoderModel: return ["states": model(inputs).lastHiddenState]
      default:
        throw TextError("there is no way yet to check a model of the class \(type(of: model))")
      }
    }
  }

  private static func summary(_ tensor: Tensor) -> Summary {
    let all = tensor.to(.float32).array(of: Float.self).map { Double($0) }
    let count = min(all.count, 64)
    let places = (0..<count).map { count == 1 ? 0 : $0 * (all.count - 1) / (count - 1) }
    let mean = all.reduce(0) { $0 + $1 * $1 } / Double(max(all.count, 1))
    return Summary(
      shape: tensor.shape, scale: mean.squareRoot(), values: places.map { all[$0] })
  }

  private static func greedy(
    _ model: PretrainedModel, _ ids: [Int], _ count: Int
  ) throws -> [Int]? {
    guard let model = model as? any GenerativeModel, count > 0 else { return nil }
    var config = GenerationConfig()
    config.doSample = false
    config.numBeams = 1
    config.maxNewTokens = count
    let room = model.positionLimit.map { model.isEncoderDecoder ? $0 : $0 - count } ?? ids.count
    guard room > 0 else { return nil }
    let prompt = Array(ids.prefix(max(1, room)))
    let output = try model.generate(
      Tensor([prompt]), config: config, generator: Generator(seed: 0))
    return Array(output.rows[0].dropFirst(model.isEncoderDecoder ? 1 : prompt.count))
  }

  // MARK: Files

  /// Reads recorded expectations.
  /// - Throws: ``TextError`` where there are none, or they are damaged.
  public init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw TextError("there is no \(path): record what the folder gives now with --record")
    }
    do throws(JSONReading.Fault) {
      self = try JSONReading.decode(Self.self, from: data)
    } catch {
      throw TextError("\(path) holds no expectations: \(error); record them anew with --record")
    }
    guard version == 1 else {
      throw TextError("\(path) is of version \(version), and only 1 is known; record it anew")
    }
  }

  /// Writes expectations.
  /// - Throws: ``TextError`` where the file cannot be written.
  public func save(to path: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    do {
      try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw TextError("\(path) cannot be written: \(error.localizedDescription)")
    }
  }

  // MARK: Comparison

  /// What differs from what was recorded, a line each; empty where nothing does.
  /// - Parameters:
  ///   - recorded: What is right.
  ///   - relative: How far a value may lie off, as a share of the tensor's ``Summary/scale``.
  public func differences(from recorded: ModelExpectations, relative: Double = 1e-3) -> [String] {
    var lines: [String] = []
    if architecture != recorded.architecture {
      lines.append("the model is a \(architecture), and was a \(recorded.architecture)")
    }
    if entries.count != recorded.entries.count {
      lines.append("there are \(entries.count) texts, and were \(recorded.entries.count)")
    }
    for (number, (own, right)) in zip(entries, recorded.entries).enumerated() {
      let place = "text \(number + 1)"
      if own.ids != right.ids {
        let index = zip(own.ids, right.ids).enumerated().first { $1.0 != $1.1 }?.offset
        lines.append(
          "\(place): ids differ from number \(index ?? min(own.ids.count, right.ids.count)) on: \(own.ids) instead of \(right.ids)"
        )
        continue
      }
      for (name, summary) in right.results.inKeyOrder {
        lines += Self.difference(own.results[name], summary, "\(place): \(name)", relative)
      }
      if own.greedy != right.greedy {
        lines.append(
          "\(place): the likeliest tokens are \(own.greedy ?? []) instead of \(right.greedy ?? [])")
      }
    }
    return lines
  }

  private static func difference(
    _ own: Summary?, _ right: Summary, _ place: String, _ relative: Double
  ) -> [String] {
    guard let own else { return ["\(place) are gone"] }
    guard own.shape == right.shape, own.values.count == right.values.count else {
      return ["\(place) are \(own.shape) instead of \(right.shape)"]
    }
    let worst = zip(own.values, right.values).map { abs($0 - $1) }.max() ?? 0
    let limit = relative * max(right.scale, 1e-6)
    if own.values.contains(where: { !$0.isFinite }) { return ["\(place) are not finite"] }
    guard worst > limit || abs(own.scale - right.scale) > limit else { return [] }
    return [
      "\(place) differ by up to \(worst), where \(limit) is allowed for values of about \(right.scale)"
    ]
  }
}
