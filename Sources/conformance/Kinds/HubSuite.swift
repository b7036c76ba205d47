import Foundation
import Transformers

/// A hub's cache: `hub/cases.json` names the repository that lies in it; folders beside it hold the
/// same model in other files and types.
struct HubSuite: Suite {
  private let folder: URL
  private let repository: String
  private let folders: ModelSuite

  init(path: URL, options: Options) throws {
    struct File: Decodable { let repository: String }
    let url = path.file("cases.json")
    folder = url.deletingLastPathComponent()
    repository = try JSONDecoder().decode(File.self, from: url.unpacked()).repository
    folders = try ModelSuite(below: folder)
  }

  var units: [String] { [repository] + folders.units }

  func checks(of unit: String) throws -> [Check] {
    guard unit == repository else { return try folders.checks(of: unit) }
    let item = ModelCase(
      folder: folder, tensors: try TensorFile(folder.file("cases.safetensors")),
      repository: repository)
    return [Check(id: "output") { try item.checkOutput() }]
  }
}
