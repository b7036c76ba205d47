import CCollectives

/// Collectives on arrays: they block, and are meant for a few values.
extension ProcessGroup {
  /// The elementwise reduction of all ranks' values; every rank passes as many.
  public func allReduce<Element: CollectiveElement>(
    _ values: [Element], op: ReduceOp = .sum, label: String = ""
  ) throws(CollectiveError) -> [Element] {
    var result = values
    try withBytes(of: &result) { (bytes: UnsafeMutableRawPointer) throws(CollectiveError) in
      try allReduceAndWait(
        buffer: bytes, count: values.count, dtype: Element.dtype, op: op, label: label)
    }
    return result
  }

  /// The reduction of one value per rank.
  public func allReduce<Element: CollectiveElement>(
    _ value: Element, op: ReduceOp = .sum, label: String = ""
  ) throws(CollectiveError) -> Element {
    try allReduce([value], op: op, label: label)[0]
  }

  /// The root's values on every rank; every rank passes as many.
  public func broadcast<Element: CollectiveElement>(
    _ values: [Element], root: Int = 0, label: String = ""
  ) throws(CollectiveError) -> [Element] {
    var result = values
    try withBytes(of: &result) { (bytes: UnsafeMutableRawPointer) throws(CollectiveError) in
      try run(
        torus_collective(
          .broadcast, type: Element.dtype, root: root, count: values.count, input: bytes,
          output: bytes), label: label)
    }
    return result
  }

  /// The elementwise reduction of all ranks' values on the root, nil elsewhere; every rank passes as
  /// many.
  public func reduce<Element: CollectiveElement>(
    _ values: [Element], op: ReduceOp = .sum, root: Int = 0, label: String = ""
  ) throws(CollectiveError) -> [Element]? {
    var input = values
    var output = rank == root ? values : []
    try withBytes(of: &input) { (from: UnsafeMutableRawPointer) throws(CollectiveError) in
      try withBytes(of: &output) { (to: UnsafeMutableRawPointer) throws(CollectiveError) in
        try run(
          torus_collective(
            .reduce, type: Element.dtype, reduction: op, root: root, count: values.count,
            input: from, output: to), label: label)
      }
    }
    return rank == root ? output : nil
  }

  /// The elementwise reduction of all ranks' lists r, on rank r. Lengths may differ within the lists
  /// of a rank, not between ranks.
  public func reduceScatter<Element: CollectiveElement>(
    _ lists: [[Element]], op: ReduceOp = .sum, label: String = ""
  ) throws(CollectiveError) -> [Element] {
    if lists.count != size {
      throw .invalid(rank: rank, reason: "reduce-scatter: \(lists.count) lists for \(size) ranks")
    }
    var input = lists.flatMap { $0 }
    var output = lists[rank]
    try withBytes(of: &input) { (from: UnsafeMutableRawPointer) throws(CollectiveError) in
      try withBytes(of: &output) { (to: UnsafeMutableRawPointer) throws(CollectiveError) in
        try run(
          torus_collective(
            .reduceScatter, type: Element.dtype, reduction: op, count: 0, input: from,
            output: to), label: label, counts: lists.map(\.count))
      }
    }
    return output
  }

  /// All ranks' values in rank order; ranks may pass different numbers of them.
  public func allGather<Element: CollectiveElement>(_ values: [Element], label: String = "")
    throws(CollectiveError) -> [[Element]]
  {
    let counts = try gatherCounts(values.count, label: label)
    var input = values
    var output = [Element](repeating: .blank, count: counts.reduce(0, +))
    try withBytes(of: &input) { (from: UnsafeMutableRawPointer) throws(CollectiveError) in
      try withBytes(of: &output) { (to: UnsafeMutableRawPointer) throws(CollectiveError) in
        try run(
          torus_collective(
            .allGather, type: Element.dtype, count: 0, input: from, output: to),
          label: label, counts: counts)
      }
    }
    return output.cut(counts)
  }

  /// All ranks' values in rank order on the root, nil elsewhere; numbers may differ.
  public func gather<Element: CollectiveElement>(
    _ values: [Element], root: Int = 0, label: String = ""
  ) throws(CollectiveError) -> [[Element]]? {
    let counts = try gatherCounts(values.count, label: label)
    var input = values
    let total = rank == root ? counts.reduce(0, +) : 0
    var output = [Element](repeating: .blank, count: total)
    try withBytes(of: &input) { (from: UnsafeMutableRawPointer) throws(CollectiveError) in
      try withBytes(of: &output) { (to: UnsafeMutableRawPointer) throws(CollectiveError) in
        try run(
          torus_collective(
            .gather, type: Element.dtype, root: root, count: 0, input: from, output: to),
          label: label, counts: counts)
      }
    }
    return rank == root ? output.cut(counts) : nil
  }

