import Foundation
import Testing

/// The compiler's words about snippets, which see the modules that were built with the tests.
enum Compiler {
  /// Whether words tell somebody what to write instead.
  static func isHint(_ words: String) -> Bool {
    words.contains("has been renamed to") || words.contains("is unavailable: ")
      || words.contains("extraneous argument label") || words.contains("incorrect argument label")
  }

  /// The errors of each snippet; none for those that compile.
  /// - Parameter areStatements: Whether snippets stand as they are, and are no expressions to be evaluated.
  static func answers(
    to snippets: [String], areStatements: Bool = false
  ) async throws -> [[String]] {
    let context = NameTable.project.appending(path: "Tests/GuideTests/Context.txt")
    var lines = try String(contentsOf: context, encoding: .utf8)
      .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    let first = lines.count + 1
    for (index, snippet) in snippets.enumerated() {
      lines.append(
        "func snippet\(index)(_ group: ProcessGroup, _ packed: PackedSequence, "
          + "_ parallel: DistributedDataParallel<Linear>, _ parameters: ParameterGroup) throws "
          + "{ \(areStatements || isAssignment(snippet) ? "" : "_ = ")\(snippet) }")
    }
    var answers = [[String]](repeating: [], count: snippets.count)
    for error in try errors(in: lines.joined(separator: "\n")) {
      try #require(error.line >= first, "the snippets' context: line \(error.line): \(error.words)")
      answers[error.line - first].append(error.words)
    }
    return answers
  }

  /// What is wrong with a file, by line.
  static func errors(in source: String) throws -> [(line: Int, words: String)] {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "snippets-\(ProcessInfo.processInfo.globallyUniqueString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "main.swift")
    try Data(source.utf8).write(to: file)
    let output = try run(file)
    var errors: [(line: Int, words: String)] = []
    for line in output.split(whereSeparator: \.isNewline) where line.hasPrefix(file.path) {
      let fields = line.dropFirst(file.path.count + 1).split(separator: ":", maxSplits: 2)
      guard fields.count == 3, fields[2].hasPrefix(" error: "), let number = Int(fields[0]) else {
        continue
      }
      errors.append((number, String(fields[2].dropFirst(8))))
    }
    if errors.isEmpty { try #require(!output.contains("error: "), "\(output)") }
    return errors
  }

  private static func isAssignment(_ snippet: String) -> Bool {
    snippet.firstMatch(of: #/ [-+*\/]?= /#) != nil
  }

  /// Checks a file's types, and returns what the compiler writes.
  private static func run(_ file: URL) throws -> String {
    let bundle = Bundle.main.executablePath ?? CommandLine.arguments[0]
    let build = URL(filePath: bundle).deletingLastPathComponent()
    let job = Process()
    job.executableURL = URL(filePath: "/usr/bin/env")
    job.arguments =
      ["swiftc", "-typecheck", "-swift-version", "6", "-I", build.appending(path: "Modules").path]
      + moduleMaps(build).flatMap { ["-Xcc", "-fmodule-map-file=\($0)"] }
      + headers.flatMap { ["-Xcc", "-I\($0)"] } + [file.path]
    let log = file.deletingLastPathComponent().appending(path: "log")
    try Data().write(to: log)
    let handle = try FileHandle(forWritingTo: log)
    job.standardOutput = handle
    job.standardError = handle
    try job.run()
    job.waitUntilExit()
    try handle.close()
    return try String(contentsOf: log, encoding: .utf8)
  }

  /// The C modules that Swift's name: of the build, of the packages, and of the system's libraries.
  private static func moduleMaps(_ build: URL) -> [String] {
    let files = FileManager.default
    func maps(_ folder: URL, _ path: String) -> [String] {
      ((try? files.contentsOfDirectory(atPath: folder.path)) ?? []).sorted().map {
        folder.appending(path: $0).appending(path: path).path
      }
    }
    let checkouts = NameTable.project.appending(path: ".build/checkouts")
    let packages = ((try? files.contentsOfDirectory(atPath: checkouts.path)) ?? []).flatMap {
      maps(checkouts.appending(path: "\($0)/Sources"), "include/module.modulemap")
    }
    let all =
      maps(build, "module.modulemap") + packages
      + maps(NameTable.project.appending(path: "Sources"), "module.modulemap")
    return all.filter { files.fileExists(atPath: $0) }
  }

  /// The folders of the C targets' headers, which include each other's.
  private static var headers: [String] {
    let sources = NameTable.project.appending(path: "Sources")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: sources.path)) ?? []
    return names.sorted().map { sources.appending(path: "\($0)/include").path }
      .filter { FileManager.default.fileExists(atPath: $0) }
  }
}
