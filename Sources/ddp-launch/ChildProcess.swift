import CProcess
import Foundation

/// A running program that ends with the thread that started it.
struct ChildProcess {
  let pid: Int32

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - path: The program.
  ///   - arguments: Its arguments, its name left out.
  ///   - environment: Its whole environment.
  ///   - output: The descriptor that becomes its standard output; its input is empty.
  ///   - error: The descriptor that becomes its standard error.
  ///   - ownGroup: Whether the terminal's signals are kept from it.
  ///   - death: The signal that it gets when this process ends, however that happens.
  init(
    _ path: String, _ arguments: [String], environment: [String: String], output: Int32,
    error: Int32, ownGroup: Bool = false, diesWith death: Int32
  ) throws(LaunchError) {
    let input = open("/dev/null", O_RDONLY | O_CLOEXEC)
    defer { close(input) }
    var argumentPointers = ([path] + arguments).map { strdup($0) } + [nil]
    var environmentPointers = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argumentPointers + environmentPointers { free(pointer) } }
    let pid = path.withCString { path in
      argumentPointers.withUnsafeMutableBufferPointer { arguments in
        environmentPointers.withUnsafeMutableBufferPointer { environment in
          var child = torus_child(
            path: path, arguments: arguments.baseAddress, environment: environment.baseAddress,
            input: input, output: output, error: error, own_group: ownGroup ? 1 : 0,
            death_signal: death)
          return torus_start(&child)
        }
      }
    }
    guard pid > 0 else { throw .cannotStart(path, errno: -pid) }
    self.pid = pid
  }

  /// The status of waitpid once the program has ended, nil while it runs.
  func exitStatus() -> Int32? {
    var status: Int32 = 0
    return waitpid(pid, &status, WNOHANG) == pid ? status : nil
  }

  /// What has become of a child since the last question.
  enum Change {
    /// It has ended, with a status of waitpid.
    case ended(Int32)
    /// A signal has stopped it.
    case stopped
    /// It goes on.
    case resumed
  }

  /// Its next change; nil where there is none.
  func change() -> Change? {
    var status: Int32 = 0
    guard waitpid(pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == pid else { return nil }
    return switch torus_wait_change(status) {
    case 1: .stopped
    case 2: .resumed
    default: .ended(status)
    }
  }
}

/// A pipe whose ends other programs do not inherit, unless one is made their output.
struct OutputPipe {
  /// Where output is read.
  let output: Int32
  /// Where a program writes.
  let input: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    _ = pipe(&ends)
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    (output, input) = (ends[0], ends[1])
  }

  /// Closes this process's copy of the writing end, so that the reader sees the program's end.
  func closeInput() { close(input) }
}

/// Signals as bytes in a pipe, so that one poll waits for them and for output alike.
struct SignalPipe {
  let descriptor: Int32

  /// Takes the signals over from their default actions.
  init(_ signals: [Int32]) {
    descriptor = torus_signal_pipe(signals, Int32(signals.count))
  }

  /// The signals that came since the last call.
  func received() -> [Int32] {
    (readAvailable(descriptor) ?? []).map(Int32.init)
  }
}

/// Waits until one of the descriptors can be read or has ended; returns those.
func poll(_ descriptors: [Int32], milliseconds: Int) -> Set<Int32> {
  var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
  guard Foundation.poll(&entries, nfds_t(entries.count), Int32(milliseconds)) > 0 else { return [] }
  return Set(entries.filter { $0.revents != 0 }.map(\.fd))
}

/// Up to 64 KiB that can be read at once; empty where there is nothing now, nil at the end.
func readAvailable(_ descriptor: Int32) -> [UInt8]? {
  var failed = false
  let bytes = [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
    let result = read(descriptor, buffer.baseAddress, buffer.count)
    count = max(0, result)
    failed = result == 0 || (result < 0 && errno != EAGAIN && errno != EINTR)
  }
  return failed ? nil : bytes
}
