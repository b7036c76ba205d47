import Collectives
import NN
import Tensors

/// Replicas that are not copies of one model.
public struct ReplicaMismatch: Error, CustomStringConvertible {
  /// What differs, on which rank.
  public let description: String

  static func check(_ plan: BucketPlan, parameters: [Parameter]) throws(ReplicaMismatch) {
    let known = plan.buckets.flatMap { $0 }.sorted()
    guard known == Array(parameters.indices) else {
      throw ReplicaMismatch(
        description:
          "the bucket plan names \(known.count) parameters and the model has \(parameters.count); it belongs to another model"
      )
    }
  }
}

/// Making replicas equal, and seeing that they stay so.
package enum Replicas {
  /// Compares names, shapes and dtypes of all parameters and buffers with rank 0's.
  static func verify(_ module: Module, _ group: ProcessGroup) throws {
    let mine =
      module.namedParameters().map {
        "parameter \($0.name) \($0.parameter.shape) \($0.parameter.dtype)"
      }
      + module.namedBuffers().map {
        "buffer \($0.name) \($0.buffer.value.shape) \($0.buffer.value.dtype)"
      }
    let all = try group.allGather(object: mine, label: "replicas")
    for (rank, theirs) in all.enumerated() where theirs != all[0] {
      let place = zip(theirs, all[0]).enumerated().first { $1.0 != $1.1 }?.offset
      let difference =
        place.map { "rank \(rank) has \(theirs[$0]) where rank 0 has \(all[0][$0])" }
        ?? "rank \(rank) has \(theirs.count) parameters and buffers, rank 0 has \(all[0].count)"
      throw ReplicaMismatch(
        description: "the replicas differ: \(difference); build the same model on every rank")
    }
  }

  /// Takes over rank 0's parameters and buffers.
  static func broadcast(_ module: Module, _ group: ProcessGroup) throws {
    for (name, parameter) in module.namedParameters() {
      try broadcast(parameter.value.detach(), group, name)
    }
    try broadcastBuffers(module, group)
  }

  /// Takes over rank 0's buffers.
  static func broadcastBuffers(_ module: Module, _ group: ProcessGroup) throws {
    for (name, buffer) in module.namedBuffers() {
      let value = buffer.value.contiguous()
      try broadcast(value, group, name)
      buffer.value = value
    }
  }

  private static func broadcast(_ tensor: Tensor, _ group: ProcessGroup, _ name: String) throws {
    guard tensor.count > 0 else { return }
    tensor.storage.version &+= 1
    try group.broadcast(
      buffer: tensor.pointer, count: tensor.count, dtype: tensor.dtype.element, label: name
    ).wait()
  }
}
