import CProcess
import Foundation

/// A short run of a program whose output is kept.
struct CapturedRun {
  /// Standard output and standard error together.
  let output: [UInt8]
  /// Its exit code, or the negative signal that ended it; nil where the deadline ended it.
  let code: Int32?

  /// Runs a program to its end, at most `deadline` seconds; nil where it cannot be started.
  init?(
    _ path: String, _ arguments: [String],
    environment: [String: String] = ProcessInfo.processInfo.environment, deadline: Double
  ) {
    let pipe = OutputPipe()
    defer { close(pipe.output) }
    guard
      let child = try? ChildProcess(
        path, arguments, environment: environment, output: pipe.input, error: pipe.input,
        ownGroup: true, diesWith: SIGKILL)
    else {
      pipe.closeInput()
      return nil
    }
    pipe.closeInput()
    let end = Date().addingTimeInterval(deadline)
    var bytes: [UInt8] = []
    var status: Int32?
    var isOpen = true
    while status == nil, Date() < end {
      if isOpen, poll([pipe.output], milliseconds: 100).contains(pipe.output) {
        if let more = readAvailable(pipe.output) { bytes += more } else { isOpen = false }
      }
      status = child.exitStatus()
      if status == nil, !isOpen { usleep(2000) }
    }
    if status == nil {
      kill(-child.pid, SIGKILL)
      var ignored: Int32 = 0
      waitpid(child.pid, &ignored, 0)
    }
    while isOpen, poll([pipe.output], milliseconds: 0).contains(pipe.output),
      let more = readAvailable(pipe.output)
    {
      bytes += more
    }
    output = bytes
    code = status.map { torus_exit_code($0) }
  }
}
