import Foundation

/// SentencePiece's map of character sequences to their normal forms: a double array of their
/// beginnings (Darts-clone) and the forms, each ended by a zero byte.
struct CharacterMap: Sendable {
  private let units: [UInt32]
  private let forms: [UInt8]

  init?(base64: String) {
    guard let data = Data(base64Encoded: base64) else { return nil }
    self.init([UInt8](data))
  }

  /// The map from `u32 size of the array in bytes | array | forms`.
  init?(_ bytes: [UInt8]) {
    guard bytes.count >= 4 else { return nil }
    func word(_ i: Int) -> UInt32 {
      UInt32(bytes[i]) | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2]) << 16
        | UInt32(bytes[i + 3]) << 24
    }
    let size = Int(word(0))
    guard size % 4 == 0, size > 0, size <= bytes.count - 4 else { return nil }
    units = stride(from: 4, to: 4 + size, by: 4).map(word)
    forms = Array(bytes[(4 + size)...])
    guard forms.isEmpty || forms[forms.count - 1] == 0 else { return nil }
  }

  /// The form of the shortest sequence in the map that a text begins with.
  @inline(__always)
  func form(_ p: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Range<Int>? {
    units.withUnsafeBufferPointer { units in
      func offset(_ unit: UInt32) -> Int { Int((unit >> 10) << ((unit & (1 << 9)) >> 6)) }
      var at = offset(units[0])
      var i = start
      while i < end, p[i] != 0 {
        at ^= Int(p[i])
        guard at < units.count else { return nil }
        let unit = units[at]
        guard unit & (1 << 31 | 0xff) == UInt32(p[i]) else { return nil }
        at ^= offset(unit)
        guard at < units.count else { return nil }
        if unit >> 8 & 1 != 0 { return form(at: Int(units[at] & 0x7fff_ffff)) }
        i += 1
      }
      return nil
    }
  }

  private func form(at start: Int) -> Range<Int>? {
    guard start < forms.count else { return nil }
    var end = start
    while end < forms.count, forms[end] != 0 { end += 1 }
    return start..<end
  }

  /// The code points of a form.
  func codePoints(_ range: Range<Int>) -> [UInt32] {
    String(decoding: forms[range], as: UTF8.self).unicodeScalars.map(\.value)
  }
}

/// Replaces characters, and clusters of them, by their forms in a map.
struct PrecompiledNormalizer: Normalizer {
  let map: CharacterMap
  /// ASCII bytes that the map leaves alone.
  private let isPlain: [Bool]

  init(map: CharacterMap) {
    self.map = map
    isPlain = (0..<256).map { byte in
      guard byte < 0x80 else { return false }
      return [UInt8(byte)].withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { map.form($0, 0, 1) == nil } ?? false
      }
    }
  }

  func normalize(_ text: inout AlignedText) {
    guard text.bytes.contains(where: { !isPlain[Int($0)] }) else { return }
    let source = text
    let spans = text.allSpans()
    var changes: [(value: UInt32, change: Int)] = []
    var isChanged = false
    var out = Rewriting(source, from: 0)
    source.bytes.withUnsafeBufferPointer { buffer in
      guard let p = buffer.baseAddress else { return }
      changes.reserveCapacity(buffer.count)
      var i = 0
      while i < buffer.count {
        let end = clusterRun(p, i, buffer.count)
        if end == i + 1, isPlain[Int(p[i])] {
          changes.append((UInt32(p[i]), 0))
        } else {
          change(p, i, end, &changes, &isChanged)
        }
        i = end
      }
      guard isChanged else { return }
      AlignedText.transform(
        buffer, spans, range: 0..<buffer.count, to: changes, removed: 0, into: &out)
    }
    if isChanged { text.replace(bytes: out.bytes, spans: out.spans) }
  }

  /// The end of a run of whole clusters: an ASCII character that no other can join, or all up to the
  /// next place between two ASCII characters.
  private func clusterRun(_ p: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
    var i = start
    while i < count {
      i += UTF8Reader.length(p[i])
      if i == count { return i }
      if p[i] < 0x80, p[i - 1] < 0x80, !(p[i - 1] == 13 && p[i] == 10) { return i }
    }
    return i
  }

  private func change(
    _ p: UnsafePointer<UInt8>, _ start: Int, _ end: Int,
    _ changes: inout [(value: UInt32, change: Int)], _ isChanged: inout Bool
  ) {
    let run = String(
      decoding: UnsafeBufferPointer(start: p + start, count: end - start), as: UTF8.self)
    var at = start
    for cluster in run {
      let length = cluster.utf8.count
      if length < 6, let form = map.form(p, at, at + length) {
        put(form, replacing: cluster.unicodeScalars.count, &changes)
        isChanged = true
      } else {
        var i = at
        while i < at + length {
          let (value, size) = UTF8Reader.read(p, i)
          if let form = map.form(p, i, i + size) {
            put(form, replacing: 1, &changes)
            isChanged = true
          } else {
            changes.append((value, 0))
          }
          i += size
        }
      }
      at += length
    }
  }

  /// Notes a replacement the way that the reference does, for the sake of equal offsets.
  private func put(
    _ form: Range<Int>, replacing old: Int, _ changes: inout [(value: UInt32, change: Int)]
  ) {
    let points = map.codePoints(form)
    for point in points { changes.append((point, 0)) }
    let more = points.count - old
    if more > 0 {
      for i in 0..<min(more, changes.count) { changes[changes.count - 1 - i].change = 1 }
    } else if more < 0, !changes.isEmpty {
      changes[changes.count - 1].change += more
    }
  }
}
