import Foundation

/// The cache in which Hugging Face's libraries keep what they download, read without a network:
/// `models--ORG--NAME/refs/BRANCH` holds a commit, `snapshots/COMMIT/` that commit's files.
package struct HubCache: Sendable {
  /// The folder that holds the repositories' folders.
  package let root: String

  /// A cache at a folder, or at the one that the environment names: `HF_HUB_CACHE`, else
  /// `HUGGINGFACE_HUB_CACHE`, its former name, else `HF_HOME/hub`, else
  /// `XDG_CACHE_HOME/huggingface/hub`, else `~/.cache/huggingface/hub`.
  package init(
    root: String? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws(ModelFolderError) {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let named = root ?? value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE")
    let path =
      named ?? value("HF_HOME").map { $0 + "/hub" }
      ?? value("XDG_CACHE_HOME").map { $0 + "/huggingface/hub" } ?? "~/.cache/huggingface/hub"
    do {
      self.root = try UserPath.expanded(path)
    } catch {
      throw ModelFolderError(path, "\(error)", "set HF_HOME to a folder")
    }
  }

  /// The folder of a repository's files at a revision: a branch, a tag or a commit of 40 hexadecimal
  /// digits.
  /// - Throws: ``ModelFolderError`` where the cache holds none.
  package func snapshot(
    of repository: String, revision: String = "main"
  ) throws(ModelFolderError) -> String {
    guard Self.isRepositoryName(repository) else {
      throw ModelFolderError(
        repository, "is neither a folder nor a name such as org/model",
        "give the path of a folder that exists, or a name that the cache \(root) holds")
    }
    let folder =
      root + "/models--" + repository.split(separator: "/").joined(separator: "--")
    guard Self.isFolder(folder) else {
      throw ModelFolderError(
        repository, "is neither a folder nor in the cache \(root)",
        "download it there, set HF_HOME to the cache that holds it, or give the path of a folder")
    }
    let commit = try commit(of: revision, repository: repository, in: folder)
    let snapshot = "\(folder)/snapshots/\(commit)"
    guard Self.isFolder(snapshot) else {
      throw ModelFolderError(
        repository, "has no snapshot of \(revision) (\(commit)) in the cache \(root)",
        "download that revision again; there are: \(Self.names(in: folder + "/snapshots"))")
    }
    return snapshot
  }

  private func commit(
    of revision: String, repository: String, in folder: String
  ) throws(ModelFolderError) -> String {
    let bytes = revision.utf8
    if bytes.count == 40, bytes.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }) {
      return revision
    }
    let parts = revision.split(separator: "/", omittingEmptySubsequences: false)
    let reference = "\(folder)/refs/\(revision)"
    guard !parts.contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }), !bytes.contains(0),
      let data = FileManager.default.contents(atPath: reference)
    else {
      throw ModelFolderError(
        repository, "has no revision \(revision) in the cache \(root)",
        "download it, or choose one of: \(Self.names(in: folder + "/refs"))")
    }
    let commit = String(decoding: data, as: UTF8.self)
      .trimmingCharacters(in: .whitespacesAndNewlines)
    guard !commit.isEmpty, commit.utf8.count <= 64,
      commit.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
    else {
      throw ModelFolderError(
        repository, "has a damaged reference \(reference): it names no commit",
        "delete it and download the model again")
    }
    return commit
  }

  /// `name` or `org/name` of letters, digits, `.`, `_` and `-`, as the hub's names are.
  private static func isRepositoryName(_ name: String) -> Bool {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    return (1...2).contains(parts.count)
      && parts.allSatisfy { part in
        !part.isEmpty && part != "." && part != ".."
          && part.utf8.allSatisfy { byte in
            let scalar = Unicode.Scalar(byte)
            return scalar.isASCII && (Character(scalar).isLetter || Character(scalar).isNumber)
              || [0x2d, 0x2e, 0x5f].contains(byte)
          }
      }
  }

  package static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  private static func names(in folder: String) -> String {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    return names.isEmpty ? "none" : names.prefix(8).joined(separator: ", ")
  }
}
