import Foundation

/// A text file, or the files with some endings in a folder: what character models are trained on.
///
/// The corpus knows names and sizes; texts are read when they are needed, so that a rank to which
/// files are dealt opens no others. Scanning, which counts characters, reads everything and is done
/// once, by whoever makes the shard plan; other ranks get the result.
public struct TextCorpus: Codable, Hashable, Sendable {
  /// One text.
  public struct File: Codable, Hashable, Sendable {
    /// The path, relative to the corpus's folder.
    public var name: String
    /// The size on disk.
    public var bytes: Int
    /// The number of characters (Unicode scalars).
    public var characters: Int
  }

  /// The folder that names are relative to.
  public var folder: String
  /// The texts, ordered by the bytes of their names.
  public var files: [File]
  /// What was left out of a folder, and why, in words; nil where nothing was.
  public var leftOut: String?

  /// Finds and scans a text file or all texts in a folder and its subfolders. Links are followed, each
  /// folder once; ``leftOut`` says what is not read.
  ///
  /// A byte order mark is no part of a text, UTF-16 and UTF-32 are read where one says so, and all
  /// lines end with LF, as in Python's text mode.
  /// - Parameters:
  ///   - path: A file, or a folder.
  ///   - extensions: Which files of a folder are texts: `["swift"]`; all where empty. Hidden files
  ///     and folders are left out.
  /// - Throws: ``DataError`` where there is nothing, a file cannot be read or is not UTF-8.
  public init(scanning path: String, extensions: [String] = []) throws(DataError) {
    let names: [String]
    if SourceFile.isFolder(path) {
      folder = path
      let found = TextFolder(path, extensions: extensions)
      leftOut = found.leftOutWords
      guard !found.names.isEmpty else {
        throw DataError(
          .missing, path: path,
          "there are no files\(found.wanted)"
            + (leftOut.map { "; left out are \($0)" } ?? ""),
          remedy: "Name another folder or other extensions")
      }
      names = found.names
    } else {
      folder = (path as NSString).deletingLastPathComponent
      names = [SourceFile.name(of: path)]
    }
    files = []
    for name in names {
      let filePath = Self.join(folder, name)
      let data = try TextFile.contents(of: filePath)
      // Every byte that does not continue a sequence begins a character.
      let characters = data.withUnsafeBytes { bytes in bytes.count { $0 & 0xc0 != 0x80 } }
      files.append(
        File(name: name, bytes: try SourceFile.size(of: filePath), characters: characters))
    }
    guard characterCount > 0 else {
      throw DataError(.empty, path: path, "there is no text", remedy: "Check the path")
    }
  }

  /// The number of characters in all texts.
  public var characterCount: Int { files.reduce(0) { $0 + $1.characters } }

  /// Checks by names and sizes that the texts are still those that were scanned.
  public func validate() throws(DataError) {
    for file in files {
      let path = path(of: file)
      let bytes = try SourceFile.size(of: path)
      guard bytes == file.bytes else {
        throw DataError(
          .mismatch, path: path,
          "the text has \(bytes) bytes; it had \(file.bytes) when the shard "
            + "plan was made", remedy: "Restore it, or start a new run, which makes a new plan")
      }
    }
  }

  /// The characters of one text.
  public func read(_ index: Int) throws(DataError) -> String {
    let path = path(of: files[index])
    return String(decoding: try TextFile.contents(of: path), as: UTF8.self)
  }

  /// How often each character occurs in some of the texts: a rank's part of the corpus.
  public func countCharacters(in indices: some Sequence<Int>) throws(DataError) -> TokenCounts {
    var histogram: [UInt32: Int] = [:]
    for index in indices {
      for scalar in try read(index).unicodeScalars { histogram[scalar.value, default: 0] += 1 }
    }
    var counts = TokenCounts()
    for (value, count) in histogram {
      if let scalar = Unicode.Scalar(value) { counts.add(String(scalar).utf8, count: count) }
    }
    return counts
  }

  func path(of file: File) -> String { Self.join(folder, file.name) }

  private static func join(_ folder: String, _ name: String) -> String {
    folder.isEmpty ? name : (folder as NSString).appendingPathComponent(name)
  }
}
