import Foundation

/// A path as a person writes it, in a configuration, an option or an environment variable.
///
/// Some functions of Foundation take `~` for the home folder and others for a name, so one path would
/// mean two places. Every such path is therefore expanded here, once, where it is read; what comes
/// out never begins with `~`.
package enum UserPath {
  /// The longest path that Linux takes, in bytes.
  package static let maximumLength = 4095

  /// The place that `text` means: `~` and `~/…` below this user's home folder, `~name/…` below that
  /// user's, and everything else as it stands.
  /// - Throws: ``UserPathError`` for a text that names no place.
  package static func expanded(_ text: String) throws(UserPathError) -> String {
    guard !text.isEmpty else { throw UserPathError(text, "is empty", "name a file or folder") }
    guard !text.utf8.contains(0) else {
      throw UserPathError("", "holds a NUL byte", "leave it out")
    }
    guard text.utf8.count <= maximumLength else {
      throw UserPathError(
        text, "has \(text.utf8.count) bytes", "use at most \(maximumLength)")
    }
    guard text.utf8.first == UInt8(ascii: "~") else { return text }
    let end = text.utf8.firstIndex(of: UInt8(ascii: "/")) ?? text.endIndex
    let name = String(text[text.index(after: text.startIndex)..<end])
    let rest = String(text[end...])
    guard let home = name.isEmpty ? ownHome : home(of: name) else {
      throw UserPathError(
        text, name.isEmpty ? "needs the home folder, and HOME is not set" : "names no user \(name)",
        "write the path in full, or ./\(text) for a file of that name")
    }
    var folder = Substring(home)
    while folder.utf8.count > 1, folder.utf8.last == UInt8(ascii: "/") { folder.removeLast() }
    return rest.isEmpty ? String(folder) : folder == "/" ? rest : folder + rest
  }

  /// The folder that HOME names, else the one that the system has for this user.
  private static var ownHome: String? {
    if let home = getenv("HOME").map({ String(cString: $0) }), home.utf8.first == UInt8(ascii: "/")
    {
      return home
    }
    return getpwuid(getuid()).map { String(cString: $0.pointee.pw_dir) }
  }

  private static func home(of user: String) -> String? {
    getpwnam(user).map { String(cString: $0.pointee.pw_dir) }
  }
}

/// A path that names no place.
package struct UserPathError: Error, Equatable, CustomStringConvertible {
  /// The path as it was written, cut where it is long.
  package let path: String
  /// What is wrong with it, after "the path …".
  package let problem: String
  /// What to do about it.
  package let remedy: String

  init(_ path: String, _ problem: String, _ remedy: String) {
    self.path = path.count > 60 ? path.prefix(60) + "…" : path
    self.problem = problem
    self.remedy = remedy
  }

  /// `the path '~nobody/x' names no user nobody; write the path in full, …`
  package var description: String {
    "the path\(path.isEmpty ? "" : " '\(path)'") \(problem); \(remedy)"
  }
}
