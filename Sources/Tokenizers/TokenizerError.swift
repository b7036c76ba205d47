/// What is wrong with a tokenizer's files, with a text or with a call.
public enum TokenizerError: Error, Equatable, CustomStringConvertible {
  /// A file is missing, damaged, or asks for what is not supported.
  case file(path: String, problem: String)
  /// A word is not in the vocabulary, and the unknown token of this name is not either.
  case missingUnknownToken(String)
  /// A text cannot be cut as asked.
  case truncation(String)
  /// A call asks for what the tokenizer does not have.
  case call(String)

  /// `model/tokenizer.json: model.type is "X"; …`
  public var description: String {
    switch self {
    case .file(let path, let problem): return "\(path): \(problem)"
    case .missingUnknownToken(let name):
      return "a word is unknown and the vocabulary has no unknown token \"\(name)\"; add it"
    case .truncation(let problem): return "truncation: \(problem)"
    case .call(let problem): return problem
    }
  }
}
