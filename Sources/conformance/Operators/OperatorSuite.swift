import Foundation
import Tensors

/// The cases of operators: `NAME.json` beside `NAME.safetensors`.
struct OperatorSuite: Suite {
  let units: [String]
  private let folder: CaseFolder
  private let strided: Bool
  private let registry = Registry()

  init(folder: URL, options: Options) throws {
    self.folder = try CaseFolder(folder)
    units = self.folder.names
    strided = options.strided
  }

  func checks(of unit: String) throws -> [Check] {
    let file = try JSONDecoder().decode(File.self, from: folder.json(unit))
    let tensors = try folder.tensors(unit)
    let name = [file.op, file.variant].compactMap { $0 }.joined(separator: ".")
    let row = registry[name] ?? registry[file.op]
    return file.cases.map { item in
      Check(id: "\(item.id) \(item.dtype)") {
        guard let row else { throw Unsupported("operator \(name)") }
        try OperatorCheck(item: item, tensors: tensors, strided: strided).run(row)
      }
    }
  }

  /// The format of a file.
  private struct File: Decodable {
    let op: String
    let variant: String?
    let cases: [OperatorCase]
  }
}

/// One case as it stands in a file.
struct OperatorCase: Decodable {
  let id: Int
  let dtype: String
  let args: [Form]
  let kwargs: [String: Form]
  let outputs: [Form]
  let compare: String?
  let cotangents: [String?]?
  let grads: [String: String]?
}
