import Foundation

/// Why a job cannot be started: what was wrong, and what to do.
package enum LaunchError: Error, Equatable, CustomStringConvertible {
  /// No program was named.
  case noProgram
  /// An option that does not exist.
  case unknownOption(String)
  /// No such program; where it was looked for.
  case programNotFound(String, searched: [String])
  /// The file exists and cannot be run.
  case notExecutable(String)
  /// No mpirun; where it was looked for.
  case noMPIRun(searched: [String])
  /// An mpirun of another MPI.
  case notOpenMPI(String, version: String)
  /// A value that an option cannot have.
  case badValue(option: String, given: String, expected: String)
  /// A path that names no place.
  case badPath(option: String, problem: String)
  /// A variable of the environment whose value cannot be.
  case badVariable(String, given: String, expected: String)
  /// More workers than a machine or a job can have.
  case tooManyWorkers(Int, limit: Int, reason: String)
  /// A host file that cannot be read.
  case badHostFile(String, line: Int, problem: String)
  /// Fewer hosts than asked for.
  case tooFewHosts(have: Int, need: Int, remedy: String)
  /// A `--tee` or `--redirects` that cannot be read.
  case badStreams(option: String, given: String)
  /// Log files that cannot be written.
  case cannotLog(String, errno: Int32)
  /// The system refused to start a program.
  case cannotStart(String, errno: Int32)

  /// One line: what was wrong, and what to do.
  package var description: String {
    switch self {
    case .noProgram:
      "no program named: ddp-launch --nproc-per-node 4 ddp-train [arguments]"
    case .unknownOption(let option):
      "no option \(option): "
        + (TorchrunOption.hint(option)
          ?? "ddp-launch run --help lists them; the program's own follow its name")
    case .programNotFound(let name, let searched):
      "program '\(name)' not found; looked in \(searched.joined(separator: ", "))."
        + (name.hasPrefix("ddp-")
          ? " Build it: swift build -c release" : " Name its path, or add its folder to PATH")
    case .notExecutable(let path):
      "\(path) cannot be run: chmod +x \(path)"
    case .noMPIRun(let searched):
      "mpirun not found; looked in \(searched.joined(separator: ", "))."
        + " Install Open MPI: apt-get install openmpi-bin"
    case .notOpenMPI(let path, let version):
      "\(path) is not Open MPI's mpirun but \(version):"
        + " apt-get install openmpi-bin, or name another with --mpirun"
    case .badValue(let option, let given, let expected):
      "\(option) \(given): give \(expected)"
    case .badPath(let option, let problem):
      "\(option): \(problem)"
    case .badVariable(let name, let given, let expected):
      "\(name)=\(given) in the environment: \(expected)"
    case .tooManyWorkers(let count, let limit, let reason):
      "\(count) workers are too many: at most \(limit), since \(reason); give fewer with"
        + " --nproc-per-node or fewer slots"
    case .badHostFile(let path, let line, let problem):
      "\(path):\(line): \(problem); a line is 'HOST slots=N'"
    case .tooFewHosts(let have, let need, let remedy):
      "\(need) \(need == 1 ? "host is" : "hosts are") needed and \(have) "
        + "\(have == 1 ? "is" : "are") there: \(remedy)"
    case .badStreams(let option, let given):
      "\(option) \(given): give 0 (none), 1 (out), 2 (err) or 3 (both), or by local rank as in 0:3,1:2"
    case .cannotLog(let path, let code):
      "\(path) cannot be written: \(String(cString: strerror(code))); choose another --log-dir"
    case .cannotStart(let path, let code):
      "\(path) cannot be started: \(String(cString: strerror(code)))"
    }
  }

  /// The exit code, after sysexits.h and the shell's 126 and 127.
  package var exitCode: Int32 {
    switch self {
    case .programNotFound: 127
    case .notExecutable, .cannotStart: 126
    case .noMPIRun, .notOpenMPI, .tooFewHosts: 69
    case .cannotLog: 73
    default: 64
    }
  }
}
