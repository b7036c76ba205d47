import Base
import Foundation

/// The texts in a folder and its sub-folders, links followed, and what was left out.
struct TextFolder {
  /// Paths relative to the folder, ordered by their bytes.
  private(set) var names: [String] = []
  /// What was left out, by its reason.
  private(set) var leftOut: [(reason: String, names: [String])] = []

  private let root: String
  private let endings: Set<String>
  /// Folders that were read, so that a link that leads back is not followed for ever.
  private var visited: Set<Place> = []

  private struct Place: Hashable {
    let device: UInt64
    let number: UInt64
  }

  /// Looks through a folder.
  /// - Parameter extensions: Which files are texts; all where empty.
  init(_ folder: String, extensions: [String]) {
    root = folder
    endings = Set(extensions.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 })
    // What lies in the folder itself comes before what links lead to, so that a folder that is reached
    // by both ways has the names of the first.
    var links: [String] = []
    search("", &links)
    while !links.isEmpty {
      let link = links.removeFirst()
      search(link, &links)
    }
    names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  /// The endings that were asked for, in words; empty where all files are texts.
  var wanted: String {
    endings.isEmpty ? "" : " ending in ." + endings.sorted().joined(separator: ", .")
  }

  private mutating func search(_ start: String, _ links: inout [String]) {
    var folders = [start]
    while let folder = folders.popLast() {
      let path = folder.isEmpty ? root : "\(root)/\(folder)"
      guard let place = Self.place(of: path) else {
        leave(folder, "cannot be read")
        continue
      }
      guard visited.insert(place).inserted else {
        leave(folder, "lead to folders that are read already")
        continue
      }
      guard let found = try? FileManager.default.contentsOfDirectory(atPath: path) else {
        leave(folder, "cannot be read")
        continue
      }
      for name in found.sortedByBytes() {
        examine(folder.isEmpty ? name : "\(folder)/\(name)", &folders, &links)
      }
    }
  }

  private mutating func examine(
    _ name: String, _ folders: inout [String], _ links: inout [String]
  ) {
    if (name as NSString).lastPathComponent.hasPrefix(".") { return leave(name, "are hidden") }
    let path = "\(root)/\(name)"
    var own = stat()
    var target = stat()
    guard lstat(path, &own) == 0, stat(path, &target) == 0 else {
      return leave(name, "lead nowhere")
    }
    switch target.st_mode & S_IFMT {
    case S_IFDIR where own.st_mode & S_IFMT == S_IFLNK: links.append(name)
    case S_IFDIR: folders.append(name)
    case S_IFREG where endings.isEmpty || endings.contains((name as NSString).pathExtension):
      names.append(name)
    case S_IFREG: leave(name, "have other endings")
    default: leave(name, "are no files")
    }
  }

  private mutating func leave(_ name: String, _ reason: String) {
    if let place = leftOut.firstIndex(where: { $0.reason == reason }) {
      leftOut[place].names.append(name)
    } else {
      leftOut.append((reason, [name]))
    }
  }

  private static func place(of path: String) -> Place? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Place(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
  }

  /// What was left out in one line: `3 have other endings (a.png, b.png, …), 1 is hidden (.git)`; nil
  /// where nothing was.
  var leftOutWords: String? {
    guard !leftOut.isEmpty else { return nil }
    return leftOut.map { reason, names in
      let more = names.count > 3 ? ", …" : ""
      return "\(names.count) that \(reason) (\(names.prefix(3).joined(separator: ", "))\(more))"
    }.joined(separator: ", ")
  }
}
