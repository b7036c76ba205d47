import Base
import Foundation

/// Why a run cannot be written to MLflow's folder.
public enum MLflowError: Error, Equatable, CustomStringConvertible {
  /// A file or folder cannot be made or written.
  case cannotWrite(String, errno: Int32)
  /// A name that MLflow does not take.
  case badName(String)
  /// The experiment of that name was deleted, and its folder is still there.
  case deletedExperiment(String, String)

  /// What failed, why, and what to do.
  public var description: String {
    switch self {
    case .cannotWrite(let path, let code):
      "\(path) cannot be written: \(String(cString: strerror(code))); choose another folder for MLflow"
    case .badName(let name):
      "MLflow takes no name such as \"\(name)\"; use letters, digits, _ - . : / and blanks, at most 250, and no .."
    case .deletedExperiment(let name, let path):
      "MLflow's experiment \(name) was deleted; choose another name, restore it, or remove \(path)"
    }
  }
}

/// The small files of MLflow's store.
enum MLflowFile {
  /// Names become paths, so that what leads out of the folder is none.
  static func check(_ name: String) throws(MLflowError) {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, name.utf8.count <= 250, sanitized(name) == name,
      parts.allSatisfy({ !$0.isEmpty && $0 != "." && $0 != ".." })
    else { throw .badName(name) }
  }

  static func sanitized(_ name: String) -> String {
    var result = String.UnicodeScalarView()
    for scalar in name.unicodeScalars { result.append(isTaken(scalar) ? scalar : "_") }
    return String(result)
  }

  /// Letters and digits of any script, and what MLflow takes besides.
  private static func isTaken(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .decimalNumber, .letterNumber, .otherNumber:
      true
    default: "_-.:/ ".unicodeScalars.contains(scalar)
    }
  }

  static func makeFolder(_ path: String) throws(MLflowError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw .cannotWrite(path, errno: error.errorNumber)
    }
  }

  static func write(_ text: String, to path: String) throws(MLflowError) {
    try write(Data(text.utf8), to: path)
  }

  /// Writes a whole file, which appears complete or not at all.
  static func write(_ data: Data, to path: String) throws(MLflowError) {
    let url = URL(fileURLWithPath: path)
    try makeFolder(url.deletingLastPathComponent().path)
    do {
      try data.write(to: url, options: .atomic)
    } catch {
      throw .cannotWrite(path, errno: error.errorNumber)
    }
  }

  /// Adds a line to a file.
  static func append(_ line: String, to path: String) throws(MLflowError) {
    var descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    if descriptor < 0, errno == ENOENT {
      try makeFolder(URL(fileURLWithPath: path).deletingLastPathComponent().path)
      descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    }
    guard descriptor >= 0 else { throw .cannotWrite(path, errno: errno) }
    let failure = StandardStream.write(Array(line.utf8), to: descriptor)
    close(descriptor)
    guard failure == 0 else { throw .cannotWrite(path, errno: failure) }
  }

  /// A text in YAML, between quotes as JSON has them.
  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": quoted += "\\\(scalar)"
      case _ where scalar.value < 0x20 || (0x7f...0xa0).contains(scalar.value):
        quoted += "\\u" + String(scalar.value + 0x10000, radix: 16).dropFirst()
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  /// A folder's address, as MLflow notes it.
  static func address(_ path: String) -> String {
    URL(fileURLWithPath: path, isDirectory: false).absoluteString
  }
}
