/// GPT-2's words, whose bytes become characters of the byte-level alphabet.
struct ByteLevelPreTokenizer: PreTokenizer {
  var addsPrefixSpace: Bool
  /// Whether the text is divided into words here.
  var divides: Bool
  /// Whether bytes become characters; not needed where the model takes bytes.
  var encodes = true

  func preTokenize(_ text: inout PreTokenized) {
    if addsPrefixSpace {
      let needed = text.bytes.withUnsafeBufferPointer { buffer in
        text.parts.contains { $0.token < 0 && buffer[Int($0.start)] != 0x20 }
      }
      if needed {
        text.rewrite { p, part, span, out in
          if p[Int(part.start)] != 0x20 { out.put(0x20, span(Int(part.start))) }
          out.keep(UnsafeBufferPointer(start: p, count: Int(part.end)), part.range)
        }
      }
    }
    if divides {
      text.divide { p, range, keep in
        var i = range.lowerBound
        while i < range.upperBound {
          let end = WordScanner.byteLevel.end(of: p, i, range.upperBound)
          keep(i, end)
          i = end
        }
      }
    }
    if encodes {
      let points = ByteLevelAlphabet.codePoints
      text.rewrite { p, part, span, out in
        for i in part.range { out.put(points[Int(p[i])], span(i)) }
      }
    }
  }
}

/// Spaces become a visible character, which begins the words.
struct MetaspacePreTokenizer: PreTokenizer {
  enum PrependScheme: String {
    case always, first, never
  }

  let replacement: Unicode.Scalar
  let prependScheme: PrependScheme
  let divides: Bool

  func preTokenize(_ text: inout PreTokenized) {
    let mark = Array(String(replacement).utf8)
    text.rewrite { p, part, span, out in
      let range = part.range
      let startsWithMark =
        p[range.lowerBound] == 0x20
        || range.count >= mark.count
          && mark.indices.allSatisfy { p[range.lowerBound + $0] == mark[$0] }
      if !startsWithMark, prependScheme == .always || prependScheme == .first && part.isFirst {
        out.put(mark, span(range.lowerBound))
      }
      // Runs between spaces are kept as they are.
      let buffer = UnsafeBufferPointer(start: p, count: range.upperBound)
      var start = range.lowerBound
      for i in range where p[i] == 0x20 {
        if i > start { out.keep(buffer, start..<i) }
        out.put(mark, span(i))
        start = i + 1
      }
      if start < range.upperBound { out.keep(buffer, start..<range.upperBound) }
    }
    guard divides else { return }
    text.divide { p, range, keep in
      var start = range.lowerBound
      var i = start + 1
      while i < range.upperBound {
        if p[i] == mark[0], i + mark.count <= range.upperBound,
          mark.indices.allSatisfy({ p[i + $0] == mark[$0] })
        {
          keep(start, i)
          start = i
          i += mark.count
        } else {
          i += 1
        }
      }
      keep(start, range.upperBound)
    }
  }
}
