import Archives
import Foundation
import NN
import TensorFiles
import Tensors

extension StateDict {
  /// Reads a state dict that `torch.save` wrote.
  /// - Parameters:
  ///   - path: The file.
  ///   - key: Where the state dict is, if the file holds a dict with several: `model`.
  ///   - leftOut: Is told of every tensor whose elements have no type here, and of what else is not
  ///     understood; by default it is named on standard error.
  /// - Throws: ``TensorFiles/CheckpointError`` where the file is damaged or holds no state dict there.
  public init(
    pth path: String, key: String? = nil, leftOut: (CheckpointError) -> Void = sayLeftOut
  ) throws(CheckpointError) {
    self.init()
    for stored in try Self.stored(pth: path, key: key, leftOut: leftOut) {
      do throws(CheckpointError) {
        self[stored.name] = try stored.tensor(path: path)
      } catch  where error.problem == .unsupported {
        leftOut(error)
      }
    }
  }

  /// The tensors of a state dict that `torch.save` wrote, by name.
  static func stored(
    pth path: String, key: String? = nil, leftOut: (CheckpointError) -> Void = sayLeftOut
  ) throws(CheckpointError) -> [StoredTensor] {
    let members = try PthFile.members(path: path, key: key, leftOut: leftOut)
    var result: [StoredTensor] = []
    for member in members {
      guard case .string(let name) = member.key, case .tensor(let stored) = member.value else {
        let keys = members.compactMap { member in
          if case .string(let name) = member.key { name } else { nil }
        }
        throw PthFile.mismatch(
          path, "a state dict holds tensors by name, but this one \(member.value.kind)", keys: keys)
      }
      result.append(
        StoredTensor(
          name: name, dtype: stored.dtype, shape: stored.shape, bytes: stored.bytes))
    }
    return result
  }

  /// Writes a state dict that `torch.load` reads; the file appears complete or not at all.
  public func save(pth path: String) throws(CheckpointError) {
    let members = stored().map { PthValue.Member(.string($0.name), .tensor($0)) }
    try PthFile.write(.dictionary(members), to: path)
  }
}
