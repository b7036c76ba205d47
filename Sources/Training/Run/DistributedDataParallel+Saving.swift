import Checkpoints
import DataParallel
import NN

extension DistributedDataParallel {
  /// Writes the replica's weights to a safetensors file, which appears complete or not at all. Blocks until all
  /// ranks have called it.
  ///
  /// Where parameters are spread over ranks (a `ShardedOptimizer` of stage `zero3`), each rank writes its parts
  /// into the one file, so that none needs memory for the whole; a rank that does not see rank 0's file system
  /// sends them, and rank 0 puts all together. Else rank 0 writes. The bytes are the same in all of these.
  /// - Parameter path: The file, replaced where it exists; as rank 0 sees it.
  /// - Throws: On all ranks what kept them from writing together, or on rank 0 what kept it from writing.
  public func save(safetensors path: String) throws {
    if let tensors = spreadState() {
      let files = SpreadFiles(files: [tensors], group: group)
      if try files.write(begin: { [path] }, end: { _ in }, abandon: {}) { return }
    }
    try consolidatedState()?.save(safetensors: path)
  }
}
