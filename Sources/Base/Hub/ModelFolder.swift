import Foundation

/// A folder with a model's files (`config.json`, weights, tokenizer), given by its path or found in
/// the hub's cache by its name. A GGUF file stands for the folder that it lies in.
package struct ModelFolder: Sendable {
  /// Where the files are.
  package let path: String
  /// The GGUF file that was named.
  package let ggufFile: String?
  /// The name or path as it was given.
  package let name: String

  /// Finds the folder: one of that path where there is one, that of a GGUF file, else the cache's
  /// snapshot of that name.
  ///
  /// - Parameters:
  ///   - nameOrPath: A folder or a GGUF file (`~` is expanded), or a name on the hub such as
  ///     `org/model`.
  ///   - revision: The branch, tag or commit in the cache. A folder has none.
  ///   - cache: The cache's folder where it is not the environment's (``HubCache``).
  /// - Throws: ``ModelFolderError`` where neither exists.
  package init(
    _ nameOrPath: String, revision: String = "main", cache: String? = nil
  ) throws(ModelFolderError) {
    name = nameOrPath
    let local: String
    do {
      local = try UserPath.expanded(nameOrPath)
    } catch {
      throw ModelFolderError(nameOrPath, "\(error)", "give a folder or a name such as org/model")
    }
    if HubCache.isFolder(local) {
      (path, ggufFile) = (local, nil)
    } else if local.hasSuffix(".gguf") {
      guard FileManager.default.fileExists(atPath: local) else {
        throw ModelFolderError(
          local, "does not exist", "name a GGUF file that is there, or a folder")
      }
      let folder = (local as NSString).deletingLastPathComponent
      (path, ggufFile) = (folder.isEmpty ? "." : folder, local)
    } else {
      ggufFile = nil
      path = try HubCache(root: cache).snapshot(of: nameOrPath, revision: revision)
    }
  }

  /// The path of a file in the folder, or nil where there is none.
  package func file(_ name: String) -> String? {
    let file = path + "/" + name
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: file, isDirectory: &isFolder)
    return exists && !isFolder.boolValue ? file : nil
  }

  /// The paths of the files in the folder whose names end so, in order.
  package func files(ending end: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { $0.hasSuffix(end) }.sorted().compactMap(file)
  }

  /// The path of a file that has to be there.
  /// - Throws: ``ModelFolderError`` that names it where it is missing.
  package func requiredFile(_ name: String) throws(ModelFolderError) -> String {
    guard let file = file(name) else {
      throw ModelFolderError(path, "has no \(name)", "complete the download")
    }
    return file
  }

  /// The bytes of a file, or nil where there is none.
  /// - Throws: ``ModelFolderError`` where it cannot be read.
  package func bytes(of name: String) throws(ModelFolderError) -> [UInt8]? {
    guard let file = file(name) else { return nil }
    do {
      return try [UInt8](Data(contentsOf: URL(fileURLWithPath: file)))
    } catch {
      throw ModelFolderError(file, "cannot be read", "check its permissions: \(error)")
    }
  }

  /// The value of a JSON file, or nil where there is none. A byte-order mark before it is skipped.
  /// - Throws: ``ModelFolderError`` where it cannot be read or is no JSON.
  package func json(_ name: String) throws(ModelFolderError) -> JSONValue? {
    guard var bytes = try bytes(of: name) else { return nil }
    if bytes.starts(with: [0xef, 0xbb, 0xbf]) { bytes.removeFirst(3) }
    do {
      return try JSONParser.parse(bytes)
    } catch {
      throw ModelFolderError(
        "\(path)/\(name)", "is no JSON: \(error.message) at byte \(error.position)",
        "download or save it again")
    }
  }
}

/// A model's folder or one of its files is missing or damaged.
package struct ModelFolderError: Error, Equatable, CustomStringConvertible {
  /// The folder, file or name that it is about.
  package let path: String
  /// What is wrong with it, after its path.
  package let problem: String
  /// What to do about it.
  package let remedy: String

  package init(_ path: String, _ problem: String, _ remedy: String) {
    self.path = path
    self.problem = problem
    self.remedy = remedy
  }

  /// `model/x has no config.json; complete the download`
  package var description: String { "\(path) \(problem); \(remedy)" }
}
