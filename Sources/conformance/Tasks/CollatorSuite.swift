import Base
import Foundation
import Tensors
import TextTasks
import Tokenizers

/// Records and the batches that transformers' collators make of them: `collators/cases.json`.
struct CollatorSuite: Suite {
  private let folder: URL
  private let cases: [JSONValue]

  init(_ path: URL) throws {
    let url = path.file("cases.json")
    folder = url.deletingLastPathComponent()
    cases = try CaseList.read(url)
  }

  var units: [String] { Set(cases.compactMap { $0["collator"]?.string }).sorted() }

  func checks(of unit: String) throws -> [Check] {
    cases.enumerated().filter { $1["collator"]?.string == unit }.map { number, item in
      Check(id: item["label"]?.string ?? "\(number)") { try check(item) }
    }
  }

  private func check(_ item: JSONValue) throws {
    let expected = item["output"]
    let batch: TextBatch
    do {
      batch = try collate(item)
    } catch let error as CollationError {
      if expected == nil || item["error"] != nil { return }
      throw Mismatch("refused: \(error)")
    }
    guard let expected else { throw Mismatch("taken, though it must be refused") }
    let members = (expected.members ?? []).filter { !$0.value.isNull }
    try Expectation.equal(
      "names", (batch.names + batch.numbers.keys).sorted(), members.map(\.name).sorted())
    for member in members {
      if let number = batch.numbers[member.name] {
        try Expectation.equal(member.name, number, member.value.int ?? -1)
        continue
      }
      guard let tensor = batch[member.name] else { continue }
      let flat = FlatNumbers(member.value)
      try Expectation.equal("\(member.name)'s shape", tensor.shape, flat.shape)
      try Expectation.equal(
        "\(member.name)'s kind", tensor.dtype.isFloatingPoint, flat.isFloatingPoint)
      try Expectation.equal(
        member.name, tensor.array(of: Float.self), flat.values.map { Float($0) })
    }
  }

  private func collate(_ item: JSONValue) throws -> TextBatch {
    let tokenizer = try AutoTokenizer.fromPretrained(
      folder.appendingPathComponent(item["tokenizer"]?.string ?? ".").standardized.path)
    let settings = Settings(item["settings"])
    let given = item["features"]?.array ?? []
    let name = item["collator"]?.string ?? ""
    func finished(_ collator: some DataCollator) throws -> TextBatch {
      try settings.requireAllRead()
      return try collator(try given.map(Self.feature))
    }
    switch name {
    case "DefaultDataCollator": return try finished(DefaultDataCollator())
    case "DataCollatorWithPadding":
      return try finished(DataCollatorWithPadding(tokenizer, try settings.padding()))
    case "DataCollatorForTokenClassification":
      return try finished(
        DataCollatorForTokenClassification(
          tokenizer, try settings.padding(),
          labelPadTokenId: settings["label_pad_token_id"]?.int ?? -100))
    case "DataCollatorForSeq2Seq":
      return try finished(
        DataCollatorForSeq2Seq(
          tokenizer, try settings.padding(),
          labelPadTokenId: settings["label_pad_token_id"]?.int ?? -100))
    case "DataCollatorForMultipleChoice":
      return try finished(DataCollatorForMultipleChoice(tokenizer, try settings.padding()))
    case "DataCollatorWithFlattening":
      var collator = DataCollatorWithFlattening()
      collator.returnPositionIds = settings["return_position_ids"]?.bool ?? true
      collator.separatorId = settings["separator_id"]?.int ?? -100
      collator.returnFlashAttentionBounds = settings["return_flash_attn_kwargs"]?.bool ?? false
      collator.returnSequenceIndex = settings["return_seq_idx"]?.bool ?? false
      collator.positionIdsStart = settings["position_ids_start"]?.int ?? 0
      return try finished(collator)
    case "DataCollatorForLanguageModeling":
      var options = DataCollatorForLanguageModeling.Options()
      options.mlm = settings["mlm"]?.bool ?? true
      options.wholeWordMask = settings["whole_word_mask"]?.bool ?? false
      options.mlmProbability = settings["mlm_probability"]?.double ?? 0.15
      options.maskReplaceProb = settings["mask_replace_prob"]?.double ?? 0.8
      options.randomReplaceProb = settings["random_replace_prob"]?.double ?? 0.1
      options.padToMultipleOf = settings["pad_to_multiple_of"]?.int
      let seed = settings["seed"]?.int ?? item["seed"]?.int
      let collator = try DataCollatorForLanguageModeling(
        tokenizer, options, generator: seed.map { Generator(seed: UInt64($0)) })
      if given.first?.array != nil {
        try settings.requireAllRead()
        return try collator(rows: given.map { $0.ints ?? [] })
      }
      return try finished(collator)
    default: throw Unsupported("the collator \(name)")
    }
  }

