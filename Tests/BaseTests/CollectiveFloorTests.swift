import Foundation
import Testing

/// The folders of the engine of collectives are floors: each includes only those below it.
@Suite("The floors of the engine of collectives")
struct CollectiveFloorTests {
  /// From the ground up.
  private static let floors = [
    "combine", "flight", "lanes", "operations", "algorithms", "plans", "groups", "process",
  ]
  /// On which floor what a public header declares is written.
  private static let declared = [
    "torus_combine.h": "combine", "torus_flight.h": "flight", "torus_parts.h": "lanes",
    "torus_group.h": "groups", "torus_fatal.h": "process",
  ]

  private struct Inclusion {
    let file: String
    let folder: String
    let named: String
  }

  private static var sources: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
  }

  /// Every `#include "…"` and `#include <…>` below a folder of Sources.
  private func inclusions(_ target: String) throws -> [Inclusion] {
    let root = Self.sources.appendingPathComponent(target)
    let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String }
    return try (paths ?? []).filter { $0.hasSuffix(".c") || $0.hasSuffix(".h") }.flatMap { path in
      let text = try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
      let folder = path.split(separator: "/").dropLast().joined(separator: "/")
      return text.matches(of: #/#include\s+["<]([^">]+)[">]/#).map {
        Inclusion(file: path, folder: folder, named: String($0.1))
      }
    }
  }

  @Test("a floor includes lower floors alone, and algorithms the lanes alone")
  func floors() throws {
    let all = try inclusions("CCollectives")
    #expect(Set(all.map(\.folder)) == Set(Self.floors + ["include"]))
    for inclusion in all where inclusion.folder != "include" {
      let parts = inclusion.named.split(separator: "/")
      let target = parts.count == 3 && parts[0] == ".." ? String(parts[1]) : nil
      guard let other = target ?? Self.declared[inclusion.named],
        let from = Self.floors.firstIndex(of: inclusion.folder)
      else { continue }
      let to = Self.floors.firstIndex(of: other)
      #expect(
        other == inclusion.folder || (to ?? .max) < from,
        "\(inclusion.file) includes \(inclusion.named), which is not below it")
      if inclusion.folder == "algorithms" {
        #expect(
          inclusion.named == "../lanes/lanes.h",
          "\(inclusion.file) includes \(inclusion.named); an algorithm builds on the lanes alone")
      }
    }
    #expect(all.contains { $0.named == "../lanes/lanes.h" })
  }

  @Test("mpi.h is seen by what wraps MPI alone")
  func mpi() throws {
    let targets = try FileManager.default.contentsOfDirectory(atPath: Self.sources.path)
    let seeing = try targets.flatMap { try inclusions($0) }.filter { $0.named == "mpi.h" }
    #expect(Set(seeing.map(\.file)).isSubset(of: ["mpi_process.c", "mpi_transport.c", "shim.h"]))
    #expect(try inclusions("CCollectives").allSatisfy { $0.named != "mpi.h" })
    #expect(seeing.contains { $0.file == "mpi_transport.c" })
  }
}
