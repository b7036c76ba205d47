import Archives
import Foundation

/// A mapped zip archive.
func archive(at path: String) throws(CheckpointError) -> ZipReader {
  let contents = try mappedContents(of: path)
  return try archived(path) { () throws(ArchiveError) in try ZipReader(contents) }
}

/// Adds path and tensor to what is wrong with an archive.
func archived<Result>(
  _ path: String, tensor: String? = nil, _ body: () throws(ArchiveError) -> Result
) throws(CheckpointError) -> Result {
  do throws(ArchiveError) {
    return try body()
  } catch {
    let problem: CheckpointError.Problem =
      switch error {
      case .truncated: .truncated
      case .corrupt: .damaged
      case .unsupported, .oversized: .unsupported
      }
    let remedy =
      if case .oversized = error { "Save it again without compression" } else {
        CheckpointError.copyAgain
      }
    throw CheckpointError(
      problem, path: path, tensor: tensor, "the archive is \(error)", remedy: remedy)
  }
}
