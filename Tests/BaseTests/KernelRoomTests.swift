import Foundation
import Testing

/// Kernels in C are called from one folder, so that another back end is a table of its functions.
@Suite("The kernels' room")
struct KernelRoomTests {
  /// Files outside of the room that import CKernels. Move what they call to the room and take them off;
  /// none is to be added.
  private static let outside: Set<String> = [
    "Tensors/Functional/Attention.swift",
    "Tensors/Functional/Convolution/Convolution.swift",
    "Tensors/Functional/Convolution/ConvolutionOperations.swift",
    "Tensors/Functional/Convolution/Folding.swift",
    "Tensors/Functional/Losses/CTC.swift",
    "Tensors/Functional/Recurrent/RecurrentForward.swift",
    "Tensors/Functional/Recurrent/RecurrentGradient.swift",
    "Tensors/Generator.swift",
    "Tensors/Operators/Random.swift",
  ]

  @Test("CKernels is imported in Sources/Tensors/Kernels, and by the listed files, alone")
  func importers() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let paths = FileManager.default.enumerator(atPath: sources.path)?.compactMap { $0 as? String }
    let files = (paths ?? []).filter { $0.hasSuffix(".swift") }
    #expect(files.count > 100, "the sources are not where the test looks for them")
    let importing = try files.filter { path in
      try String(contentsOf: sources.appendingPathComponent(path), encoding: .utf8)
        .contains(
          #/^\s*(@\w+\s+|internal\s+|public\s+|package\s+)*import\s+CKernels\b/#
            .anchorsMatchLineEndings())
    }
    let room = "Tensors/Kernels/"
    #expect(importing.contains { $0.hasPrefix(room) })
    let found = Set(importing.filter { !$0.hasPrefix(room) })
    #expect(
      found.subtracting(Self.outside).isEmpty,
      "these import CKernels; call it from Sources/\(room) instead: \(found.subtracting(Self.outside).sorted())"
    )
    #expect(
      Self.outside.subtracting(found).isEmpty,
      "these import CKernels no longer; take them off the list: \(Self.outside.subtracting(found).sorted())"
    )
  }
}
