import Checkpoints
import Foundation

/// Files that the reference reader takes or refuses: `safetensors/cases.json`.
struct SafetensorsSuite: Suite {
  private struct Case: Decodable {
    let file: String
    let valid: Bool
    let tensors: [String: [Int]]?
  }

  private let cases: Grouped<Case>
  private let folder: URL

  init(path: URL, options: Options) throws {
    let url = path.file("cases.json")
    folder = url.deletingLastPathComponent()
    let all = try JSONDecoder().decode([Case].self, from: url.unpacked())
    cases = Grouped(all) { $0.file }
  }

  var units: [String] { cases.units }

  func checks(of unit: String) throws -> [Check] {
    cases[unit].map { item in
      Check(id: item.valid ? "valid" : "malformed") {
        let path = folder.appendingPathComponent(item.file).path
        let file: SafetensorsFile
        do {
          file = try SafetensorsFile(path: path)
        } catch {
          if item.valid { throw Mismatch("refused: \(error)") }
          return
        }
        // The reference reader refuses a file for one type that it does not know.
        guard item.valid || !file.unread.isEmpty else {
          throw Mismatch("taken, though it is malformed")
        }
        let shapes = Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.shape) })
        if let expected = item.tensors, shapes != expected {
          throw Mismatch("expected \(expected), got \(shapes)")
        }
      }
    }
  }
}
