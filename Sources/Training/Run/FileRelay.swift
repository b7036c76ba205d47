import Checkpoints
import Collectives
import Foundation
import TensorFiles

/// Files of a checkpoint that go from one rank's folder to those of ranks on other hosts.
struct FileRelay {
  /// Bytes that travel at once.
  private static let piece = 8 << 20

  let files: [CheckpointFile]
  /// The rank that has them.
  let source: Int
  let group: ProcessGroup

  /// Hands the files on. Blocks until all ranks have called it.
  /// - Parameter folder: Where the source has them, and where this rank is to have them; nil for one that does
  ///   not want them.
  /// - Returns: What kept this rank from having them, whole and as the source has them.
  func run(_ folder: String?) throws -> CheckpointError? {
    var problem: CheckpointError?
    let most = min(Self.piece, files.map(\.bytes).max() ?? 0)
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: max(1, most), alignment: 64)
    defer { buffer.deallocate() }
    for file in files {
      var contents: Data?
      var sink: FileSink?
      defer { sink?.abandon() }
      func attempt(_ body: () throws(CheckpointError) -> Void) {
        do throws(CheckpointError) {
          try body()
        } catch {
          problem = problem ?? error
          sink?.abandon()
          sink = nil
        }
      }
      if let folder, problem == nil {
        attempt { () throws(CheckpointError) in
          if group.rank == source {
            contents = try mappedContents(of: "\(folder)/\(file.name)", isWritable: false)
          } else {
            unlink("\(folder)/\(file.name)")
            sink = try FileSink(path: "\(folder)/\(file.name)")
          }
        }
      }
      for place in stride(from: 0, to: file.bytes, by: Self.piece) {
        let range = place..<min(place + Self.piece, file.bytes)
        // What the source lacks, the others find wrong by its checksum.
        if let contents, contents.count == file.bytes {
          contents.withUnsafeBytes {
            UnsafeMutableRawBufferPointer(start: buffer, count: range.count)
              .copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range]))
          }
        }
        try group.broadcast(
          buffer: buffer, count: range.count, dtype: .uint8, root: source,
          label: "memory checkpoint"
        ).wait()
        attempt { () throws(CheckpointError) in
          try sink?.write(Data(bytesNoCopy: buffer, count: range.count, deallocator: .none))
        }
      }
      guard let written = sink else { continue }
      sink = nil
      attempt { () throws(CheckpointError) in
        try written.finish()
        let found = CheckpointFile(
          name: file.name, bytes: written.count, checksum: written.checksum)
        guard found == file else {
          throw CheckpointError(
            .damaged, path: "\(folder ?? "")/\(file.name)",
            "rank \(source) sent other bytes than it has written", remedy: "Check its memory")
        }
      }
    }
    return problem
  }
}
