/// What a source looked like when a plan was made, so that another source is not taken for it.
public struct SourceFingerprint: Codable, Hashable, Sendable {
  /// One file of a source.
  public struct File: Codable, Hashable, Sendable {
    /// The path, relative to the source's folder.
    public var name: String
    /// The size on disk.
    public var bytes: Int
    /// The number of records, where files can be read on their own; otherwise nil.
    public var records: Int?

    /// Describes one file.
    public init(name: String, bytes: Int, records: Int? = nil) {
      self.name = name
      self.bytes = bytes
      self.records = records
    }
  }

  /// The number of records in all.
  public var records: Int
  /// The files in the order of their records; empty for data that never were a file.
  public var files: [File]

  /// Describes a source.
  public init(records: Int, files: [File] = []) {
    self.records = records
    self.files = files
  }

  /// Describes a source that is one file; one that is gone meanwhile has no bytes.
  init(file path: String, records: Int) {
    let bytes = (try? SourceFile.size(of: path)) ?? 0
    self.init(
      records: records,
      files: [File(name: SourceFile.name(of: path), bytes: bytes, records: records)])
  }

  /// What differs in `other`, in words, or nil where nothing does.
  func difference(from other: SourceFingerprint) -> String? {
    let names = files.map(\.name)
    let otherNames = other.files.map(\.name)
    // Names are compared by their bytes: two spellings of é are two files.
    let known = Set(names.map { Array($0.utf8) })
    let found = Set(otherNames.map { Array($0.utf8) })
    if let gone = names.first(where: { !found.contains(Array($0.utf8)) }) {
      return "\(gone) is no longer there"
    }
    if let new = otherNames.first(where: { !known.contains(Array($0.utf8)) }) {
      return "\(new) is new"
    }
    for (file, now) in zip(files, other.files) where file.bytes != now.bytes {
      return "\(file.name) has \(now.bytes) bytes instead of \(file.bytes)"
    }
    for (file, now) in zip(files, other.files) where file.records != now.records {
      return "\(file.name) has \(now.records ?? 0) records instead of \(file.records ?? 0)"
    }
    if records != other.records {
      return "there are \(other.records) records instead of \(records)"
    }
    return self == other ? nil : "the files come in another order"
  }
}
