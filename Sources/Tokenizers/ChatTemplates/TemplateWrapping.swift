import Foundation

/// Dividing texts into lines of a width, as Python's `textwrap` does without replacing space.
struct TemplateWrapping {
  var width: Int
  var breaksLongWords = true
  var breaksOnHyphens = true

  /// The lines of one paragraph.
  func lines(of text: String) -> [String] {
    var chunks = Array(self.chunks(of: Array(text.unicodeScalars)).reversed())
    var lines: [String] = []
    while !chunks.isEmpty {
      var line: [[Unicode.Scalar]] = []
      var length = 0
      if let last = chunks.last, !lines.isEmpty, Self.isBlank(last) { chunks.removeLast() }
      while let chunk = chunks.last, length + chunk.count <= width {
        line.append(chunk)
        length += chunk.count
        chunks.removeLast()
      }
      if let chunk = chunks.last, chunk.count > width {
        breakWord(&chunks, &line, width - length)
        length = line.reduce(0) { $0 + $1.count }
      }
      if let last = line.last, Self.isBlank(last) { line.removeLast() }
      if !line.isEmpty { lines.append(Self.string(line.flatMap { $0 })) }
    }
    return lines
  }

  private static func string(_ scalars: [Unicode.Scalar]) -> String {
    String(String.UnicodeScalarView(scalars))
  }

  /// Puts what fits of a word that is longer than a line onto the line.
  private func breakWord(
    _ chunks: inout [[Unicode.Scalar]], _ line: inout [[Unicode.Scalar]], _ room: Int
  ) {
    let space = width < 1 ? 1 : room
    guard var chunk = chunks.last else { return }
    if breaksLongWords {
      var end = space
      if breaksOnHyphens, chunk.count > space {
        // Behind the last hyphen that fits, where something else than hyphens stands before it.
        if let hyphen = chunk.prefix(max(space, 0)).lastIndex(of: "-"), hyphen > 0,
          chunk[..<hyphen].contains(where: { $0 != "-" })
        {
          end = hyphen + 1
        }
      }
      line.append(Array(chunk.prefix(end)))
      chunk.removeFirst(min(end, chunk.count))
      chunks[chunks.count - 1] = chunk
    } else if line.isEmpty {
      line.append(chunk)
      chunks.removeLast()
    }
  }

  // MARK: Chunks

  private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
    "\t\n\u{b}\u{c}\r ".unicodeScalars.contains(scalar)
  }

  private static func isBlank(_ scalars: [Unicode.Scalar]) -> Bool {
    scalars.allSatisfy(PythonText.isSpace)
  }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    isWord(scalar) && scalar.properties.numericType != .decimal
  }

  private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
    if scalar == "_" { return true }
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      return true
    default: return scalar.properties.numericType != nil
    }
  }

  /// Runs of space, words, parts of words up to a hyphen, and dashes.
  private func chunks(of text: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
    var result: [[Unicode.Scalar]] = []
    var place = 0
    while place < text.count {
      let end = Self.isSpace(text[place]) ? endOfSpace(text, place) : endOfChunk(text, place)
      result.append(Array(text[place..<end]))
      place = end
    }
    return result
  }

  private func endOfSpace(_ text: [Unicode.Scalar], _ start: Int) -> Int {
    var end = start
    while end < text.count, Self.isSpace(text[end]) { end += 1 }
    return end
  }

  private func endOfChunk(_ text: [Unicode.Scalar], _ start: Int) -> Int {
    guard breaksOnHyphens else {
      return text[start...].firstIndex(where: Self.isSpace) ?? text.count
    }
    // A dash of two hyphens or more between words is a chunk of its own.
    if start > 0, isBeforeDash(text[start - 1]), let end = endOfDash(text, start) { return end }
    var end = start + 1
    while end < text.count {
      if Self.isSpace(text[end]) { return end }
      if isBeforeDash(text[end - 1]), endOfDash(text, end) != nil { return end }
      if endsAtHyphen(text, end, start) { return end }
      end += 1
    }
    return end
  }

  private func isBeforeDash(_ scalar: Unicode.Scalar) -> Bool {
    Self.isWord(scalar) || "!\"'&.,?".unicodeScalars.contains(scalar)
  }

  private func endOfDash(_ text: [Unicode.Scalar], _ start: Int) -> Int? {
    var end = start
    while end < text.count, text[end] == "-" { end += 1 }
    return end - start >= 2 && end < text.count && Self.isWord(text[end]) ? end : nil
  }

  /// Whether a word may be divided before `end`: two letters, a hyphen, and a letter that another
  /// letter, or a hyphen and a letter, follows.
  private func endsAtHyphen(_ text: [Unicode.Scalar], _ end: Int, _ start: Int) -> Bool {
    guard text[end - 1] == "-", end - 3 >= 0 else { return false }
    func letter(_ place: Int) -> Bool {
      place >= 0 && place < text.count && Self.isLetter(text[place])
    }
    let stands =
      letter(end - 2) && letter(end - 3)
      || letter(end - 2) && end >= 4 && text[end - 3] == "-" && letter(end - 4)
    guard stands, letter(end), end - 2 >= start else { return false }
    return letter(end + 1) || end + 1 < text.count && text[end + 1] == "-" && letter(end + 2)
  }
}
