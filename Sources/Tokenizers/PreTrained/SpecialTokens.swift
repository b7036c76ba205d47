import Base

/// The tokens that have a part to play, by that part.
public struct SpecialTokens: Sendable, Equatable {
  /// Begins a text.
  public var bos: String?
  /// Ends a text.
  public var eos: String?
  /// Stands for what is not in the vocabulary.
  public var unk: String?
  /// Stands between texts.
  public var sep: String?
  /// Fills up shorter texts.
  public var pad: String?
  /// Stands for a whole text.
  public var cls: String?
  /// Stands for what is to be guessed.
  public var mask: String?
  /// Further ones.
  public var additional: [String] = []

  /// None.
  public init() {}

  static let names: [(name: String, part: WritableKeyPath<SpecialTokens, String?> & Sendable)] = [
    ("bos_token", \.bos), ("eos_token", \.eos), ("unk_token", \.unk), ("sep_token", \.sep),
    ("pad_token", \.pad), ("cls_token", \.cls), ("mask_token", \.mask),
  ]

  /// All of them, each once.
  public var all: [String] {
    var result: [String] = []
    for token in Self.names.compactMap({ self[keyPath: $0.part] }) + additional
    where !result.contains(where: { $0.utf8.elementsEqual(token.utf8) }) {
      result.append(token)
    }
    return result
  }

  /// Takes over what a file names, and returns the tokens that it describes in full.
  mutating func take(_ json: JSONValue) -> [AddedToken] {
    var described: [AddedToken] = []
    for (name, part) in Self.names {
      guard let value = json[name], let token = AddedToken(json: value, special: true) else {
        continue
      }
      self[keyPath: part] = token.content
      if value.string == nil { described.append(token) }
    }
    for name in ["extra_special_tokens", "additional_special_tokens"] {
      let values = json[name]?.array ?? json[name]?.members?.map(\.value) ?? []
      for value in values {
        guard let token = AddedToken(json: value, special: true) else { continue }
        if !additional.contains(where: { $0.utf8.elementsEqual(token.content.utf8) }) {
          additional.append(token.content)
        }
        if value.string == nil { described.append(token) }
      }
    }
    return described
  }

  /// What a class of tokenizers has where no file says otherwise.
  static func usual(for family: TokenizerFamily) -> SpecialTokens {
    var tokens = SpecialTokens()
    switch family {
    case .bert:
      (tokens.unk, tokens.sep, tokens.pad) = ("[UNK]", "[SEP]", "[PAD]")
      (tokens.cls, tokens.mask) = ("[CLS]", "[MASK]")
    case .gpt2:
      (tokens.bos, tokens.eos, tokens.unk) = ("<|endoftext|>", "<|endoftext|>", "<|endoftext|>")
    case .roberta:
      (tokens.bos, tokens.eos, tokens.unk) = ("<s>", "</s>", "<unk>")
      (tokens.sep, tokens.cls) = ("</s>", "<s>")
      (tokens.pad, tokens.mask) = ("<pad>", "<mask>")
    case .t5: (tokens.eos, tokens.unk, tokens.pad) = ("</s>", "<unk>", "<pad>")
    case .llama: (tokens.bos, tokens.eos, tokens.unk) = ("<s>", "</s>", "<unk>")
    case .other: break
    }
    return tokens
  }
}

/// The classes of tokenizers whose folders without tokenizer.json can be read.
enum TokenizerFamily: Sendable {
  case bert, gpt2, roberta, t5, llama, other

  /// The family by tokenizer_config.json's class, else by config.json's model type.
  init(configuration: JSONValue?, model: JSONValue?) {
    var name = configuration?["tokenizer_class"]?.string ?? ""
    if name.hasSuffix("Fast") { name.removeLast(4) }
    switch name {
    case "BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MPNetTokenizer",
      "MobileBertTokenizer", "ConvBertTokenizer":
      self = .bert
    case "GPT2Tokenizer": self = .gpt2
    case "RobertaTokenizer", "BartTokenizer", "LongformerTokenizer": self = .roberta
    case "T5Tokenizer", "MT5Tokenizer": self = .t5
    case "LlamaTokenizer", "CodeLlamaTokenizer": self = .llama
    case "":
      switch model?["model_type"]?.string ?? "" {
      case "bert", "distilbert", "electra", "mobilebert", "convbert": self = .bert
      case "gpt2": self = .gpt2
      case "roberta", "bart", "longformer": self = .roberta
      case "t5", "mt5", "umt5": self = .t5
      case "llama", "mistral": self = .llama
      default: self = .other
      }
    default: self = .other
    }
  }
}
