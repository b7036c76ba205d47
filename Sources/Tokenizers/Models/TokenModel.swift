/// What divides a word into tokens of a vocabulary.
protocol TokenModel: Sendable {
  var vocabulary: Vocabulary { get }

  /// Divides the bytes of a range, which is not empty, and appends the tokens.
  func tokenize(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, into sink: inout TokenSink, _ scratch: Scratch
  ) throws(TokenizerError)
}
