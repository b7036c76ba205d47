import Testing
import Transformers

@Suite("Streaming text")
struct TextStreamerTests {
  /// Tokens are bytes; those that make no character yet are U+FFFD.
  private func streamed(_ bytes: [[UInt8]], skipPrompt: Bool = false) -> [String] {
    var pieces: [String] = []
    let streamer = TextStreamer(
      skipPrompt: skipPrompt,
      decode: { String(decoding: $0.map { UInt8($0) }, as: UTF8.self) },
      output: { pieces.append($0) })
    for token in bytes { streamer.put(token.map { Int($0) }) }
    streamer.end()
    return pieces
  }

  @Test("letters and spaces go out at once")
  func letters() {
    #expect(streamed("ab c".utf8.map { [$0] }) == ["a", "b", " ", "c"])
  }

  @Test("the bytes of a character go out together")
  func characters() {
    let text = "né 🙂 x"
    let pieces = streamed(text.utf8.map { [$0] })
    #expect(pieces.joined() == text)
    #expect(pieces.allSatisfy { !$0.unicodeScalars.contains("\u{fffd}") })
  }

  @Test("an ideograph goes out as soon as it is whole")
  func ideographs() {
    #expect(streamed("日本".utf8.map { [$0] }) == ["日", "本"])
  }

  @Test("symbols wait for a space, and a new line empties everything")
  func symbols() {
    #expect(streamed("a<b> c!\nd".utf8.map { [$0] }) == ["a", "<b> ", "c", "!\n", "d"])
  }

  @Test("the prompt can be left out")
  func prompt() {
    #expect(streamed([Array("Hi ".utf8), Array("you".utf8)], skipPrompt: true) == ["you"])
    #expect(streamed([Array("Hi ".utf8), Array("you".utf8)]) == ["Hi ", "you"])
  }
}
