import Foundation

/// `reader-fuzzing FORMAT FIRST COUNT [GOLDEN]`: reads mutations of small valid files in this process,
/// whose memory is limited. Which one is being read stands in a file that the parent sees, so that an
/// end of the process names it. `reader-fuzzing list` prints the formats, and
/// `reader-fuzzing FORMAT NUMBER show` writes one mutation to standard output.
@main
struct ReaderFuzzing {
  static func main() throws {
    let arguments = CommandLine.arguments.dropFirst()
    let formats = Formats.all(golden: golden)
    guard let name = arguments.first, name != "list" else {
      return print(formats.map(\.name).joined(separator: "\n"))
    }
    let rest = Array(arguments.dropFirst())
    guard let format = formats.first(where: { $0.name == name }), rest.count >= 2,
      let first = Int(rest[0])
    else { refuse() }
    if rest[1] == "show" {
      return FileHandle.standardOutput.write(Data(format.input(first)))
    }
    guard let count = Int(rest[1]), count >= 0, first <= Int.max - count else { refuse() }
    try run(format, first..<first + count, progress: rest.count > 2 ? rest[2] : "/dev/null")
  }

  /// Ends where the arguments name no format or no numbers.
  private static func refuse() -> Never {
    let usage = "usage: reader-fuzzing FORMAT FIRST COUNT | FORMAT NUMBER show | list\n"
    FileHandle.standardError.write(Data(usage.utf8))
    exit(2)
  }

  /// The files that PyTorch and NumPy wrote.
  private static var golden: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("CheckpointTests/Golden").path
  }

  private static func run(_ format: Format, _ range: Range<Int>, progress: String) throws {
    let base = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
    let folder = "\(base)/torus-fuzz-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    // A first reading maps and allocates what is only needed once.
    for sample in format.samples { try? format.read(sample, folder) }
    limitMemory(more: 1 << 30)
    allowAlarms()
    let place = open(progress, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
    for number in range {
      var mark = Int64(number)
      pwrite(place, &mark, 8, 0)
      alarm(20)
      let input = format.input(number)
      do {
        try format.read(input, folder)
      } catch let error as Silent {
        FileHandle.standardError.write(Data("\(format.name) \(number): \(error.message)\n".utf8))
        exit(3)
      } catch {
        if "\(error)".contains("DecodingError") || "\(error)".contains("codingPath") {
          FileHandle.standardError.write(Data("\(format.name) \(number): \(error)\n".utf8))
          exit(3)
        }
      }
    }
    alarm(0)
    var mark: Int64 = -1
    pwrite(place, &mark, 8, 0)
  }

  /// A thread of a pool that starts this program hands down its mask of signals, which keeps alarms back.
  private static func allowAlarms() {
    signal(SIGALRM, SIG_DFL)
    var alarms = sigset_t()
    sigemptyset(&alarms)
    sigaddset(&alarms, SIGALRM)
    pthread_sigmask(SIG_UNBLOCK, &alarms, nil)
  }

  private static func limitMemory(more: UInt) {
    let pages =
      (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))
      .flatMap { $0.split(separator: " ").first.flatMap { UInt($0) } } ?? 0
    let size = pages * UInt(sysconf(Int32(_SC_PAGESIZE))) + more
    var limit = rlimit(rlim_cur: rlim_t(size), rlim_max: rlim_t(size))
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }
}

/// A fault that a reader keeps to itself: it took a file, and what it made of it is wrong.
struct Silent: Error { let message: String }
