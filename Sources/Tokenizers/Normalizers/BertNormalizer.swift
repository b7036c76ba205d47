/// BERT's cleaning: control characters away, blanks to spaces, spaces around Chinese characters,
/// accents away, lower case.
struct BertNormalizer: Normalizer {
  var cleansText = true
  var handlesChineseCharacters = true
  /// Nil follows ``lowercases``.
  var stripsAccents: Bool?
  var lowercases = true

  private var dropsAccents: Bool { stripsAccents ?? lowercases }

  func normalize(_ text: inout AlignedText) {
    if lowercases || cleansText { changeASCII(&text) }
    // Combining marks that are no accents by the reference's table may have to change places.
    if dropsAccents, hasLastingMarks(text.bytes) {
      cleanAndSpace(&text)
      NormalizationForm.nfd.apply(&text)
      text.rewrite(plain: { $0 < 0x80 }) { value, out in
        guard !CodePoint(value).has(CodePoint.accent) else { return }
        put(value, &out)
      }
      return
    }
    text.rewrite(plain: isPlain) { value, out in
      let point = CodePoint(value)
      if cleansText {
        if point.has(CodePoint.unclean) { return }
        if point.has(CodePoint.spaceWhenClean) { return out.put(0x20) }
      }
      let isChinese = handlesChineseCharacters && point.has(CodePoint.chinese)
      if isChinese { out.put(0x20) }
      if dropsAccents, point.has(CodePoint.hasCanonical | CodePoint.accent) {
        NormalizationForm.decompose(value, compatible: false) { part in
          if !CodePoint(part).has(CodePoint.accent) { put(part, &out) }
        }
      } else {
        put(value, &out)
      }
      if isChinese { out.put(0x20) }
    }
  }

  /// Whether an ASCII byte stays as it is, once ``changeASCII(_:)`` went over it.
  private func isPlain(_ byte: UInt8) -> Bool {
    byte < 0x80 && (!cleansText || byte >= 0x20 && byte != 0x7f)
  }

  private func put(_ value: UInt32, _ out: inout Rewriting) {
    if lowercases { Lowercase.put(value, &out) } else { out.put(value) }
  }

  /// What changes in ASCII without moving anything.
  private func changeASCII(_ text: inout AlignedText) {
    text.changeInPlace { buffer in
      for i in 0..<buffer.count {
        let byte = buffer[i]
        if lowercases, byte &- 0x41 < 26 {
          buffer[i] = byte | 0x20
        } else if cleansText, byte == 0x9 || byte == 0xa || byte == 0xd {
          buffer[i] = 0x20
        }
      }
    }
  }

  private func cleanAndSpace(_ text: inout AlignedText) {
    text.rewrite(plain: isPlain) { value, out in
      let point = CodePoint(value)
      if cleansText {
        if point.has(CodePoint.unclean) { return }
        if point.has(CodePoint.spaceWhenClean) { return out.put(0x20) }
      }
      let isChinese = handlesChineseCharacters && point.has(CodePoint.chinese)
      if isChinese { out.put(0x20) }
      out.put(value)
      if isChinese { out.put(0x20) }
    }
  }

  private func hasLastingMarks(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return false }
      var i = 0
      while i < buffer.count {
        if p[i] < 0x80 {
          i += 1
          continue
        }
        let (value, length) = UTF8Reader.read(p, i)
        let point = CodePoint(value)
        if point.has(CodePoint.combining), !point.has(CodePoint.accent) { return true }
        i += length
      }
      return false
    }
  }
}
