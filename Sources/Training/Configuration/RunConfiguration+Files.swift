import Base
import Foundation
import Settings

extension RunConfiguration {
  /// The configuration that a command line asks for.
  ///
  /// - Parameters:
  ///   - arguments: The file or bare name, and the overrides.
  ///   - standard: The bare name used where the command line gives none.
  ///   - files: Where configurations are found by bare name.
  /// - Throws: `ConfigurationError`, each case with its remedy.
  package init(
    _ arguments: RunArguments, standard: String = "digits-cnn",
    files: ProjectFiles = ProjectFiles()
  ) throws(ConfigurationError) {
    let path = try Self.find(arguments.configuration ?? standard, files: files)
    var node = try ConfigurationNode(yaml: Self.text(path), path: path)
    // A run's own configuration may say where it was started, from another folder than this one.
    if let folder = try Self.runDirectory(arguments.configuration, configuration: path) {
      let value = try ConfigurationNode(option: "run_dir", value: folder)
      node.set(value, at: ["run_dir"])
    }
    for override in arguments.overrides {
      let value = try ConfigurationNode(option: override.option, value: override.value)
      node.set(value, at: override.path[...])
    }
    let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    try self.init(reading: node, name: stem)
  }

  /// Reads the configuration in one file, such as a run directory's `config.yaml`.
  public init(path: String) throws(ConfigurationError) {
    let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    try self.init(
      reading: ConfigurationNode(yaml: Self.text(path), path: path), name: stem)
  }

  /// Saves the configuration as `config.yaml` in `folder`, which must exist.
  ///
  /// - Throws: `ConfigurationError.unwritable` with the system's reason.
  public func save(in folder: String) throws(ConfigurationError) {
    let path = "\(folder)/config.yaml"
    do {
      try Data(yaml().utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .unwritable(path, reason: error.localizedDescription)
    }
  }

  /// The run directory that `text` names where its configuration is the one that was found in it.
  private static func runDirectory(
    _ text: String?, configuration path: String
  ) throws(ConfigurationError) -> String? {
    guard let text else { return nil }
    var folder: String
    do {
      folder = try UserPath.expanded(text)
    } catch {
      throw .badArgument(text, remedy: "\(error)")
    }
    guard path == "\(folder)/config.yaml" else { return nil }
    while folder.utf8.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    return folder
  }

  /// The file that `name` means: a path as it stands, a folder's `config.yaml`, or `configs/NAME.yaml`
  /// for a bare name.
  package static func find(
    _ text: String, files: ProjectFiles
  ) throws(ConfigurationError) -> String {
    let name: String
    do {
      name = try UserPath.expanded(text)
    } catch {
      throw .badArgument(text, remedy: "\(error)")
    }
    let isBare = !name.contains("/") && !name.hasSuffix(".yaml") && !name.hasSuffix(".yml")
    let named = isBare ? files.configurationFolders.map { "\($0)/\(name).yaml" } : []
    let candidates = named + [name]
    for path in candidates where FileManager.default.fileExists(atPath: path) {
      guard ProjectFiles.isFolder(path) else { return path }
      // A run directory stands for the configuration in it.
      let within = "\(path)/config.yaml"
      guard FileManager.default.fileExists(atPath: within) else {
        throw .isDirectory(path, nearest: nil)
      }
      return within
    }
    let known = files.configurationFolders.flatMap {
      (try? FileManager.default.contentsOfDirectory(atPath: $0)) ?? []
    }
    let stem = URL(fileURLWithPath: name).deletingPathExtension().lastPathComponent
    throw .notFound(
      name, searched: candidates,
      nearest: nearestName(
        to: stem, among: known.filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }))
  }

  package static func text(_ path: String) throws(ConfigurationError) -> String {
    if ProjectFiles.isFolder(path) { throw .isDirectory(path, nearest: nil) }
    guard FileManager.default.fileExists(atPath: path) else {
      throw .notFound(path, searched: [path], nearest: nil)
    }
    let data: Data
    do {
      let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
      defer { try? file.close() }
      data = try file.read(upToCount: YAMLExpansion.maximumBytes + 1) ?? Data()
    } catch {
      throw .unreadable(path, reason: error.localizedDescription)
    }
    guard data.count <= YAMLExpansion.maximumBytes else {
      throw .unreadable(
        path,
        reason: "it has more than the \(YAMLExpansion.maximumBytes) bytes of a configuration")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw .unreadable(path, reason: "it is not UTF-8 text")
    }
    return text
  }
}
