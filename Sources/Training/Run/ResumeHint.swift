import Foundation

/// The command that goes on with a run, to be copied from a terminal into any other.
package enum ResumeHint {
  /// What starts this program, outermost last.
  private static let launchers: Set = [
    "mpirun", "mpiexec", "orterun", "prterun", "srun", "ddp-launch", "orted", "prted",
  ]

  /// The command that started the job, launcher included, in the folder in which it was typed, with
  /// `--resume` at its end.
  /// - Parameter workers: How many mpirun is to start where no launcher is found.
  package static func command(workers: Int) -> String {
    var started = (
      arguments: CommandLine.arguments, folder: FileManager.default.currentDirectoryPath
    )
    var foundLauncher = false
    var process = getppid()
    while process > 1, let arguments = commandLine(of: process), let first = arguments.first {
      let name = (first as NSString).lastPathComponent
      if launchers.contains(name) {
        // A daemon on another host does not know what was typed.
        guard name != "orted", name != "prted" else { break }
        started = (arguments, folder(of: process) ?? started.folder)
        foundLauncher = true
      }
      process = parent(of: process)
    }
    if !foundLauncher, workers > 1 {
      started.arguments = ["mpirun", "-n", "\(workers)"] + started.arguments
    }
    return command(started.arguments, in: started.folder)
  }

  /// The line for a shell. A later `--resume` is the one that counts.
  package static func command(_ arguments: [String], in folder: String) -> String {
    let last = arguments.last == "--resume" ? [] : ["--resume"]
    return "cd \(quoted(folder)) && "
      + (arguments + last).map(quoted).joined(separator: " ")
  }

  /// A word as a shell reads it back.
  package static func quoted(_ word: String) -> String {
    let plain = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-".utf8)
    if !word.isEmpty, word.utf8.allSatisfy(plain.contains) { return word }
    return "'"
      + word.split(separator: "'", omittingEmptySubsequences: false)
      .joined(separator: "'\\''") + "'"
  }

  private static func commandLine(of process: pid_t) -> [String]? {
    guard let data = FileManager.default.contents(atPath: "/proc/\(process)/cmdline"),
      !data.isEmpty
    else { return nil }
    return data.dropLast(data.last == 0 ? 1 : 0)
      .split(separator: 0, omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
  }

  private static func folder(of process: pid_t) -> String? {
    try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/\(process)/cwd")
  }

  private static func parent(of process: pid_t) -> pid_t {
    let status = FileManager.default.contents(atPath: "/proc/\(process)/status") ?? Data()
    for line in String(decoding: status, as: UTF8.self).split(whereSeparator: \.isNewline)
    where line.hasPrefix("PPid:") {
      return pid_t(line.dropFirst(5).filter { $0.isNumber }) ?? 0
    }
    return 0
  }
}
