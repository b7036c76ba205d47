/// Turns the bytes that tokens stand for into code points of the original text.
struct OffsetFinder {
  private let buffer: UnsafeBufferPointer<UInt8>
  /// For each byte the number of its code point, and for the end that of all; nil: all is ASCII.
  private let numbers: [UInt32]?

  init(_ buffer: UnsafeBufferPointer<UInt8>) {
    self.buffer = buffer
    guard buffer.contains(where: { $0 >= 0x80 }) else {
      numbers = nil
      return
    }
    numbers = [UInt32](unsafeUninitializedCapacity: buffer.count + 1) { space, count in
      var number: UInt32 = 0
      for i in 0..<buffer.count {
        if i > 0, buffer[i] & 0xc0 != 0x80 { number &+= 1 }
        space[i] = number
      }
      space[buffer.count] = buffer.count > 0 ? number + 1 : 0
      count = buffer.count + 1
    }
  }

  func offsets(_ sink: TokenSink, _ spans: [Span]?) -> [Range<Int>] {
    var result: [Range<Int>] = []
    result.reserveCapacity(sink.count)
    let count = buffer.count
    for i in 0..<sink.count {
      let token = sink.tokens[i]
      var (start, end) = (Int(token.start), Int(token.end))
      if let spans {
        if start < end, end <= spans.count {
          (start, end) = (Int(spans[start].start), Int(spans[end - 1].end))
        }
      } else {
        // A part of a character stands for all of it.
        while start > 0, start < count, buffer[start] & 0xc0 == 0x80 { start -= 1 }
        while end < count, buffer[end] & 0xc0 == 0x80 { end += 1 }
      }
      if let numbers {
        start = Int(numbers[min(start, count)])
        end = Int(numbers[min(end, count)])
      }
      result.append(start..<max(start, end))
    }
    for (index, word) in sink.outside {
      let token = sink.tokens[index]
      result[index] = offsets(outside: Int(token.start) - word, Int(token.end) - word)
    }
    return result
  }

  /// What the reference gives for a token that ends behind its word: its place in the word, taken for
  /// one in the text.
  private func offsets(outside start: Int, _ end: Int) -> Range<Int> {
    func number(_ byte: Int) -> Int? {
      (0..<buffer.count).contains(byte) ? numbers.map { Int($0[byte]) } ?? byte : nil
    }
    guard let first = number(start) else { return start..<end }
    let last = number(end) ?? (number(end - 1) ?? first + 1) + 1
    return first..<max(first, last)
  }
}
