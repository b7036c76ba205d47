extension StringProtocol {
  /// The lines of a text without their ends, which LF, CR LF or CR make, whatever system wrote it
  /// (Python's universal newlines). An end after the last line begins no further one.
  ///
  /// To be used wherever text is divided into lines: Swift sees CR LF as one `Character`, which
  /// neither equals `"\n"` nor is found by splitting there.
  /// - Complexity: O(n) in the UTF-8 bytes of native strings.
  package var lines: [SubSequence] {
    var result: [SubSequence] = []
    var start = startIndex
    var index = startIndex
    while index < endIndex {
      let byte = utf8[index]
      guard byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") else {
        utf8.formIndex(after: &index)
        continue
      }
      result.append(self[start..<index])
      utf8.formIndex(after: &index)
      if byte == UInt8(ascii: "\r"), index < endIndex, utf8[index] == UInt8(ascii: "\n") {
        utf8.formIndex(after: &index)
      }
      start = index
    }
    if start < endIndex { result.append(self[start...]) }
    return result
  }
}
