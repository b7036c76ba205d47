/// A SentencePiece model file: what tokenizers need of its protobuf message.
struct SentencePieceFile: Sendable {
  enum PieceType: Int {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  struct Piece: Sendable {
    var text: [UInt8] = []
    var score: Float = 0
    var type = PieceType.normal
  }

  enum ModelType: Int {
    case unigram = 1
    case bpe, word, character
  }

  private(set) var pieces: [Piece] = []
  private(set) var modelType = ModelType.unigram
  private(set) var byteFallback = false
  private(set) var unknownId = 0
  private(set) var bosID = 1
  private(set) var eosID = 2
  private(set) var padID = -1
  private(set) var unknownPiece = "<unk>"
  private(set) var bosPiece = "<s>"
  private(set) var eosPiece = "</s>"
  private(set) var padPiece = "<pad>"
  private(set) var characterMap: [UInt8] = []
  private(set) var addsDummyPrefix = true
  private(set) var removesExtraWhitespaces = true
  private(set) var escapesWhitespaces = true

  /// A model of the pieces that another file lists.
  init(pieces: [Piece], unknownId: Int = 0, characterMap: [UInt8] = []) {
    self.pieces = pieces
    self.unknownId = unknownId
    self.characterMap = characterMap
  }

  init(_ bytes: [UInt8], path: String) throws(TokenizerError) {
    do throws(ProtobufReader.Fault) {
      var message = ProtobufReader(bytes[...])
      while let field = try message.next() {
        switch field.number {
        case 1: pieces.append(try Self.piece(field.bytes))
        case 2: try readTrainer(field.bytes)
        case 3: try readNormalizer(field.bytes)
        default: break
        }
      }
    } catch {
      throw TokenizerError.file(path: path, problem: error.description)
    }
    guard !pieces.isEmpty else {
      throw TokenizerError.file(
        path: path, problem: "it is no SentencePiece model: it has no pieces")
    }
    guard unknownId < 0 || unknownId < pieces.count else {
      throw TokenizerError.file(
        path: path, problem: "unk_id is \(unknownId), and there are \(pieces.count) pieces")
    }
  }

  private static func piece(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Fault) -> Piece {
    var piece = Piece()
    var message = ProtobufReader(bytes)
    while let field = try message.next() {
      switch field.number {
      case 1: piece.text = Array(field.bytes)
      case 2: piece.score = Float(bitPattern: UInt32(truncatingIfNeeded: field.value))
      case 3: piece.type = PieceType(rawValue: field.int) ?? .normal
      default: break
      }
    }
    guard String(validating: piece.text, as: UTF8.self) != nil else {
      throw ProtobufReader.Fault("a piece is not valid UTF-8")
    }
    return piece
  }

  private mutating func readTrainer(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Fault) {
    var message = ProtobufReader(bytes)
    func text(_ field: ProtobufReader.Field) -> String {
      String(decoding: field.bytes, as: UTF8.self)
    }
    while let field = try message.next() {
      switch field.number {
      case 3: modelType = ModelType(rawValue: field.int) ?? .unigram
      case 35: byteFallback = field.int != 0
      case 40: unknownId = field.int
      case 41: bosID = field.int
      case 42: eosID = field.int
      case 43: padID = field.int
      case 45: unknownPiece = text(field)
      case 46: bosPiece = text(field)
      case 47: eosPiece = text(field)
      case 48: padPiece = text(field)
      default: break
      }
    }
  }

  private mutating func readNormalizer(_ bytes: ArraySlice<UInt8>) throws(ProtobufReader.Fault) {
    var message = ProtobufReader(bytes)
    while let field = try message.next() {
      switch field.number {
      case 2: characterMap = Array(field.bytes)
      case 3: addsDummyPrefix = field.int != 0
      case 4: removesExtraWhitespaces = field.int != 0
      case 5: escapesWhitespaces = field.int != 0
      default: break
      }
    }
  }
}

/// Reads the fields of a protobuf message one after the other.
struct ProtobufReader {
  struct Field {
    let number: Int
    /// A number, or the bits of one.
    var value: UInt64 = 0
    /// The content of a string, bytes or message.
    var bytes: ArraySlice<UInt8> = []

    /// The number as int32, which is written in 64 bits where it is negative.
    var int: Int { Int(Int32(truncatingIfNeeded: value)) }
  }

  struct Fault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }

  private var rest: ArraySlice<UInt8>

  init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  mutating func next() throws(Fault) -> Field? {
    if rest.isEmpty { return nil }
    let key = try variable()
    guard key >> 3 > 0, key >> 3 < 1 << 29 else {
      throw Fault("it is damaged: a field has no number")
    }
    var field = Field(number: Int(key >> 3))
    switch key & 7 {
    case 0: field.value = try variable()
    case 1: field.value = try fixed(8)
    case 2:
      let count = try variable()
      guard count <= UInt64(rest.count) else {
        throw Fault("it is damaged: it ends inside a field")
      }
      field.bytes = rest.prefix(Int(count))
      rest = rest.dropFirst(Int(count))
    case 5: field.value = try fixed(4)
    default: throw Fault("it is damaged: a field has an unknown form")
    }
    return field
  }

  private mutating func variable() throws(Fault) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard let byte = rest.popFirst() else {
        throw Fault("it is damaged: it ends inside a number")
      }
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw Fault("it is damaged: a number has too many bytes")
  }

  private mutating func fixed(_ count: Int) throws(Fault) -> UInt64 {
    guard rest.count >= count else { throw Fault("it is damaged: it ends inside a number") }
    var value: UInt64 = 0
    for (i, byte) in rest.prefix(count).enumerated() { value |= UInt64(byte) << UInt64(8 * i) }
    rest = rest.dropFirst(count)
    return value
  }
}
