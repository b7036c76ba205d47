import Base
import Testing

@Suite("Text from outside")
struct TextTests {
  @Test(
    "lines end by LF, CR LF or CR, and an end after the last begins no further one",
    arguments: [
      ("", []), ("a", ["a"]), ("a\n", ["a"]), ("\n", [""]), ("a\nb", ["a", "b"]),
      ("a\r\nb\r\n", ["a", "b"]), ("a\rb\r", ["a", "b"]), ("\r\n\r\n", ["", ""]),
      ("a\n\rb", ["a", "", "b"]), ("a\r\r\nb\n\nc", ["a", "", "b", "", "c"]),
      ("e\u{301}\r\n\u{301}x", ["e\u{301}", "\u{301}x"]),
      ("a\u{2028}b\u{85}", ["a\u{2028}b\u{85}"]),
    ])
  func lines(_ text: String, _ expected: [String]) {
    #expect(text.lines.map(String.init) == expected)
    #expect(text.dropFirst(0).lines.map(String.init) == expected)
  }

  @Test("whole numbers are those that Python's int() takes, but for underscores")
  func whole() {
    for (text, value) in [
      ("0", 0), ("+7", 7), ("-12", -12), (" 3\t", 3), ("007", 7), ("\u{a0}5\n", 5),
      ("9223372036854775807", Int.max), ("-9223372036854775808", Int.min), ("\u{661}\u{662}", 12),
    ] { #expect(NumberText.int(text) == value, "\(text)") }
    for text in [
      "", " ", "1 2", "1_000", "0x1f", "1.0", "1e3", "--1", "+", "9223372036854775808", "1\u{301}",
      "\u{bd}", "12a", "\u{4e00}",
    ] { #expect(NumberText.int(text) == nil, "\(text)") }
    #expect(NumberText.isWhole("99999999999999999999") && !NumberText.isWhole("1.5"))
  }

  @Test("real numbers are those that Python's float() takes, but for underscores")
  func real() {
    for (text, value) in [
      ("0", 0), ("1.", 1), (".5", 0.5), ("-2.5e3", -2500), ("1E-2", 0.01), (" +7 ", 7),
      ("1e400", .infinity), ("-Infinity", -.infinity), ("INF", .infinity), ("1e-400", 0),
    ] as [(String, Double)] { #expect(NumberText.double(text) == value, "\(text)") }
    #expect(NumberText.double("NaN")?.isNaN == true)
    for text in [
      "", ".", "e5", "1e", "1e+", "1 2", "0x1p3", "1,5", "1.2.3", "1_0", "infin", "nan(1)", "1f",
      "\u{2212}1", "1e5.0",
    ] { #expect(NumberText.double(text) == nil, "\(text)") }
  }

  @Test("numbers as most are written are the nearest there are")
  func plain() {
    for _ in 0..<5000 {
      var text = String(
        (0..<Int.random(in: 1...18)).map { _ in "0123456789".randomElement() ?? "0" })
      if Bool.random() {
        let place = text.index(text.startIndex, offsetBy: Int.random(in: 0...text.count))
        text.insert(".", at: place)
      }
      text = (["", "-", "+"].randomElement() ?? "") + text
      #expect(NumberText.double(text)?.bitPattern == Double(text)?.bitPattern, "\(text)")
      #expect(NumberText.int(text) == Int(text), "\(text)")
    }
    #expect(NumberText.double("-0")?.sign == .minus)
  }
}
