/// A step that makes tokens text again. Tokens are bytes: parts of characters among them.
protocol TokenDecoder: Sendable {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]]
}

/// Several decoders, one after the other.
struct DecoderSequence: TokenDecoder {
  let parts: [any TokenDecoder]

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] { parts.reduce(tokens) { $1.decode($0) } }
}

/// Characters of the byte-level alphabet become their bytes.
struct ByteLevelDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var bytes: [UInt8] = []
    for token in tokens {
      bytes += token.withUnsafeBufferPointer { ByteLevelAlphabet.decode($0) } ?? token
    }
    return [Array(String(decoding: bytes, as: UTF8.self).utf8)]
  }
}

/// Tokens inside words lose their prefix, others get a space before them.
struct WordPieceDecoder: TokenDecoder {
  let prefix: [UInt8]
  let cleansUp: Bool

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      var text = token
      if index > 0 {
        if token.starts(with: prefix) {
          text.removeFirst(prefix.count)
        } else {
          text.insert(0x20, at: 0)
        }
      }
      return cleansUp ? Self.cleanedUp(text) : text
    }
  }

  private static let replacements: [([UInt8], [UInt8])] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"),
    (" 'm", "'m"), (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (Array($0.0.utf8), Array($0.1.utf8)) }

  /// Spaces before punctuation and contractions fall away.
  static func cleanedUp(_ text: [UInt8]) -> [UInt8] {
    guard text.contains(0x20) else { return text }
    return replacements.reduce(text) { $0.replacing($1.0, with: $1.1) }
  }
}

/// The visible space becomes a space, but none at the beginning.
struct MetaspaceDecoder: TokenDecoder {
  let replacement: [UInt8]
  let prepends: Bool

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      token.replacing(replacement, with: index == 0 && prepends ? [] : [0x20])
    }
  }
}

/// A suffix that ends words becomes a space.
struct BPEDecoder: TokenDecoder {
  let suffix: [UInt8]

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.enumerated().map { index, token in
      token.replacing(suffix, with: index == tokens.count - 1 ? [] : [0x20])
    }
  }
}

/// Connectionist temporal classification: repeated tokens and padding fall away.
struct CTCDecoder: TokenDecoder {
  let padToken: [UInt8]
  let delimiter: [UInt8]
  let cleansUp: Bool

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var previous: [UInt8]?
    for token in tokens where token != previous {
      previous = token
      var text = token.replacing(padToken, with: [])
      if cleansUp {
        text = WordPieceDecoder.cleanedUp(text).replacing(delimiter, with: [0x20])
      }
      if !text.isEmpty { result.append(text) }
    }
    return result
  }
}

/// What a pattern matches in a token becomes a text.
struct ReplaceDecoder: TokenDecoder {
  let pattern: TextPattern
  let content: [UInt8]

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    tokens.map { token in
      var result: [UInt8] = []
      var done = 0
      for match in pattern.matches(in: token) {
        result += token[done..<match.lowerBound]
        result += content
        done = match.upperBound
      }
      return result + token[done...]
    }
  }
}

/// Tokens such as `<0xE4>` become bytes, where they make valid UTF-8, else U+FFFD each.
struct ByteFallbackDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var bytes: [UInt8] = []
    func flush() {
      guard !bytes.isEmpty else { return }
      if String(validating: bytes, as: UTF8.self) != nil {
        result.append(bytes)
      } else {
        result += Array(repeating: [0xef, 0xbf, 0xbd], count: bytes.count)
      }
      bytes = []
    }
    for token in tokens {
      if let byte = Self.byte(token) {
        bytes.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }

  private static func byte(_ token: [UInt8]) -> UInt8? {
    guard token.count == 6, token.starts(with: [0x3c, 0x30, 0x78]), token[5] == 0x3e else {
      return nil
    }
    return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
  }
}

/// All tokens become one.
struct FuseDecoder: TokenDecoder {
  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] { [Array(tokens.joined())] }
}

/// A number of one character falls away at both ends of each token.
struct StripDecoder: TokenDecoder {
  let content: [UInt8]
  let start: Int
  let stop: Int

  func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
    guard !content.isEmpty else { return tokens }
    return tokens.map { token in
      var rest = token[...]
      var left = start
      while left > 0, rest.starts(with: content) {
        rest = rest.dropFirst(content.count)
        left -= 1
      }
      left = stop
      while left > 0, rest.suffix(content.count) == content[...] {
        rest = rest.dropLast(content.count)
        left -= 1
      }
      return Array(rest)
    }
  }
}

extension [UInt8] {
  /// Every occurrence of some bytes replaced by others, from the left.
  func replacing(_ old: [UInt8], with new: [UInt8]) -> [UInt8] {
    guard let first = old.first, count >= old.count else { return self }
    var result: [UInt8] = []
    result.reserveCapacity(count)
    var i = 0
    while i < count {
      if self[i] == first, i + old.count <= count,
        old.indices.allSatisfy({ self[i + $0] == old[$0] })
      {
        result += new
        i += old.count
      } else {
        result.append(self[i])
        i += 1
      }
    }
    return result
  }
}
