import Foundation
import Testing

@Suite("docs/first-hour.md")
struct FirstHourTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOf: NameTable.project.appending(path: path), encoding: .utf8)
  }

  @Test("what it shows is the package in examples/first-hour")
  func isTheExample() throws {
    let guide = try Self.text("docs/first-hour.md")
    for file in ["SpiralNet", "Program"] {
      let source = try Self.text("examples/first-hour/Sources/Spirals/\(file).swift")
      #expect(guide.contains("```swift\n\(source)```"), "\(file).swift")
    }
    let package = try Self.text("examples/first-hour/Package.swift")
    #expect(
      guide.contains("```\n\(package.replacing(#"path: "../..""#, with: #"path: "../Torus""#))```"))
  }

  @Test("its program trains, and saves what it then reads")
  func trains() throws {
    let bundle = Bundle.main.executablePath ?? CommandLine.arguments[0]
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "first-hour-\(ProcessInfo.processInfo.globallyUniqueString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let job = Process()
    job.executableURL = URL(filePath: bundle).deletingLastPathComponent().appending(path: "Spirals")
    job.currentDirectoryURL = folder
    let output = Pipe()
    job.standardOutput = output
    try job.run()
    let words = String(
      decoding: try output.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
    job.waitUntilExit()
    #expect(job.terminationStatus == 0, "\(words)")
    let last = try #require(words.split(whereSeparator: \.isNewline).last)
    let accuracy = try #require(last.firstMatch(of: #/\[([0-9.]+)\]/#).flatMap { Double($0.1) })
    #expect(accuracy > 0.9, "\(words)")
    #expect(
      FileManager.default.fileExists(atPath: folder.appending(path: "spirals.pth").path))
  }
}
