import Foundation

/// A file format that is told from safetensors by its first bytes, so that nobody is advised to copy a
/// file again that is whole.
package struct OtherFormat {
  /// With its article: `an HDF5 file`.
  package let name: String
  /// How its contents get here.
  package let remedy: String

  /// What begins with these bytes; nil for anything else, safetensors included.
  ///
  /// A safetensors file begins with its header's length, whose upper bytes are 0 and which `{` follows;
  /// none of these does.
  package static func of(_ contents: Data) -> OtherFormat? {
    let bytes = Array(contents.prefix(9))
    if bytes.count == 9, bytes[8] == UInt8(ascii: "{"), bytes[5...7].allSatisfy({ $0 == 0 }) {
      return nil
    }
    return known.first { bytes.starts(with: $0.magic) }?.format
  }

  private static let save = "Save the model as safetensors in the program that wrote it"

  private static let known: [(magic: [UInt8], format: OtherFormat)] =
    [
      (
        [0x89] + Array("HDF\r\n\u{1A}\n".utf8),
        OtherFormat(name: "an HDF5 file (Keras, .h5)", remedy: save)
      ),
      ([0x1F, 0x8B], OtherFormat(name: "a gzip archive", remedy: "Unpack it with gunzip first")),
      (
        Array("PK\u{3}\u{4}".utf8),
        OtherFormat(
          name: "a zip archive, as .pth and .npz files are",
          remedy: "Read it as a .pth or .npz file, or unpack it")
      ),
      (
        Array("GGUF".utf8),
        OtherFormat(name: "a GGUF file", remedy: save)
      ),
    ]
    + (2...5).map { version in
      // A pickle of protocol 2 to 5, as PyTorch wrote before its files were archives.
      (
        [0x80, UInt8(version)],
        OtherFormat(name: "a Python pickle, as old .pth files are", remedy: save)
      )
    }
}
