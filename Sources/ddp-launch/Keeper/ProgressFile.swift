import Base
import CProcess
import Foundation

/// The file in which a worker's program says how far it has come, named to it by its keeper.
///
/// It has no name of its own in any folder, so that nothing is left of it when the keeper is killed: the
/// program opens it as a descriptor of the keeper's.
struct ProgressFile {
  private let descriptor: Int32
  /// The file's descriptor; nil where there could be no such file.
  var place: Int32? { descriptor < 0 ? nil : descriptor }

  /// An empty file of this process.
  init() {
    let path = "\(Machine.temporaryFolder)/torus-progress-\(getpid())"
    unlink(path)
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    unlink(path)
  }

  /// The variables by which a program knows it; none where there could be no such file.
  var variables: [String: String] {
    descriptor < 0 ? [:] : [WorkerProgress.variable: "/proc/\(getpid())/fd/\(descriptor)"]
  }

  /// What a keeper on this host has in its file; nil where there is nothing, or the keeper is gone.
  static func read(of start: RankStart) -> WorkerProgress? {
    guard let place = start.progress,
      let file = FileManager.default.contents(atPath: "/proc/\(start.keeper)/fd/\(place)")
    else { return nil }
    return WorkerProgress(file: file)
  }

  /// What is there; nil where there is nothing yet.
  func read() -> WorkerProgress? {
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return WorkerProgress(file: Data(bytes[..<count]))
  }
}
