/// Whole words.
struct WordLevelModel: TokenModel {
  let vocabulary: Vocabulary
  let unknownToken: String
  private let unknown: Int?

  init(vocabulary: Vocabulary, unknownToken: String) {
    self.vocabulary = vocabulary
    self.unknownToken = unknownToken
    unknown = vocabulary.id(of: unknownToken)
  }

  func tokenize(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, into sink: inout TokenSink, _ scratch: Scratch
  ) throws(TokenizerError) {
    let id = vocabulary.id(of: p + range.lowerBound, range.count)
    if id >= 0 { return sink.append(id, range.lowerBound, range.upperBound) }
    guard let unknown else { throw TokenizerError.missingUnknownToken(unknownToken) }
    sink.append(Int32(unknown), range.lowerBound, range.upperBound)
  }
}
