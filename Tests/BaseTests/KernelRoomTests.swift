import Foundation
import Testing

/// Kernels in C are called from one folder, so that another back end is a table of its functions.
@Suite("The kernels' room")
struct KernelRoomTests {
  private static let room = "Tensors/Kernels/"

  /// The paths and texts of all Swift files under Sources.
  private func sources() throws -> [(path: String, text: String)] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let paths = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }
    let files = (paths ?? []).filter { $0.hasSuffix(".swift") }
    #expect(files.count > 100, "the sources are not where the test looks for them")
    return try files.map {
      ($0, try String(contentsOf: folder.appendingPathComponent($0), encoding: .utf8))
    }
  }

  @Test("CKernels is imported in Sources/Tensors/Kernels alone, and stays inside of its target")
  func importers() throws {
    var found = 0
    for (path, text) in try sources() where text.contains("CKernels") {
      for line in text.split(whereSeparator: \.isNewline)
      where line.contains("CKernels") && line.contains(#/^\s*(@\w+\s+|\w+\s+)*import\s+CKernels\b/#)
      {
        #expect(path.hasPrefix(Self.room), "\(path) imports CKernels; call it from \(Self.room)")
        #expect(line == "internal import CKernels", "\(path): \(line)")
        found += 1
      }
    }
    #expect(found > 10)
  }

  @Test("addresses of tensors are taken in the kernels' room and in storage's own files alone")
  func pointers() throws {
    let own: Set = ["Tensors/Storage.swift", "Tensors/Tensor.swift", "Tensors/Tensor+Memory.swift"]
    var found = 0
    for (path, text) in try sources()
    where !path.hasPrefix("Collectives/") && !path.hasPrefix("ddp-bench/")
      && text.contains(".pointer")
    {
      for line in text.split(whereSeparator: \.isNewline)
      where line.contains(".pointer") && line.contains(#/\.pointer\b/#) {
        let isBuffer = line.contains("buffer.pointer")
        #expect(
          path.hasPrefix(Self.room) || own.contains(path) || isBuffer,
          "\(path): \(line); use withBytes, fill, copyBytes, part or lentMemory")
        found += 1
      }
    }
    #expect(found > 100)
  }
}
