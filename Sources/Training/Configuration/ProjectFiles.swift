import Foundation

/// Finds the files that come with the project, whatever folder a command is started in.
public struct ProjectFiles: Sendable {
  /// The folder that holds `configs`, or nil where the program was installed without it.
  public let root: String?

  /// Looks for the project around `executable`, by default this program: the nearest enclosing
  /// folder that has `configs`. The current folder is tried where there is none.
  public init(executable: String? = nil) {
    let program = executable ?? Bundle.main.executablePath ?? ""
    var folder = URL(fileURLWithPath: program).resolvingSymlinksInPath()
    var found: String?
    while found == nil, folder.path != "/" {
      folder.deleteLastPathComponent()
      if Self.isFolder(folder.appendingPathComponent("configs").path) { found = folder.path }
    }
    root = found ?? (Self.isFolder("configs") ? FileManager.default.currentDirectoryPath : nil)
  }

  /// The folders that hold configurations by bare name: the current one's first.
  public var configurationFolders: [String] {
    ["configs"] + (root.map { ["\($0)/configs"] } ?? [])
  }

  /// `path` as it stands where that exists, else below the project's root where it exists there.
  public func resolve(_ path: String) -> String {
    guard !FileManager.default.fileExists(atPath: path), !path.hasPrefix("/"), let root
    else { return path }
    let below = "\(root)/\(path)"
    return FileManager.default.fileExists(atPath: below) ? below : path
  }

  package static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }
}
