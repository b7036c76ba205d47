import Base
import CProcess
import Foundation

/// A copy of this process, in which a check may end without a new start of the runner behind it.
enum ProcessCopy {
  /// How a copy ended that did not come to its end.
  struct Ending: CustomStringConvertible {
    /// The exit code, or the negative signal.
    let code: Int32
    let message: String

    /// Whether the library refused in words.
    var isRefusal: Bool { code == -SIGABRT && message.hasPrefix(Supervisor.refusal) }
    var description: String { "ended the process (\(abs(code))): \(message)" }
  }

  /// Runs `body` in a copy of this process.
  /// - Returns: How the copy ended, nil where `body` returned.
  static func ending(of body: () -> Void) -> Ending? {
    var descriptor: Int32 = -1
    let process = torus_double(&descriptor)
    if process == 0 {
      body()
      _exit(0)
    }
    guard process > 0 else { return Ending(code: -process, message: "no copy of the process") }
    let errors = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    let text = String(decoding: errors.readDataToEndOfFile(), as: UTF8.self)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    let code = torus_exit_code(status)
    return code == 0 ? nil : Ending(code: code, message: text.lastWords)
  }
}

extension String {
  /// The line that says why a process ended, of what it wrote to standard error.
  var lastWords: String {
    let lines = lines.filter { !$0.isEmpty }
    return String((lines.first { $0.contains("Fatal") } ?? lines.last ?? "").prefix(300))
  }
}
