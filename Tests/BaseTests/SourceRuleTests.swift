import Foundation
import Testing

/// Mistakes that are easy to make again, looked for in the sources themselves.
@Suite("Rules for the sources")
struct SourceRuleTests {
  private static var sources: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Sources")
  }

  private static func files(in folder: URL = sources) -> [URL] {
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (all?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
  }

  @Test("text is divided into lines by `lines` alone, since CR LF is one Character")
  func lines() throws {
    // Splitting or looking for "\n" as a Character or String; bytes are written UInt8(ascii:).
    let mistake =
      #/(split|components|range|ranges|firstIndex|lastIndex|hasSuffix|hasPrefix|contains|trimPrefix|enumerateLines)\s*\([^()]*"(\\r)?\\n"|components\(separatedBy: \.newlines/#
    let files = Self.files()
    #expect(files.count > 100, "the sources are not where the test looks for them")
    for file in files {
      let text = try String(contentsOf: file, encoding: .utf8)
      // Looked for first, since an expression takes its time with each line.
      guard ["\\n\"", "by: .newlines"].contains(where: { text.contains($0) }) else { continue }
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
      {
        #expect(
          line.firstMatch(of: mistake) == nil,
          "\(file.lastPathComponent), line \(index + 1): use lines of Sources/Base/Text/Lines.swift"
        )
      }
    }
    #expect("text.split(separator: \"\\n\")".firstMatch(of: mistake) != nil)
    #expect("line.hasSuffix(\"\\r\\n\")".firstMatch(of: mistake) != nil)
    #expect("lines.joined(separator: \"\\n\")".firstMatch(of: mistake) == nil)
    #expect("bytes.split(separator: UInt8(ascii: \"\\n\"))".firstMatch(of: mistake) == nil)
  }

  @Test("TorusCore reaches no room that needs MPI")
  func core() throws {
    let manifest = Self.sources.deletingLastPathComponent().appendingPathComponent("Package.swift")
    let text = try String(contentsOf: manifest, encoding: .utf8)
    func words(_ list: Substring) -> [String] {
      list.matches(of: #/"([^"]+)"/#).map { String($0.1) }
    }
    var lists: [Substring: [String]] = [:]
    for match in text.matches(of: #/let (core|ranks) = \[([^\]]*)\]/#) {
      lists[match.1] = words(match.2)
    }
    var needs: [String: [String]] = [:]
    for match in text.matches(
      of: #/name:\s*"([^"]+)",\s*dependencies:\s*(\[[^\]]*\])?(?:\s*\+\s*)?(?:(core|ranks)\.map)?/#)
    {
      needs[String(match.1)] = words(match.2 ?? "") + (match.3.flatMap { lists[$0] } ?? [])
    }
    func reached(from start: String) -> Set<String> {
      var found: Set<String> = []
      var waiting = [start]
      while let room = waiting.popLast() {
        if found.insert(room).inserted { waiting += needs[room] ?? [] }
      }
      return found
    }
    #expect(reached(from: "Torus").contains("CMPI"))
    #expect(reached(from: "TorusCore").isSuperset(of: ["Tensors", "Tokenizers", "Models"]))
    #expect(reached(from: "TorusCore").isDisjoint(with: ["CMPI", "CMPIShim", "Collectives"]))
  }

  @Test("standard output and standard error are written through StandardStream alone")
  func standardStreams() throws {
    // FileHandle traps where nothing can be written; print and C's streams lose it in silence.
    let mistake =
      #/FileHandle\.standard(Output|Error)|(^|[^.\w`])(Swift\.)?(print|debugPrint|dump|fputs|puts|putchar|NSLog)\(/#
    for file in Self.files() where !file.path.contains("/Sources/conformance/") {
      let text = try String(contentsOf: file, encoding: .utf8)
      let words = ["print(", "Print(", "dump(", "puts(", "putchar(", "NSLog(", ".standard"]
      guard words.contains(where: { text.contains($0) }) else { continue }
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
      {
        let code = line.drop { $0 == " " }
        if code.hasPrefix("//") || code.contains("func print(") { continue }
        #expect(
          code.firstMatch(of: mistake) == nil,
          "\(file.lastPathComponent), line \(index + 1): use StandardStream of Sources/Base")
      }
    }
    #expect("if isOld { print(text) }".firstMatch(of: mistake) != nil)
    #expect("print(text)".firstMatch(of: mistake) != nil)
    #expect("FileHandle.standardError.write(data)".firstMatch(of: mistake) != nil)
    #expect("StandardStream.output.print(text)".firstMatch(of: mistake) == nil)
    #expect("fingerprint(text)".firstMatch(of: mistake) == nil)
  }

  @Test("tests draw from generators of their own, since all tests of a process share one")
  func generators() throws {
    let mistake = #/(^|[^.\w])manualSeed\(/#
    let tests = Self.sources.deletingLastPathComponent().appendingPathComponent("Tests")
    let files = Self.files(in: tests)
    #expect(files.count > 100, "the tests are not where the test looks for them")
    for file in files where file.lastPathComponent != "SourceRuleTests.swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      guard text.contains("manualSeed(") else { continue }
      for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false)
        .enumerated()
      {
        #expect(
          line.firstMatch(of: mistake) == nil,
          "\(file.lastPathComponent), line \(index + 1): use Generator(seed:).asDefault { … }")
      }
    }
    #expect("    manualSeed(3)".firstMatch(of: mistake) != nil)
    #expect("generator.manualSeed(3)".firstMatch(of: mistake) == nil)
  }

  /// Options and arguments of the programs that hold a text and name no file or folder.
  private static let wordsOfPrograms: Set<String> = [
    "AllReduceCommand.algorithm", "ChatCommand.system", "CheckCommand.texts",
    "CompareCommand.models",
    "FineTuneCommand.arguments",
    "FolderOptions.dtype", "FolderOptions.quantize", "FolderOptions.settings",
    "FolderOptions.stops", "GenerateCommand.dtype", "GenerateCommand.negativePrompt",
    "GenerateCommand.prompt", "GenerateCommand.quantize",
    "LossesCommand.models", "OpsCommand.part", "PlotCommand.metric",
    "RunCommand.bindTo", "RunCommand.command", "RunCommand.host", "RunCommand.localRanksFilter",
    "RunCommand.masterAddress", "RunCommand.mpiOption", "RunCommand.nnodes", "RunCommand.redirects",
    "RunCommand.runID", "RunCommand.stopSignal", "RunCommand.tee", "RunCommand.workers",
    "JudgementOptions.settings", "ScalingCommand.algorithm", "ScalingCommand.model",
    "SimulateCommand.model",
    "StepCommand.models", "TrainCommand.arguments",
  ]

  @Test("every option and argument of the programs that names a place goes through UserPath")
  func optionsOfPrograms() throws {
    let declaration =
      #/@(?:Option|Argument)(?<options>(?:(?!\bvar )[\s\S])*)\bvar (?<name>\w+)(?<type>[^\n]*)/#
    var known = Self.wordsOfPrograms
    var places = 0
    let rooms = ["/Sources/ddp-", "/Sources/RunCommands/", "/Sources/TrainCommands/"]
    for file in Self.files() where rooms.contains(where: { file.path.contains($0) }) {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: declaration) {
        guard match.type.contains("String") || match.type.contains("\"") else { continue }
        let name = "\(file.deletingPathExtension().lastPathComponent).\(match.name)"
        if known.remove(name) != nil { continue }
        places += 1
        #expect(
          match.options.contains("UserPath.expanded($0)")
            || text.contains("try place(\(match.name), "),
          "\(name): expand it with UserPath, or list it among those that name no place")
      }
    }
    #expect(known.isEmpty, "no longer there: \(known.sorted())")
    #expect(places > 10)
  }
}
