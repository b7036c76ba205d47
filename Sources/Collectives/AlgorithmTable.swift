import Base
import Foundation

/// What a choice of algorithm may depend on. All of it is the same on every rank of a group.
public struct Topology: Sendable, Hashable, Codable {
  /// Ranks of the group.
  public let ranks: Int
  /// Nodes that they live on.
  public let nodes: Int
  /// Whether ranks of one node share memory.
  public let sharesMemory: Bool

  /// Creates a topology.
  public init(ranks: Int, nodes: Int, sharesMemory: Bool) {
    self.ranks = ranks
    self.nodes = nodes
    self.sharesMemory = sharesMemory
  }
}

/// Which algorithm an all-reduce uses, by its length and the group's topology.
public struct AlgorithmTable: Sendable, Hashable, Codable {
  /// Up to `maxBytes` bytes on a topology, use `algorithm` with segments of `segmentBytes` (0: its
  /// own choice).
  public struct Row: Sendable, Hashable, Codable {
    /// The group that the row is for.
    public var topology: Topology
    /// The longest buffer that the row is for.
    public var maxBytes: Int
    /// What to use.
    public var algorithm: AllReduceAlgorithm
    /// Bytes of one pipelined segment, or 0.
    public var segmentBytes: Int

    /// Creates a row.
    public init(
      topology: Topology, maxBytes: Int, algorithm: AllReduceAlgorithm, segmentBytes: Int = 0
    ) {
      self.topology = topology
      self.maxBytes = maxBytes
      self.algorithm = algorithm
      self.segmentBytes = segmentBytes
    }
  }

  /// Measured rows, in ascending order of `maxBytes` for each topology. Where none fits, the
  /// built-in rule decides.
  public var rows: [Row]

  /// Creates a table; without rows it is the built-in rule.
  public init(rows: [Row] = []) { self.rows = rows }

  /// The algorithm and segment for `bytes` on a topology.
  public func choose(bytes: Int, on topology: Topology) -> (AllReduceAlgorithm, segmentBytes: Int) {
    for row in rows where row.topology == topology && bytes <= row.maxBytes {
      return (row.algorithm, row.segmentBytes)
    }
    return (Self.builtIn(bytes: bytes, on: topology), 0)
  }

  static func builtIn(bytes: Int, on topology: Topology) -> AllReduceAlgorithm {
    if topology.sharesMemory && topology.nodes == 1 { return .sharedMemory }
    if bytes <= 4 << 10 { return .recursiveDoubling }
    if topology.sharesMemory { return .hierarchical }
    return bytes <= 256 << 10 ? .halvingDoubling : .ring
  }

  /// Reads a table that `save` wrote.
  public init(path: String) throws(CollectiveError) {
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: path))
      self = try JSONReading.decode(AlgorithmTable.self, from: data)
    } catch {
      let reason = (error as? JSONReading.Fault)?.description ?? error.localizedDescription
      throw .launch(
        reason: "\(path) is not a calibration: \(reason). Write one with "
          + "ddp-bench allreduce --calibrate --calibration \(path)")
    }
  }

  /// Writes the table as JSON.
  public func save(to path: String) throws(CollectiveError) {
    do {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try encoder.encode(self).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw .launch(
        reason: "the calibration could not be written to \(path): "
          + error.localizedDescription)
    }
  }
}
