import Base
import Foundation
import Tensors
import Transformers

/// Folders of sentence-transformers with texts and their vectors: `sentence/NAME/cases.json`. Each
/// folder is a unit; its checks are the vectors of all texts, of one text at a time, and of the model
/// that was saved.
struct SentenceSuite: Suite {
  private let folder: URL
  let units: [String]

  init(path: URL) throws {
    (folder, units) = try CaseFolder.folders(path, with: "modules.json")
  }

  func checks(of unit: String) throws -> [Check] {
    let url = folder.appendingPathComponent(unit)
    let item = try SentenceCase(url)
    return [
      Check(id: "together") { try item.check(try SentenceCase.load(url.path)) },
      Check(id: "one by one") {
        let model = try SentenceCase.load(url.path)
        let vectors = Tensor.cat(try item.texts.map { try model.encode([$0]) })
        try Comparison.check(vectors, item.embeddings, "embeddings", Tolerance.outputs)
      },
      Check(id: "save") {
        let copy = FileManager.default.temporaryDirectory
          .appendingPathComponent("torus-sentence-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: copy) }
        try SentenceCase.load(url.path).savePretrained(copy.path)
        try item.check(try SentenceCase.load(copy.path))
      },
    ]
  }
}

/// Texts with their vectors.
struct SentenceCase {
  let texts: [String]
  /// The tokens that each text becomes, where they are told.
  let ids: [[Int]]?
  let embeddings: Tensor
  let similarity: Tensor

  init(_ folder: URL) throws {
    let json = try JSONValue(folder.file("cases.json"))
    texts = json["texts"]?.array?.compactMap(\.string) ?? []
    ids = json["ids"]?.array?.map { $0.array?.compactMap(\.int) ?? [] }
    let tensors = try TensorFile(folder.file("cases.safetensors"))
    embeddings = try tensors.tensor("embeddings")
    similarity = try tensors.tensor("similarity")
  }

  static func load(_ path: String) throws -> SentenceTransformer {
    do {
      return try SentenceTransformer(path)
    } catch let error as ModelError where error.problem == .unsupported {
      throw Unsupported("\(error)")
    }
  }

  func check(_ model: SentenceTransformer) throws {
    let vectors = try model.encode(texts)
    try Comparison.check(vectors, embeddings, "embeddings", Tolerance.outputs)
    try Comparison.check(
      model.similarity(vectors, vectors), similarity, "similarity", Tolerance.outputs)
    for (text, expected) in zip(texts, ids ?? []) {
      let got = try model.tokenized([text]).inputIds.array(of: Int.self)
      guard got == expected else { throw Mismatch("ids of \(text.prefix(40)): \(got.prefix(20))") }
    }
  }
}

extension CaseFolder {
  /// The folders below one that hold a file, or the one itself where it holds it.
  static func folders(_ path: URL, with file: String) throws -> (folder: URL, names: [String]) {
    func holdsFile(_ url: URL) -> Bool {
      [file, file + ".gz"].contains {
        FileManager.default.fileExists(atPath: url.appendingPathComponent($0).path)
      }
    }
    if holdsFile(path) { return (path.deletingLastPathComponent(), [path.lastPathComponent]) }
    let names = try FileManager.default.contentsOfDirectory(atPath: path.path)
      .filter { holdsFile(path.appendingPathComponent($0)) }.sorted()
    guard !names.isEmpty else { throw RunnerError("\(path.path) holds no NAME/\(file)") }
    return (path, names)
  }
}
