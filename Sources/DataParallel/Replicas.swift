import Collectives
import NN
import Tensors

/// Replicas that are not copies of one model.
public struct ReplicaMismatch: Error, CustomStringConvertible {
  /// What differs, on which rank.
  public let description: String
}

/// A parameter with its first name in the model.
typealias NamedParameter = (name: String, parameter: Parameter)

/// The parameters and buffers that are kept equal on all ranks.
package struct Replicas {
  let parameters: [NamedParameter]
  let buffers: [(name: String, buffer: Buffer)]
  private let group: ProcessGroup
  /// The layers that shorten rows in the forward pass, each rank those that it looks up.
  private let shortened: [String]

  /// All of a module's, but for the ignored ones.
  init(_ module: Module, _ group: ProcessGroup, ignored: Set<String>) throws(DataParallelError) {
    let (parameters, buffers) = (module.namedParameters(), module.namedBuffers())
    let known = parameters.map(\.name) + buffers.map(\.name)
    let unknown = ignored.subtracting(known)
    guard unknown.isEmpty else { throw .unknownNames(Array(unknown), known: known) }
    self.parameters = parameters.filter { !ignored.contains($0.name) }
    self.buffers = buffers.filter { !ignored.contains($0.name) }
    self.group = group
    shortened = module.namedModules().compactMap { name, module -> String? in
      let (maxNorm, weight): (Double?, Parameter?) =
        switch module {
        case let table as Embedding: (table.maxNorm, table.weight)
        case let table as EmbeddingBag: (table.maxNorm, table.weight)
        default: (nil, nil)
        }
      guard let maxNorm, let weight,
        let entry = parameters.first(where: { $0.parameter === weight }),
        !ignored.contains(entry.name)
      else { return nil }
      return "\(type(of: module)) \(name) with maxNorm \(maxNorm)"
    }
  }

  /// Compares names, shapes and dtypes with rank 0's, and refuses what would make replicas drift
  /// apart.
  func verify() throws {
    let mine =
      parameters.map {
        "parameter \($0.name) \($0.parameter.shape) \($0.parameter.dtype)"
          + ($0.parameter.requiresGrad ? "" : " frozen")
      }
      + buffers.map {
        "buffer \($0.name) \($0.buffer.value.shape) \($0.buffer.value.dtype)"
      } + shortened
    let all = try group.allGather(object: mine, label: "replicas")
    for (rank, theirs) in all.enumerated() where theirs != all[0] {
      let place = zip(theirs, all[0]).enumerated().first { $1.0 != $1.1 }?.offset
      let difference =
        place.map { "rank \(rank) has \(theirs[$0]) where rank 0 has \(all[0][$0])" }
        ?? "rank \(rank) has \(theirs.count) parameters and buffers, rank 0 has \(all[0].count)"
      throw ReplicaMismatch(
        description: "the replicas differ: \(difference); build the same model on every rank")
    }
    if let layer = shortened.first, group.size > 1 {
      throw DataParallelError.unsupported(
        "\(layer) shortens the rows that a rank looks up, which are others on every rank, so that "
          + "replicas would drift apart; leave maxNorm out, or shorten all rows after each step")
    }
  }

  /// Takes over a rank's parameters and buffers.
  func broadcast(root: Int = 0) throws {
    try broadcast(parameters, root: root)
    try broadcastBuffers(root: root)
  }

  /// Takes over a rank's values of some of the parameters.
  func broadcast(_ parameters: [NamedParameter], root: Int = 0) throws {
    let alike = try alike(parameters)
    for (index, (name, parameter)) in parameters.enumerated()
    where parameter.count > 0 && !alike.contains(index) {
      // Numbers that are drawn where they are first read need not be: they come.
      if group.rank != root { parameter.leaf.storage.forgetPostponed() }
      let value = parameter.value.detach()
      value.storage.version &+= 1
      try group.broadcast(
        buffer: value.lentMemory, count: value.count, dtype: value.dtype, root: root,
        label: name
      ).wait()
    }
  }

  /// The frozen parameters that are the same on all ranks, by their places: they are not sent, and where
  /// they lie in a mapped file its pages stay shared.
  private func alike(_ parameters: [NamedParameter]) throws -> Set<Int> {
    let frozen = parameters.indices.filter { !parameters[$0].parameter.requiresGrad }
    guard !frozen.isEmpty else { return [] }
    let sums = frozen.map { index in
      parameters[index].parameter.value.detach().contiguous().withBytes { Checksum.of($0) }
    }
    let all = try group.allGather(
      sums.map { Int64(bitPattern: $0) }, label: "frozen parameters")
    return Set(
      frozen.enumerated().filter { place, _ in all.allSatisfy { $0[place] == all[0][place] } }
        .map(\.element))
  }

  /// Takes over a rank's buffers, all in one operation. They get new memory, since graphs may hold
  /// the old one.
  func broadcastBuffers(root: Int) throws {
    let copies = noGrad { buffers.map { $0.buffer.value.contiguous().clone() } }
    let slices = copies.filter { $0.count > 0 }.map {
      BufferSlice($0.lentMemory, count: $0.count * $0.dtype.size, dtype: .uint8)
    }
    guard !slices.isEmpty else { return }
    try group.broadcastCoalesced(slices, root: root, label: "buffers").wait()
    for ((_, buffer), copy) in zip(buffers, copies) { buffer.value = copy }
  }
}
