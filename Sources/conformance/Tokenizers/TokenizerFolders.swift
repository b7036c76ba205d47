import Base
import Foundation

/// Folders of tokenizers, each with a `cases.json` in it: `NAME/cases.json`, or one such folder.
struct TokenizerFolders {
  private let root: URL
  let units: [String]

  init(_ path: URL) throws {
    let manager = FileManager.default
    func holds(_ url: URL) -> Bool {
      manager.fileExists(atPath: url.appendingPathComponent("cases.json").path)
    }
    if holds(path) {
      (root, units) = (path.deletingLastPathComponent(), [path.lastPathComponent])
      return
    }
    root = path
    let names = (try? manager.contentsOfDirectory(atPath: path.path)) ?? []
    units = names.filter { holds(path.appendingPathComponent($0)) }.sorted()
    guard !units.isEmpty else { throw RunnerError("\(path.path) holds no NAME/cases.json") }
  }

  func path(_ unit: String) -> String { root.appendingPathComponent(unit).path }

  func cases(_ unit: String) throws -> JSONValue {
    let url = root.appendingPathComponent(unit).appendingPathComponent("cases.json")
    do {
      return try JSONParser.parse([UInt8](Data(contentsOf: url)))
    } catch {
      throw RunnerError("\(url.path): \(error)")
    }
  }
}

extension JSONValue {
  /// The texts of a list; nil where one is none.
  var strings: [String]? {
    guard let array else { return nil }
    let texts = array.compactMap(\.string)
    return texts.count == array.count ? texts : nil
  }

  /// Numbers, of which some may be missing.
  var optionalInts: [Int?]? { array?.map(\.int) }

  /// Pairs of numbers.
  var pairs: [[Int]]? { array?.compactMap(\.ints) }
}

/// Compares results with expected ones, each by its name.
struct Expectation {
  /// - Throws: ``Mismatch`` that names what differs.
  static func equal<Value: Equatable>(_ name: String, _ got: Value, _ expected: Value) throws {
    guard got == expected else { throw Mismatch("\(name): expected \(expected), got \(got)") }
  }

  /// Compares texts by their bytes.
  static func equal(_ name: String, _ got: String, _ expected: String) throws {
    guard got.utf8.elementsEqual(expected.utf8) else {
      throw Mismatch("\(name): expected \"\(expected)\", got \"\(got)\"")
    }
  }

  static func equal(_ name: String, _ got: [String], _ expected: [String]) throws {
    guard got.count == expected.count,
      zip(got, expected).allSatisfy({ $0.utf8.elementsEqual($1.utf8) })
    else { throw Mismatch("\(name): expected \(expected), got \(got)") }
  }
}
