import Foundation
import NN
import Tensors

/// The cases of modules: `NAME.json` beside `NAME.safetensors`.
struct ModuleSuite: Suite {
  let units: [String]
  private let folder: CaseFolder
  private let strided: Bool
  private let registry = ModuleRegistry()

  init(folder: URL, options: Options) throws {
    self.folder = try CaseFolder(folder)
    units = self.folder.names
    strided = options.strided
  }

  func checks(of unit: String) throws -> [Check] {
    let (cases, tensors, row) = try contents(of: unit)
    return cases.map { item in
      Check(id: "\(item.id)") {
        guard let row else { throw Unsupported("module \(unit)") }
        try ModuleCheck(item: item, tensors: tensors, strided: strided).run(row)
      }
    }
  }

  /// A module's cases, their tensors, and how it is made; nil where the runner does not know it.
  func contents(
    of unit: String
  ) throws -> (cases: [ModuleCase], tensors: TensorFile, row: ModuleRegistry.Row?) {
    let file = try JSONDecoder().decode(File.self, from: folder.json(unit))
    let name = file.module.hasPrefix("nn.") ? String(file.module.dropFirst(3)) : file.module
    return (file.cases, try folder.tensors(unit), registry[name])
  }

  /// The format of a file.
  private struct File: Decodable {
    let module: String
    let cases: [ModuleCase]
  }
}

/// One case as it stands in a file.
struct ModuleCase: Decodable {
  struct Arguments: Decodable {
    let args: [Form]
    let kwargs: [String: Form]
  }

  let id: Int
  let training: Bool
  let constructor: Arguments
  let forward: Arguments
  let state: [String]
  let outputs: Int
  let cotangents: [Int?]
  let grads: [String]
  let after: [String]?
}
