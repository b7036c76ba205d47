import Base

/// What a name in `tokenizer.ggml.pre` stands for: how the models that are called so divide texts before
/// byte pairs are merged, as their own tokenizer.json has it.
struct GGUFPreTokenizer: Sendable {
  /// The names in files.
  let names: [String]
  /// The pre-tokenizer's JSON.
  let preTokenizer: String
  /// The normalizer's JSON.
  var normalizer = "null"
  /// Whether a word that is a token is taken as it is.
  var ignoresMerges = false
  /// Whether texts begin with a token of their own where the file does not say.
  var addsBegin = false
  /// Whether two texts are put together as RoBERTa does.
  var isRoberta = false

  /// What a name stands for, or nil where it is not known.
  init?(_ name: String) {
    guard let found = Self.all.first(where: { $0.names.contains(name) }) else { return nil }
    self = found
  }

  /// What files without a name, or with `default`, mean: what the models of their architecture have.
  init(architecture: String) {
    let names = [
      "qwen2": "qwen2", "qwen2moe": "qwen2", "qwen3": "qwen2", "qwen3moe": "qwen2",
      "falcon": "falcon", "starcoder": "starcoder", "refact": "refact", "codeshell": "codeshell",
      "gptneox": "mpt", "mpt": "mpt", "olmo": "olmo", "bloom": "bloom", "command-r": "command-r",
    ]
    self = names[architecture].flatMap(Self.init) ?? Self(names: [], preTokenizer: Self.byteLevel)
  }

  private init(
    names: [String], preTokenizer: String, normalizer: String = "null",
    ignoresMerges: Bool = false, addsBegin: Bool = false, isRoberta: Bool = false
  ) {
    self.names = names
    self.preTokenizer = preTokenizer
    self.normalizer = normalizer
    self.ignoresMerges = ignoresMerges
    self.addsBegin = addsBegin
    self.isRoberta = isRoberta
  }

  // MARK: Parts

  private static let composed = #"{"type": "NFC"}"#

  /// GPT-2's own division of texts.
  private static let byteLevel = bytes(divides: true)

  private static func bytes(divides: Bool) -> String {
    #"{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": \#(divides)}"#
  }

  private static func sequence(_ parts: [String]) -> String {
    #"{"type": "Sequence", "pretokenizers": [\#(parts.joined(separator: ", "))]}"#
  }

  private static func split(_ expression: String) -> String {
    #"{"type": "Split", "pattern": {"Regex": \#(quotedJSON(expression))}, "#
      + #""behavior": "Isolated", "invert": false}"#
  }

  private static func digits(each: Bool) -> String {
    #"{"type": "Digits", "individual_digits": \#(each)}"#
  }

  /// Expressions one after the other, and bytes behind them.
  private static func splits(_ expressions: [String]) -> String {
    sequence(expressions.map(split) + [bytes(divides: false)])
  }

