import Base
import Foundation
import Settings
import Testing
import Training

@Suite struct PathTests {
  private var home: String { ProcessInfo.processInfo.environment["HOME"] ?? "/" }

  @Test func `a tilde means the home folder, and everything else stands as it is`() throws {
    #expect(try UserPath.expanded("~") == home)
    #expect(try UserPath.expanded("~/runs/a") == "\(home)/runs/a")
    #expect(try UserPath.expanded("~root/x").hasSuffix("/x"))
    for path in ["a", "./~/a", "/a/~b", "a~", "é/ü"] {
      #expect(try UserPath.expanded(path) == path)
    }
  }

  @Test(arguments: [
    ("", "is empty"), ("~nobody-of-that-name/x", "names no user nobody-of-that-name"),
    (String(repeating: "a", count: 5000), "has 5000 bytes"), ("a\0b", "NUL"),
  ])
  func `a path that names no place is refused`(path: String, words: String) {
    #expect { try UserPath.expanded(path) } throws: { "\($0)".contains(words) }
  }

  /// Keys that hold a path, with what else has to be said for them to be read.
  static let keys = [
    "run_dir", "resume", "trace", "profile", "distributed.calibration", "data.path", "data.train",
    "data.validation", "data.test", "callbacks.path",
  ]

  @Test(arguments: keys)
  func `a key that holds a path means one place`(key: String) throws {
    func read(_ path: String, callback: String = "tensorboard") throws -> String? {
      let source =
        switch key.prefix(while: { $0 != "." }) {
        case "data": ["--data.name", "labelled-text", "--data.path", "x"]
        case "callbacks": ["--callbacks", callback]
        default: [String]()
        }
      return try RunConfiguration(
        RunArguments(["digits-cnn"] + source + ["--\(key)=\(path)"])
      ).settings[key.hasPrefix("callbacks.") ? "callbacks" : key]
    }
    #expect(try read("~/a b")?.contains("\(home)/a b") == true)
    #expect(try read("~/a b", callback: "mlflow")?.contains("\(home)/a b") == true)
    #expect(throws: ConfigurationError.self) { try read("~nobody-of-that-name/x") }
    // A key that may be absent is absent where nothing stands.
    let nothing = try? read("")
    #expect(nothing == nil || nothing == .some("null") || nothing?.contains("path: null") == true)
  }

  /// The rule: a key whose help speaks of a file or folder is read as a path, and no source but
  /// ``UserPath``'s knows what a tilde means.
  @Test func `every key of a file or folder is one of those`() {
    let words = ["file", "folder", "table", "path"]
    // These name kinds of files, or places in the text, not files.
    let others = ["data.extensions", "data.held_out", "name", "distributed.sharding"]
    for key in RunConfiguration.keys() where !others.contains(key.path) {
      let speaks = words.contains { word in
        key.help.split { !$0.isLetter }.contains { $0 == word }
      }
      if speaks, key.expectation.hasPrefix("a text") {
        #expect(Self.keys.contains(key.path), "\(key.path): \(key.help)")
      }
    }
  }

  @Test func `home folders are looked up in one file`() throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Sources")
    let files = FileManager.default.enumerator(atPath: sources.path)
    var seen = 0
    while let name = files?.nextObject() as? String {
      guard name.hasSuffix(".swift"), name != "Base/Files/UserPath.swift" else { continue }
      seen += 1
      let text = try String(
        contentsOf: sources.appendingPathComponent(name), encoding: .utf8)
      for word in [
        "expandingTildeInPath", "NSHomeDirectory", "homeDirectoryForCurrentUser", "getpwnam",
        "getpwuid", "hasPrefix(\"~",
      ] {
        #expect(!text.contains(word), "\(name) uses \(word); use UserPath.expanded")
      }
    }
    #expect(seen > 100)
  }
}
