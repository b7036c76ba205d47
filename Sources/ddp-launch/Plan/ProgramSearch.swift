import Base
import Foundation

/// Finds programs the way their users expect: `mpirun` on the machine, `ddp-train` in the project.
package struct ProgramSearch: Sendable {
  private let folders: [String]

  /// Looks in PATH and then in the places where a build leaves this project's programs.
  ///
  /// - Parameters:
  ///   - path: PATH.
  ///   - executable: This program, whose folder and project are searched.
  package init(
    path: String = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
    executable: String = Bundle.main.executablePath ?? ""
  ) {
    let here = FileManager.default.currentDirectoryPath
    let own = URL(fileURLWithPath: executable).resolvingSymlinksInPath()
      .deletingLastPathComponent().path
    var candidates = path.split(separator: ":").map(String.init)
    candidates += [own, here, "\(here)/.build/release"]
    var folder = URL(fileURLWithPath: own)
    while folder.path != "/" {
      if FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path)
      {
        candidates += [folder.path, "\(folder.path)/.build/release"]
        break
      }
      folder.deleteLastPathComponent()
    }
    folders = candidates.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }

  /// The absolute path of a program.
  ///
  /// - Throws: `LaunchError.programNotFound` with the folders searched, or `.notExecutable`.
  package func find(_ name: String) throws(LaunchError) -> String {
    let here = FileManager.default.currentDirectoryPath
    let candidates =
      name.contains("/")
      ? [name.hasPrefix("/") ? name : "\(here)/\(name)"] : folders.map { "\($0)/\(name)" }
    var refused: String?
    for path in candidates {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
        !isFolder.boolValue
      else { continue }
      if access(path, X_OK) == 0 { return path }
      refused = refused ?? path
    }
    if let refused { throw .notExecutable(refused) }
    throw .programNotFound(name, searched: name.contains("/") ? candidates : folders)
  }

  /// Open MPI's mpirun: the one named, or the first on PATH, or where distributions put it.
  ///
  /// - Throws: `LaunchError.noMPIRun`, or `.notOpenMPI` where only another MPI's was found.
  package func mpirun(named name: String?) throws(LaunchError) -> String {
    let names =
      name.map { [$0] } ?? [
        "mpirun", "mpirun.openmpi", "/usr/lib64/openmpi/bin/mpirun", "/opt/homebrew/bin/mpirun",
      ]
    var other: LaunchError?
    for name in names {
      guard let path = try? find(name) else { continue }
      let version = Self.firstLine(of: path, "--version")
      if version.contains("Open MPI") || version.contains("OpenRTE") { return path }
      other = other ?? .notOpenMPI(path, version: version.isEmpty ? "silent" : version)
    }
    throw other ?? .noMPIRun(searched: name.map { [$0] } ?? folders)
  }

  /// The first line that a program prints, empty where it prints none within ten seconds.
  package static func firstLine(of path: String, _ arguments: String...) -> String {
    let result = CapturedRun(path, arguments, deadline: 10)
    let text = String(decoding: result?.output ?? [], as: UTF8.self)
    return text.lines.first { !$0.isEmpty }.map(String.init) ?? ""
  }
}
