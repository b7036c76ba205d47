/// Searching in texts by their bytes, which never finds a part of a code point.
enum PythonSearch {
  /// The place of a part, at `start` or behind; nil where there is none.
  static func find(_ part: [UInt8], in text: [UInt8], from start: Int = 0) -> Int? {
    guard let first = part.first else { return start <= text.count ? start : nil }
    guard text.count >= part.count else { return nil }
    var place = start
    let last = text.count - part.count
    while place <= last {
      if text[place] == first {
        var offset = 1
        while offset < part.count, text[place + offset] == part[offset] { offset += 1 }
        if offset == part.count { return place }
      }
      place += 1
    }
    return nil
  }

  /// The last place of a part; nil where there is none.
  static func findLast(_ part: [UInt8], in text: [UInt8], before end: Int? = nil) -> Int? {
    var place = (end ?? text.count) - part.count
    while place >= 0 {
      if text[place..<(place + part.count)].elementsEqual(part) { return place }
      place -= 1
    }
    return nil
  }

  /// Whether a text holds a part.
  static func contains(_ text: String, _ part: String) -> Bool {
    find(Array(part.utf8), in: Array(text.utf8)) != nil
  }

  private static func string(_ bytes: ArraySlice<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
  }

  /// Python's `replace`; all of them where `count` is negative.
  static func replace(_ text: String, _ old: String, _ new: String, count: Int = -1) -> String {
    var left = count < 0 ? Int.max : count
    if old.isEmpty {
      var result = ""
      for scalar in text.unicodeScalars {
        if left > 0 {
          result += new
          left -= 1
        }
        result.unicodeScalars.append(scalar)
      }
      return left > 0 ? result + new : result
    }
    let (bytes, old, new) = (Array(text.utf8), Array(old.utf8), Array(new.utf8))
    var result: [UInt8] = []
    var start = 0
    while left > 0, let place = find(old, in: bytes, from: start) {
      result += bytes[start..<place]
      result += new
      start = place + old.count
      left -= 1
    }
    return string((result + bytes[start...])[...])
  }

  /// Python's `split` and `rsplit` by a part that is not empty.
  static func split(_ text: String, by part: String, limit: Int, fromRight: Bool) -> [String] {
    let (bytes, part) = (Array(text.utf8), Array(part.utf8))
    var left = limit < 0 ? Int.max : limit
    var result: [String] = []
    if fromRight {
      var end = bytes.count
      while left > 0, let place = findLast(part, in: bytes, before: end) {
        result.append(string(bytes[(place + part.count)..<end]))
        end = place
        left -= 1
      }
      result.append(string(bytes[..<end]))
      return result.reversed()
    }
    var start = 0
    while left > 0, let place = find(part, in: bytes, from: start) {
      result.append(string(bytes[start..<place]))
      start = place + part.count
      left -= 1
    }
    return result + [string(bytes[start...])]
  }

  /// Python's `split` and `rsplit` by runs of space.
  static func splitBySpace(_ text: String, limit: Int, fromRight: Bool) -> [String] {
    var left = limit < 0 ? Int.max : limit
    var result: [String] = []
    var rest = text.unicodeScalars[...]
    if fromRight {
      while true {
        while let last = rest.last, PythonText.isSpace(last) { rest.removeLast() }
        if rest.isEmpty { break }
        if left == 0 {
          result.append(String(rest))
          break
        }
        let end = rest.endIndex
        while let last = rest.last, !PythonText.isSpace(last) { rest.removeLast() }
        result.append(String(text.unicodeScalars[rest.endIndex..<end]))
        left -= 1
      }
      return result.reversed()
    }
    while true {
      while let first = rest.first, PythonText.isSpace(first) { rest.removeFirst() }
      if rest.isEmpty { break }
      if left == 0 {
        result.append(String(rest))
        break
      }
      let word = rest.prefix { !PythonText.isSpace($0) }
      result.append(String(word))
      rest = rest[word.endIndex...]
      left -= 1
    }
    return result
  }
}
