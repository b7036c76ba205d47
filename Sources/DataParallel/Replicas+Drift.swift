import Collectives
import NN
import Tensors

/// Replicas that were equal and are no more: a rank computed something else, or its memory failed.
public struct ReplicaDrift: Error, CustomStringConvertible {
  /// The first parameter that differs, with its dtype and shape.
  public let parameter: String
  /// How many parameters differ.
  public let count: Int
  /// The ranks that differ from most of the others; all ranks where there is no majority.
  public let ranks: [Int]
  /// The optimizer step after which it was seen.
  public let step: Int

  /// Parameter, ranks and step, and what to do.
  public var description: String {
    let who = ranks.map(String.init).joined(separator: ", ")
    let more = count > 1 ? " and \(count - 1) more parameter\(count == 2 ? "" : "s")" : ""
    return
      "step \(step): the replicas differ in \(parameter)\(more) on rank\(ranks.count == 1 ? "" : "s") \(who); whatever changes parameters must do so alike on every rank. Go on from a checkpoint of an earlier step; if the same rank drifts again, look at its memory"
  }
}

extension Replicas {
  /// Compares all ranks' parameters bit by bit: a checksum of each, and one all-gather of them.
  ///
  /// - Throws: ``ReplicaDrift``, the same on every rank.
  package static func compare(_ module: Module, _ group: ProcessGroup, step: Int) throws {
    let named = module.namedParameters()
    guard !named.isEmpty, group.size > 1 else { return }
    var mine = named.map { checksum(of: $0.parameter.value.detach().contiguous()) }
    let size = group.size
    var all = [Int64](repeating: 0, count: size * mine.count)
    try mine.withUnsafeMutableBytes { from in
      try all.withUnsafeMutableBytes { to in
        guard let input = from.baseAddress, let output = to.baseAddress else { return }
        try group.allGather(
          input: input, output: output, count: named.count, dtype: .int64,
          label: "checksums of parameters"
        ).wait()
      }
    }
    if let drift = drift(all, names: named.map { name in describe(name) }, ranks: size, step: step)
    {
      throw drift
    }
  }

  private static func describe(_ named: (name: String, parameter: Parameter)) -> String {
    "\(named.name) \(named.parameter.dtype.shortName)\(named.parameter.shape)"
  }

  private static func checksum(of tensor: Tensor) -> Int64 {
    Int64(bitPattern: tensor.withBytes { Checksum.of($0) })
  }

  /// What the checksums of all ranks, rank by rank, tell; nil where all are alike.
  static func drift(_ sums: [Int64], names: [String], ranks: Int, step: Int) -> ReplicaDrift? {
    let count = names.count
    let differing = (0..<count).filter { place in
      (1..<ranks).contains { sums[$0 * count + place] != sums[place] }
    }
    guard let first = differing.first else { return nil }
    // A rank is odd where its parameters are not those that most ranks have.
    let states = (0..<ranks).map { Array(sums[($0 * count)..<(($0 + 1) * count)]) }
    var votes: [[Int64]: Int] = [:]
    for state in states { votes[state, default: 0] += 1 }
    let majority = votes.first { 2 * $0.value > ranks }?.key
    let odd = (0..<ranks).filter { states[$0] != majority }
    return ReplicaDrift(parameter: names[first], count: differing.count, ranks: odd, step: step)
  }
}
