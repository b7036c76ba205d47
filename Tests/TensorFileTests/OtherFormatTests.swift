import Foundation
import TensorFiles
import Testing

@Suite struct OtherFormatTests {
  @Test(arguments: [
    ([0x89] + Array("HDF\r\n\u{1A}\n".utf8), "an HDF5 file"),
    ([0x1F, 0x8B, 8, 0], "a gzip archive"),
    (Array("PK\u{3}\u{4}".utf8), "a zip archive"), ([0x80, 2, 0x63], "a Python pickle"),
    (Array("GGUF".utf8), "a GGUF file"),
  ])
  func `a file of another format is called what it is`(magic: [UInt8], name: String) {
    let contents = Data(magic + [UInt8](repeating: 7, count: 64))
    #expect { try SafetensorsFile(contents: contents, path: "model") } throws: {
      "\($0)".contains("this is \(name)") && !"\($0)".contains("Download")
    }
  }

  @Test func `a header whose length looks like a pickle is read`() throws {
    let header = "{}" + String(repeating: " ", count: 0x0280 - 2)
    let contents = Data([0x80, 2, 0, 0, 0, 0, 0, 0] + Array(header.utf8))
    #expect(try SafetensorsFile(contents: contents, path: "model").tensors.isEmpty)
  }
}
