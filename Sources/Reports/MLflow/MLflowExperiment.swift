import Foundation
import Yams

/// An experiment of MLflow's file store: a folder of runs.
struct MLflowExperiment {
  /// The number by which MLflow calls it, and its folder.
  let id, folder: String

  /// The experiment of a name, made where there is none.
  ///
  /// The number of a new one follows from its name, so that runs which begin at the same time share it.
  init(named name: String, in store: String) throws(MLflowError) {
    let root = URL(fileURLWithPath: store).path
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    for id in folders.sorted() {
      guard let facts = Self.facts("\(root)/\(id)"), facts["name"] == name else { continue }
      guard facts["lifecycle_stage"] != "deleted" else {
        throw .deletedExperiment(name, "\(root)/\(id)")
      }
      (self.id, folder) = (id, "\(root)/\(id)")
      return
    }
    id = name == "Default" ? "0" : "\(Self.number(of: name))"
    folder = "\(root)/\(id)"
    try MLflowFile.makeFolder(folder)
    try MLflowFile.write(
      """
      artifact_location: \(MLflowFile.quoted(MLflowFile.address(folder)))
      creation_time: \(MLflowRun.now)
      experiment_id: '\(id)'
      last_update_time: \(MLflowRun.now)
      lifecycle_stage: active
      name: \(MLflowFile.quoted(name))

      """, to: "\(folder)/meta.yaml")
  }

  /// The run that began last of those that have a tag of a value.
  func newestRun(_ tag: String, _ value: String) -> (id: String, name: String, began: Int)? {
    let ids = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    let runs = ids.compactMap { id -> (id: String, name: String, began: Int)? in
      let path = "\(folder)/\(id)"
      guard
        FileManager.default.contents(atPath: "\(path)/tags/\(tag)") == Data(value.utf8),
        let facts = Self.facts(path), facts["lifecycle_stage"] != "deleted",
        let began = facts["start_time"].flatMap({ Int($0) })
      else { return nil }
      return (id, facts["run_name"] ?? "", began)
    }
    return runs.max { $0.began < $1.began }
  }

  /// What stands in a folder's `meta.yaml`, as text; nil where it cannot be read.
  private static func facts(_ folder: String) -> [String: String]? {
    guard let data = FileManager.default.contents(atPath: "\(folder)/meta.yaml"),
      let root = try? Yams.compose(yaml: String(decoding: data, as: UTF8.self)),
      let entries = root.mapping
    else { return nil }
    let pairs = entries.compactMap { key, value -> (String, String)? in
      guard let key = key.string, let value = value.scalar?.string else { return nil }
      return (key, value)
    }
    return Dictionary(pairs) { first, _ in first }
  }

  /// Eighteen digits, as MLflow's own (FNV-1a, 64 bits).
  private static func number(of name: String) -> UInt64 {
    let hash = name.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) {
      ($0 ^ UInt64($1)) &* 0x100_0000_01b3
    }
    return 100_000_000_000_000_000 + hash % 900_000_000_000_000_000
  }
}