  private static func feature(_ item: JSONValue) throws -> TextFeature {
    var feature = TextFeature()
    for member in item.members ?? [] where !member.value.isNull {
      feature[member.name] = try value(member.value)
    }
    return feature
  }

  private static func value(_ json: JSONValue) throws -> FeatureValue {
    switch json {
    case .number(let text): return isWhole(text) ? .int(json.int ?? 0) : .double(json.double ?? 0)
    case .bool(let value): return .int(value ? 1 : 0)
    case .string(let text): return .text(text)
    case .array(let values):
      if values.contains(where: { $0.array != nil }) {
        return .rows(values.map { $0.ints ?? [] })
      }
      let areWhole = values.allSatisfy {
        if case .number(let text) = $0 { isWhole(text) } else { false }
      }
      return areWhole
        ? .ints(values.compactMap(\.int)) : .doubles(values.compactMap(\.double))
    default: throw Unsupported("a record's field of this kind")
    }
  }

  static func isWhole(_ text: String) -> Bool { Int(text) != nil }

  /// The case's settings, of which every one must be read.
  private final class Settings {
    private let json: JSONValue?
    private var read: Set<String> = []

    init(_ json: JSONValue?) { self.json = json }

    subscript(name: String) -> JSONValue? {
      read.insert(name)
      return json?[name].flatMap { $0.isNull ? nil : $0 }
    }

    func padding() throws -> PaddingOptions {
      var options = PaddingOptions()
      switch self["padding"] {
      case nil, .bool(true), .string("longest"): break
      case .bool(false), .string("do_not_pad"): options.padding = .doNotPad
      case .string("max_length"): options.padding = .maxLength
      default: throw Unsupported("this padding")
      }
      options.maxLength = self["max_length"]?.int
      options.padToMultipleOf = self["pad_to_multiple_of"]?.int
      return options
    }

    func requireAllRead() throws {
      let names = (json?.members ?? []).map(\.name).filter { !read.contains($0) }
      if let name = names.first(where: { $0 != "return_tensors" }) {
        throw Unsupported("the setting \(name)")
      }
    }
  }
}

/// The numbers of nested lists with their shape.
struct FlatNumbers {
  private(set) var values: [Double] = []
  private(set) var shape: [Int] = []
  private(set) var isFloatingPoint = false

  init(_ json: JSONValue) {
    var level = json
    while case .array(let values) = level {
      shape.append(values.count)
      guard let first = values.first else { break }
      level = first
    }
    collect(json)
  }

  private mutating func collect(_ json: JSONValue) {
    switch json {
    case .array(let all): for value in all { collect(value) }
    case .number(let text):
      if !CollatorSuite.isWhole(text) { isFloatingPoint = true }
      values.append(json.double ?? .nan)
    default: values.append(json.bool.map { $0 ? 1 : 0 } ?? .nan)
    }
  }
}

/// The cases of a JSON file.
enum CaseList {
  static func read(_ url: URL) throws -> [JSONValue] {
    do {
      let file = try JSONParser.parse([UInt8](url.unpacked()))
      guard let cases = file.array ?? file["cases"]?.array else {
        throw RunnerError("a list of cases is expected")
      }
      return cases
    } catch {
      throw RunnerError("\(url.path): \(error)")
    }
  }
}
