import Base
import Foundation
import Testing

@Suite("JSON files")
struct JSONReadingTests {
  private struct Plan: Decodable {
    struct File: Decodable { var name: String, bytes: Int }
    var files: [File]
    var share: Double
  }

  @Test(
    "errors name the entry and what belongs there, or the byte",
    arguments: [
      (#"{"files":[{"name":"a"}],"share":1}"#, "files[0].bytes is missing"),
      (#"{"files":[{"name":"a","bytes":"x"}],"share":1}"#, "files[0].bytes is not a whole number"),
      (#"{"files":{},"share":1}"#, "files is not a list"),
      (#"{"files":[],"share":null}"#, "share is null"),
      (#"{"files":[],"share":true}"#, "share is not a number"),
      ("[]", "the whole is not"), (#"{"files":[}"#, "it is not JSON"), ("", "it is not JSON"),
    ])
  func words(_ json: String, _ expected: String) {
    let fault = #expect(throws: JSONReading.Fault.self) {
      try JSONReading.decode(Plan.self, from: Data(json.utf8))
    }
    #expect(fault?.description.contains(expected) == true, "\(fault?.description ?? "")")
    #expect(fault?.description.contains("codingPath") == false)
  }

  @Test("surrogates come in pairs, or are an error")
  func surrogates() throws {
    #expect(try JSONParser.parse(Array(#""\ud83d\ude00""#.utf8)) == .string("😀"))
    for text in [#""\ud83d\u0000""#, #""\ud83d\ud83d""#, #""\ude00""#, #""\ud83dx""#] {
      let fault = #expect(throws: JSONParser.Fault.self) { try JSONParser.parse(Array(text.utf8)) }
      #expect(fault?.message == "a surrogate stands alone", "\(text)")
    }
  }
}
