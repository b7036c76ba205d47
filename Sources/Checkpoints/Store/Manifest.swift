import Archives
import Base
import Foundation
import TensorFiles

/// A file of a checkpoint's folder, as the manifest lists it.
package struct CheckpointFile: Codable, Equatable {
  package let name: String
  package let bytes: Int
  package let crc32: String

  package init(name: String, bytes: Int, checksum: UInt32) {
    (self.name, self.bytes) = (name, bytes)
    crc32 = Manifest.hexadecimal(checksum)
  }
}

/// What a checkpoint's folder must hold: `manifest.json`, written last.
///
/// Sizes and CRC-32 checksums (the polynomial of zip and gzip, eight hexadecimal digits) tell
/// damage by disks and copies; they are no protection against forgery.
struct Manifest: Codable, Equatable {
  static let fileName = "manifest.json"

  /// The format's version.
  var version = 1
  /// The training step after which the checkpoint was made.
  var step: Int
  /// All files of the folder but this one.
  var files: [CheckpointFile]

  /// Reads the manifest of a checkpoint's folder.
  init(folder: String) throws(CheckpointError) {
    let path = "\(folder)/\(Self.fileName)"
    let contents: Data
    do {
      contents = try mappedContents(of: path)
    } catch  where error.problem == .missing {
      throw CheckpointError(
        .truncated, path: folder, "the checkpoint is incomplete: it has no \(Self.fileName)",
        remedy: "Use an earlier checkpoint")
    }
    do throws(JSONReading.Fault) {
      self = try JSONReading.decode(Manifest.self, from: contents)
    } catch {
      throw CheckpointError(
        .damaged, path: path, "the manifest cannot be read: \(error)",
        remedy: "Use an earlier checkpoint")
    }
    guard version == 1 else {
      throw CheckpointError(
        .unsupported, path: path, "the checkpoint has version \(version); this program reads 1",
        remedy: "Use the program that wrote it")
    }
    if let fault {
      throw CheckpointError(
        .damaged, path: path, "the manifest is wrong: \(fault)",
        remedy: "Use an earlier checkpoint")
    }
  }

  /// What is wrong with the entries, if anything.
  private var fault: String? {
    if step < 0 || step > Checkpoint.largestCount { return "the step \(step) is impossible" }
    var names: Set<[UInt8]> = []
    for file in files {
      if file.name.isEmpty || file.name.contains("/") || file.name == ".." {
        return "“\(file.name)” is not the name of a file beside it"
      }
      guard names.insert(Array(file.name.utf8)).inserted else {
        return "the file \(file.name) is listed twice"
      }
      if file.bytes < 0 { return "the file \(file.name) has \(file.bytes) bytes" }
    }
    return nil
  }

  init(step: Int, files: [CheckpointFile]) {
    self.step = step
    self.files = files
  }

  /// The bytes of the file.
  var json: Data {
    let entries = files.map {
      "    {\"name\": \(quotedJSON($0.name)), \"bytes\": \($0.bytes), \"crc32\": \"\($0.crc32)\"}"
    }
    return Data(
      """
      {
        "version": \(version),
        "step": \(step),
        "files": [
      \(entries.joined(separator: ",\n"))
        ]
      }

      """.utf8)
  }

  /// Compares every file with its size and checksum.
  func verify(folder: String) throws(CheckpointError) {
    for file in files {
      let path = "\(folder)/\(file.name)"
      let contents = try mappedContents(of: path, isWritable: false)
      guard contents.count == file.bytes else {
        throw CheckpointError(
          contents.count < file.bytes ? .truncated : .damaged, path: path,
          "the file has \(contents.count) bytes instead of \(file.bytes)",
          remedy: "Use an earlier checkpoint")
      }
      let checksum = contents.withUnsafeBytes { Self.hexadecimal(crc32(of: $0)) }
      guard checksum == file.crc32 else {
        throw CheckpointError(
          .damaged, path: path, "the checksum is \(checksum) instead of \(file.crc32)",
          remedy: "Use an earlier checkpoint")
      }
    }
  }

  static func hexadecimal(_ checksum: UInt32) -> String {
    let digits = String(checksum, radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
