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
    let (cases, tensors, row) = try contents(of: unit)
    return cases.map { item in
      Check(id: "\(item.id) \(item.dtype)") {
        guard let row else { throw Unsupported("operator \(unit)") }
        try OperatorCheck(item: item, tensors: tensors, strided: strided).run(row)
      }
    }
  }

  /// An operator's cases, their tensors, and how it is called; nil where the runner does not know it.
  func contents(
    of unit: String
  ) throws -> (cases: [OperatorCase], tensors: TensorFile, row: Registry.Row?) {
    let file = try JSONDecoder().decode(File.self, from: folder.json(unit))
    let name = [file.op, file.variant].compactMap { $0 }.joined(separator: ".")
    return (file.cases, try folder.tensors(unit), registry[name] ?? registry[file.op])
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
