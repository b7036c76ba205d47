import Collectives
import Testing

/// What every algorithm must do, whatever the transport: the one suite for all of them.
struct AllReduceConformance {
  var algorithms = AllReduceAlgorithm.allCases
  var lengths = [0, 1, 2, 3, 5, 7, 13, 64, 1000, 1021, 4099]
  var types = DType.allCases
  var operations = ReduceOp.allCases
  var places = [false, true]

  /// Runs all combinations that the group supports, and returns how many that were.
  @discardableResult
  func run(in group: ProcessGroup) throws -> Int {
    var cases = 0
    for algorithm in algorithms {
      for type in types {
        for op in operations where group.supports(algorithm, type, op) {
          for length in lengths {
            for shared in places {
              try check(group, algorithm, type, op, length, shared)
              cases += 1
            }
          }
        }
      }
    }
    return cases
  }

  private func check(
    _ group: ProcessGroup, _ algorithm: AllReduceAlgorithm, _ type: DType, _ op: ReduceOp,
    _ length: Int, _ shared: Bool
  ) throws {
    let bytes = length * type.size
    let buffer = try TestBuffer(bytes: bytes, sharedIn: shared ? group : nil)
    let expected = try TestBuffer(bytes: bytes, sharedIn: nil)
    buffer.fill(Elements.palette(rank: group.rank, op: op, type: type), type, count: length)
    expected.fill(
      Elements.reducedPalette(ranks: group.size, op: op, type: type), type, count: length)
    try group.allReduce(
      buffer: buffer.pointer, count: length, dtype: type, op: op, algorithm: algorithm,
      label: "conformance"
    ).wait()
    #expect(
      buffer.matches(expected, bytes: bytes),
      "\(algorithm) \(type) \(op) of \(length)\(shared ? " in a window" : ""), rank \(group.rank)")
    try buffer.free()
    try expected.free()
  }
}
