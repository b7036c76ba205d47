import Base
import Foundation

extension Tokenizer {
  /// A SentencePiece model by itself, as the sentencepiece library reads texts: no special tokens are
  /// put around them, and what is spelled like a control piece (`</s>`) is text like any other.
  ///
  /// Folders of models have rules of their own besides; ``AutoTokenizer`` follows those.
  /// - Parameter path: `spiece.model`, `tokenizer.model` or the like.
  /// - Throws: ``TokenizerError`` where the file is missing, damaged, or neither unigram nor BPE.
  public init(sentencePiece path: String) throws {
    let path = try UserPath.expanded(path)
    let bytes: Data
    do {
      bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw TokenizerError.file(
        path: path, problem: "it cannot be read: \(error.localizedDescription)")
    }
    let conversion = SentencePieceConversion(
      file: try SentencePieceFile([UInt8](bytes), path: path), family: .other,
      configuration: .object([.init(name: "legacy", value: .bool(true))]), special: SpecialTokens(),
      path: path)
    try self.init(conversion.plain(marksControls: false), path: path)
  }
}
