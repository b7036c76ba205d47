import Datasets
import Testing

@Suite("CSV")
struct CSVTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func open(_ text: String, header: Bool = false, separator: Character = ",") throws -> CSVFile {
    try CSVFile(
      path: folder.write("data.csv", text), hasHeader: header, separator: separator)
  }

  @Test("fields may be quoted, hold separators, line breaks and doubled quotes")
  func quoting() throws {
    let file = try open(
      "\u{feff}name,\"a \"\"b\"\"\",n\r\nx,\"one\ntwo, three\",1\r\n\n,,\n", header: true)
    #expect(file.header == ["name", "a \"b\"", "n"])
    #expect(file.count == 2 && file.columnCount == 3)
    #expect(try file[0] == ["x", "one\ntwo, three", "1"])
    #expect(try file[1] == ["", "", ""])
    #expect(file.line(of: 0) == 2 && file.line(of: 1) == 5)
    #expect(try open("a;b,c", separator: ";")[0] == ["a", "b,c"])
  }

  @Test("numbers are read strictly")
  func numbers() throws {
    #expect(try open(" 1,-2.5e3 ,0").numbers(0) == [1, -2_500, 0])
    for field in ["", "1.2.3", "nan", "inf", "x"] {
      let file = try open("0,\(field)")
      expectDataError(.malformed, "data.csv, line 1, column 2", "no number") {
        _ = try file.numbers(0)
      }
    }
  }

  @Test("broken files are refused by line")
  func broken() throws {
    expectDataError(.empty, "no records") { _ = try open("") }
    expectDataError(.empty, "no records") { _ = try open("only,a,header\n", header: true) }
    expectDataError(.malformed, "line 2", "never closed") { _ = try open("a,b\n\"c,d\ne,f") }
    let ragged = try open("a,b\nc")
    expectDataError(.malformed, "line 2", "1 fields where 2") { _ = try ragged[1] }
    let trailing = try open("a,b\n\"c\"d,e")
    expectDataError(.malformed, "line 2", "closing quote") { _ = try trailing[1] }
  }

  @Test("a quote is special only where a field begins, as in Python's csv")
  func inches() throws {
    let file = try open("12\" pipe,1\nx,2\n6\" pipe,3\n")
    #expect(file.count == 3 && file.columnCount == 2)
    #expect(try file[0] == ["12\" pipe", "1"] && file[2] == ["6\" pipe", "3"])
    #expect(try open("a, \"b\nc\",d\n")[0] == ["a", " \"b"])
    #expect(try open("\"\",\"\"\"\",\"a\r\nb\"\r\n")[0] == ["", "\"", "a\r\nb"])
    expectDataError(.malformed, "line 4", "never closed") { _ = try open("a\n\"b\nc\"\n,\"d") }
  }

  @Test("lines end with LF, CR LF or CR, and are counted")
  func lineEnds() throws {
    for end in ["\n", "\r\n", "\r"] {
      for last in ["", end] {
        let file = try open("1,2\(end)\(end)\"3\(end)\",4\(end)5,6\(last)")
        #expect(file.count == 3 && file.line(of: 1) == 3 && file.line(of: 2) == 5)
        #expect(try file[1] == ["3\(end)", "4"] && file[2] == ["5", "6"])
      }
    }
  }

  @Test("a number is one by Python's rules, and what is too large is said to be")
  func strictNumbers() throws {
    for field in ["1 2", "1_000", "0x10", "--1", "1e", "\"1,5\""] {
      let file = try open("0,\(field)")
      expectDataError(.malformed, "line 1, column 2", "no number") { _ = try file.numbers(0) }
    }
    #expect(try open("1.,.5,+3,\t4 ").numbers(0) == [1, 0.5, 3, 4])
    let large = try open("1e400")
    expectDataError(.malformed, "“1e400” is too large") { _ = try large.numbers(0) }
  }

  @Test("digits beyond any range are refused in words")
  func digits() throws {
    func digits(_ pixel: String, _ label: String) throws {
      let pixels = [pixel] + [String](repeating: "0", count: 63)
      _ = try Digits(
        path: folder.write("digits.csv", (pixels + [label]).joined(separator: ",") + "\r\n"))
    }
    try digits("16", "9")
    expectDataError(.outOfRange, "pixel 9223372036854774784", "0 to 16") {
      try digits("9223372036854774784", "1")
    }
    expectDataError(.outOfRange, "the pixel 1e+300") { try digits("1e300", "1") }
    expectDataError(.outOfRange, "the label -1e+300") { try digits("0", "-1e300") }
    expectDataError(.malformed, "too large") {
      try digits("1" + String(repeating: "0", count: 400), "1")
    }
  }
}
