import Archives
import Foundation

/// Files as the sources read them: mapped into memory where they are plain, so that only what is
/// touched is read, and decompressed as a whole where they are gzip files.
enum SourceFile {
  /// The contents of a file, decompressed where they begin as a gzip file.
  static func contents(of path: String) throws(DataError) -> Data {
    let size = try self.size(of: path)
    if size == 0 { return Data() }
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
    } catch {
      throw DataError(
        .unreadable, path: path, "the file cannot be read: \(error.localizedDescription)",
        remedy: "Check its permissions")
    }
    guard Gzip.isGzip(data) else { return data }
    do {
      return try Gzip.decompress(data)
    } catch ArchiveError.oversized(let what) {
      throw DataError(
        .malformed, path: path, "the gzip file is too large: \(what)",
        remedy: "Unpack it with gunzip: plain files are read in place")
    } catch {
      let problem: DataError.Problem = if case .truncated = error { .truncated } else { .malformed }
      throw DataError(
        problem, path: path, "the gzip file is \(error)", remedy: "Download or copy it again")
    }
  }

  /// The size of a file on disk.
  static func size(of path: String) throws(DataError) -> Int {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR {
        throw DataError(
          .missing, path: path, "there is no such file",
          remedy: "Check the path; a relative one starts at \(currentFolder)")
      }
      throw DataError(
        .unreadable, path: path, "the file cannot be examined: \(String(cString: strerror(errno)))",
        remedy: "Check the permissions of its folder")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw DataError(
        .unreadable, path: path, "this is not a file",
        remedy: "Name a file, not a folder or a device")
    }
    return Int(status.st_size)
  }

  /// Whether there is a folder at the path.
  static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      && isFolder.boolValue
  }

  /// The part of a path after the last slash.
  static func name(of path: String) -> String { (path as NSString).lastPathComponent }

  static var currentFolder: String { FileManager.default.currentDirectoryPath }
}