  /// The expression of GPT-4's successors, with the digits and the words that a family has.
  private static func modern(word: String = #"\p{L}"#, numbers: String, marks: String = "")
    -> String
  {
    #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\#(word)+|\#(numbers)| ?"#
      + #"[^\s\p{L}\#(marks)\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// The expression of o200k and Tekken, which divides where upper case begins.
  private static func cased(endings: String, numbers: String) -> String {
    let upper = #"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"#
    let lower = #"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"#
    let before = #"[^\r\n\p{L}\p{N}]?"#
    return "\(before)\(upper)*\(lower)+\(endings)|\(before)\(upper)+\(lower)*\(endings)|\(numbers)"
      + #"| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
  }

  /// Letters with cases, as these models know them.
  private static let letters =
    "A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕ"
    + "ἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-\u{1f7d}ᾀ-ᾴᾶ-ᾼ\u{1fbe}ῂ-ῄῆ-ῌῐ-\u{1fd3}ῖ-\u{1fdb}ῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤ"
    + "\u{2126}ℨ\u{212a}-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻"
    + "𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃"

  private static let ideographs = "[一-龥ࠀ-一가-퟿]+"

  // MARK: Names

  static let all: [GGUFPreTokenizer] = [
    Self(
      names: ["gpt-2", "phi-2", "jais", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de"],
      preTokenizer: byteLevel),
    Self(
      names: ["roberta-bpe", "jina-v1-en", "jina-v2-code"], preTokenizer: byteLevel,
      isRoberta: true),
    Self(names: ["mpt", "olmo", "modern-bert"], preTokenizer: byteLevel, normalizer: composed),
    Self(
      names: ["smollm", "starcoder", "refact", "codeshell", "exaone", "minerva-7b"],
      preTokenizer: sequence([digits(each: true), byteLevel])),
    Self(
      names: ["command-r"], preTokenizer: sequence([digits(each: true), byteLevel]),
      normalizer: composed),
    Self(
      names: [
        "llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "lfm2", "pixtral", "midm-2.0",
        "jina-v5-nano",
      ],
      preTokenizer: splits([modern(numbers: #"\p{N}{1,3}"#)]), ignoresMerges: true,
      addsBegin: true),
    Self(
      names: ["dbrx", "smaug-bpe", "chatglm-bpe", "glm4"],
      preTokenizer: splits([modern(numbers: #"\p{N}{1,3}"#)])),
    Self(
      names: ["qwen2", "deepseek-r1-qwen", "megrez", "stablelm2", "hunyuan", "kormo", "f2llmv2"],
      preTokenizer: splits([modern(numbers: #"\p{N}"#)]), normalizer: composed),
    Self(
      names: ["qwen35"],
      preTokenizer: splits([modern(word: #"[\p{L}\p{M}]"#, numbers: #"\p{N}"#, marks: #"\p{M}"#)]),
      normalizer: composed),
    Self(names: ["grok-2"], preTokenizer: splits([modern(numbers: #"\p{N}"#)])),
    Self(
      names: ["tekken", "mistral"],
      preTokenizer: splits([cased(endings: "", numbers: #"\p{N}"#)]), ignoresMerges: true,
      addsBegin: true),
    Self(
      names: ["gpt-4o", "llama4", "kanana2", "minimax-m2", "talkie"],
      preTokenizer: splits([
        cased(endings: "(?i:'s|'t|'re|'ve|'m|'ll|'d)?", numbers: #"\p{N}{1,3}"#)
      ])),
    Self(
      names: ["deepseek-llm"],
      preTokenizer: sequence(
        [
          #"[\r\n]"#, #"\s?[\#(letters)]+"#, #"\s?[!-/:-~！-／：-～‘-‟　-。]+"#, #"\s+$"#, ideographs,
        ].map(split) + [digits(each: true), bytes(divides: false)])),
    Self(
      names: ["deepseek-coder"],
      preTokenizer: sequence(
        [#"[\r\n]"#, #"\s?\p{L}+"#, #"\s?\p{P}+"#, ideographs].map(split)
          + [digits(each: true), bytes(divides: false)])),
    Self(
      names: ["deepseek-v3", "hunyuan-dense"],
      preTokenizer: splits([
        #"\p{N}{1,3}"#, "[一-龥぀-ゟ゠-ヿ]+",
        ##"[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"##
          + #"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#,
      ])),
    Self(
      names: ["falcon"],
      preTokenizer: sequence([
        #"{"type": "Punctuation", "behavior": "Contiguous"}"#, byteLevel, digits(each: false),
        split("[0-9][0-9][0-9]"),
      ])),
    Self(
      names: ["bloom", "poro-chat", "gpt3-finnish"],
      preTokenizer: splits([#" ?[^(\s|.,!?…。，、।۔،)]+"#])),
    Self(
      names: ["seed-coder"],
      preTokenizer: splits([
        #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+"#
          + #"|\s*[\r\n]+|\s+(?!\S)|\s+"#
      ])),
    Self(
      names: ["bailingmoe", "bailingmoe2", "llada-moe"],
      preTokenizer: splits([
        #"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]"#
          + #"|\s+(?!\S)|\s+"#
      ])),
  ]
}