  /// Element r of the root's lists, on rank r; other ranks pass nil. Lengths may differ. A wrong number
  /// of lists is an error on every rank.
  public func scatter<Element: CollectiveElement>(
    _ lists: [[Element]]?, root: Int = 0, label: String = ""
  ) throws(CollectiveError) -> [Element] {
    let given = rank == root ? lists ?? [] : []
    let problem = "scatter: the root needs \(size) lists, not \(given.count)"
    // What only the root can see becomes every rank's error: a negative count says that words follow.
    var counts = given.map(\.count)
    if given.count != size {
      counts = [Int](repeating: 0, count: size)
      if rank == root { counts[0] = -problem.utf8.count }
    }
    counts = try broadcast(counts, root: root, label: label)
    if counts[0] < 0 {
      var words = [UInt8](repeating: 0, count: -counts[0])
      if rank == root { words = Array(problem.utf8) }
      words = try broadcast(words, root: root, label: label)
      throw .invalid(rank: root, reason: String(decoding: words, as: UTF8.self))
    }
    var input = given.flatMap { $0 }
    var output = [Element](repeating: .blank, count: counts[rank])
    try withBytes(of: &input) { (from: UnsafeMutableRawPointer) throws(CollectiveError) in
      try withBytes(of: &output) { (to: UnsafeMutableRawPointer) throws(CollectiveError) in
        try run(
          torus_collective(
            .scatter, type: Element.dtype, root: root, count: 0, input: from, output: to),
          label: label, counts: counts)
      }
    }
    return output
  }

  /// List r goes to rank r; returns what each rank sent here. Lengths may differ.
  public func allToAll<Element: CollectiveElement>(_ lists: [[Element]], label: String = "")
    throws(CollectiveError) -> [[Element]]
  {
    if lists.count != size {
      throw .invalid(rank: rank, reason: "all-to-all: \(lists.count) lists for \(size) ranks")
    }
    let sent = lists.map(\.count)
    let all = try allGather(sent, label: label)
    let received = all.map { $0[rank] }
    var input = lists.flatMap { $0 }
    var output = [Element](repeating: .blank, count: received.reduce(0, +))
    try withBytes(of: &input) { (from: UnsafeMutableRawPointer) throws(CollectiveError) in
      try withBytes(of: &output) { (to: UnsafeMutableRawPointer) throws(CollectiveError) in
        try run(
          torus_collective(
            .allToAll, type: Element.dtype, count: 0, input: from, output: to),
          label: label, counts: received, sent: sent)
      }
    }
    return output.cut(received)
  }

  func gatherCounts(_ count: Int, label: String) throws(CollectiveError) -> [Int] {
    var mine = [count]
    var counts = [Int](repeating: 0, count: size)
    try withBytes(of: &mine) { (from: UnsafeMutableRawPointer) throws(CollectiveError) in
      try withBytes(of: &counts) { (to: UnsafeMutableRawPointer) throws(CollectiveError) in
        try run(
          torus_collective(.allGather, type: .int64, count: 1, input: from, output: to),
          label: label.isEmpty ? "counts" : "counts of \(label)")
      }
    }
    return counts
  }

  /// The array's memory; never null, so that empty arrays travel too.
  func withBytes<Element: CollectiveElement>(
    of array: inout [Element],
    _ body: (UnsafeMutableRawPointer) throws(CollectiveError) -> Void
  ) throws(CollectiveError) {
    var failure: CollectiveError?
    array.withUnsafeMutableBytes { bytes in
      var nothing: UInt64 = 0
      withUnsafeMutableBytes(of: &nothing) { empty in
        guard let start = bytes.baseAddress ?? empty.baseAddress else { return }
        do throws(CollectiveError) { try body(start) } catch { failure = error }
      }
    }
    if let failure { throw failure }
  }
}

extension Array {
  /// Consecutive pieces of the given lengths.
  func cut(_ lengths: [Int]) -> [[Element]] {
    var start = 0
    return lengths.map { length in
      defer { start += length }
      return Array(self[start..<(start + length)])
    }
  }
}
