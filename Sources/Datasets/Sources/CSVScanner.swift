/// Finds the records of CSV text and divides them into fields.
///
/// A quote opens a quoted field only where the field begins; elsewhere it stands for itself. A quoted
/// field ends at the next quote that is not doubled.
struct CSVScanner {
  private enum State { case fieldStart, plain, quoted, quoteInQuoted }

  /// Where each record is, without its line end, and the line on which it begins.
  private(set) var records: [(range: Range<Int>, line: Int)] = []
  /// The line of a quote that is never closed.
  private(set) var openQuoteLine: Int?
  private let separator: UInt8

  private static let quote = UInt8(ascii: "\"")

  init(separator: UInt8) { self.separator = separator }

  /// Finds the records of a whole text.
  mutating func scan(_ bytes: UnsafeRawBufferPointer) {
    var state = State.fieldStart
    var start = 0
    var line = 1
    var firstLine = 1
    var quoteLine = 1
    var position = 0
    while position < bytes.count {
      let byte = bytes[position]
      let isEnd = byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
      var next = position + 1
      if byte == UInt8(ascii: "\r"), next < bytes.count, bytes[next] == UInt8(ascii: "\n") {
        next += 1
      }
      if isEnd { line += 1 }
      if state == .quoted {
        if byte == Self.quote { state = .quoteInQuoted }
      } else if isEnd {
        if position > start { records.append((start..<position, firstLine)) }
        (start, firstLine, state) = (next, line, .fieldStart)
      } else if byte == separator {
        state = .fieldStart
      } else if byte == Self.quote, state != .plain {
        if state == .fieldStart { quoteLine = line }
        state = .quoted
      } else {
        state = .plain
      }
      position = next
    }
    if bytes.count > start { records.append((start..<bytes.count, firstLine)) }
    if state == .quoted { openQuoteLine = quoteLine }
  }

  /// The fields of one record; nil where text follows a closing quote.
  static func fields(of bytes: [UInt8], separator: UInt8) -> [String]? {
    var fields: [String] = []
    var field: [UInt8] = []
    var position = 0
    while true {
      if position < bytes.count, bytes[position] == quote {
        position += 1
        while position < bytes.count {
          if bytes[position] == quote {
            guard position + 1 < bytes.count, bytes[position + 1] == quote else { break }
            position += 1
          }
          field.append(bytes[position])
          position += 1
        }
        position += 1
        guard position >= bytes.count || bytes[position] == separator else { return nil }
      } else {
        while position < bytes.count, bytes[position] != separator {
          field.append(bytes[position])
          position += 1
        }
      }
      fields.append(String(decoding: field, as: UTF8.self))
      field.removeAll(keepingCapacity: true)
      guard position < bytes.count else { return fields }
      position += 1
    }
  }
}
