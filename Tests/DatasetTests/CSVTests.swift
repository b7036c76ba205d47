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
}
