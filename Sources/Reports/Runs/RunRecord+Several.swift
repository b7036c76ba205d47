import Foundation

extension RunRecord {
  /// Reads several run folders, each under a name of its own: the folder's, with as many of the folders
  /// above it as tell it from the others.
  package static func read(_ folders: [String]) throws(ReportError) -> [RunRecord] {
    var records: [RunRecord] = []
    for folder in folders { records.append(try RunRecord(folder: folder)) }
    let paths = records.map { record in
      URL(fileURLWithPath: record.folder).standardizedFileURL.pathComponents
    }
    for depth in 1...8 {
      let names = paths.map { $0.suffix(depth).joined(separator: "/") }
      let isLast = depth == 8
      guard Set(names).count == names.count || isLast else { continue }
      for (index, name) in names.enumerated() where records.count > 1 {
        records[index].name = name
      }
      break
    }
    // The same folder twice is two runs all the same.
    var seen: [String: Int] = [:]
    for index in records.indices {
      let name = records[index].name
      seen[name, default: 0] += 1
      if let count = seen[name], count > 1 { records[index].name = "\(name) (\(count))" }
    }
    return records
  }
}
