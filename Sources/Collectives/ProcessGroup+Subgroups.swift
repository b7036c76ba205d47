import CCollectives

/// Groups of some of a group's ranks.
extension ProcessGroup {
  /// Creates a group of some ranks. Every rank of this group must call it, with the same list, in
  /// the same order relative to other groups. Blocks until all have.
  ///
  /// - Parameters:
  ///   - list: Ranks of this group; their order is that of the new group.
  ///   - name: What messages call the group.
  ///   - timeout: How long waits in the new group last; as in this one where nil.
  /// - Returns: The new group, or nil where this rank is not in it.
  /// - Throws: On every rank alike where the list is empty, repeats a rank or names one that is not.
  public func newGroup(
    ranks list: [Int], name: String? = nil, timeout: Duration? = nil
  ) throws(CollectiveError) -> ProcessGroup? {
    try check([list])
    let title = name ?? "group \(list)"
    try barrier(label: "new \(title) of ranks \(list)")
    return try subgroup(list, title, timeout)
  }

  /// Splits the group: ranks with the same color form a group, ordered by key, then by rank.
  /// Blocks until all ranks have called it.
  ///
  /// - Parameters:
  ///   - color: What the ranks of one group have in common; nil for a rank that joins none.
  ///   - key: The rank's place in the new group, by order; equal keys keep the order of ranks.
  ///   - name: What messages call the group.
  ///   - timeout: How long waits in the new group last; as in this one where nil.
  /// - Returns: This rank's new group, or nil where its color is nil.
  public func split(
    color: Int?, key: Int = 0, name: String? = nil, timeout: Duration? = nil
  ) throws(CollectiveError) -> ProcessGroup? {
    let mine = [color == nil ? 0 : 1, color ?? 0, key]
    let all = try allGather(mine, label: "split")
    let members = all.indices
      .filter { all[$0][0] == 1 && color != nil && all[$0][1] == color }
      .sorted { (all[$0][2], $0) < (all[$1][2], $1) }
    return try subgroup(members, name ?? "color \(color.map(String.init) ?? "none")", timeout)
  }

  /// Equal groups of `size` consecutive ranks; returns this rank's. Blocks until all have called it.
  ///
  /// - Parameters:
  ///   - part: The number of ranks in each group; it divides this group's.
  ///   - timeout: How long waits in the new group last; as in this one where nil.
  /// - Throws: Where `size` exceeds this group's or does not divide it.
  public func subgroups(of part: Int, timeout: Duration? = nil) throws(CollectiveError)
    -> ProcessGroup
  {
    let reason = "subgroups of \(part) ranks do not divide a group of \(size)"
    if part < 1 || part > size || size % part != 0 { throw .invalid(rank: rank, reason: reason) }
    let lists = stride(from: 0, to: size, by: part).map { Array($0..<($0 + part)) }
    guard let own = try subgroups(enumerated: lists, timeout: timeout) else {
      throw .invalid(rank: rank, reason: reason)
    }
    return own
  }

  /// One group per list; returns this rank's, or nil where it is in none. Every rank passes the same
  /// lists, also those in none. Blocks until all ranks have called it.
  ///
  /// - Parameters:
  ///   - lists: The ranks of each group, the same lists on every rank.
  ///   - timeout: As in `newGroup`.
  /// - Throws: On every rank alike, before any group is created, where a rank appears twice or a list
  ///   is none for `newGroup`.
  public func subgroups(enumerated lists: [[Int]], timeout: Duration? = nil)
    throws(CollectiveError) -> ProcessGroup?
  {
    try check(lists)
    let all = lists.flatMap { $0 }
    if Set(all).count != all.count {
      throw .invalid(rank: rank, reason: "subgroups \(lists) overlap")
    }
    var own: ProcessGroup?
    for list in lists {
      if let group = try newGroup(ranks: list, timeout: timeout) { own = group }
    }
    return own
  }

  /// What every rank sees alike in lists of members.
  private func check(_ lists: [[Int]]) throws(CollectiveError) {
    for list in lists {
      if let bad = list.first(where: { $0 < 0 || $0 >= size }) {
        throw .invalid(rank: rank, reason: "new group: there is no rank \(bad) among \(size)")
      }
      if list.isEmpty || Set(list).count != list.count {
        throw .invalid(rank: rank, reason: "new group: ranks \(list) are empty or repeat a rank")
      }
    }
  }

  private func subgroup(_ members: [Int], _ title: String, _ timeout: Duration?)
    throws(CollectiveError) -> ProcessGroup?
  {
    let (handle, number): (OpaquePointer?, Int) = engine.locked {
      subgroups += 1
      guard members.contains(rank) else { return (nil, subgroups) }
      let handle = torus_group_subgroup(
        self.handle, members.map(Int32.init), Int32(members.count), Int32(subgroups))
      return (handle, subgroups)
    }
    guard members.contains(rank) else { return nil }
    guard let handle else {
      throw .invalid(
        rank: rank,
        reason: "\(title) could not be created: \(String(cString: torus_group_error(self.handle)))")
    }
    var options = options
    options.timeout = timeout ?? options.timeout
    return ProcessGroup(
      handle: handle, ranks: members.map { ranks[$0] }, name: title,
      identity: "\(identity).\(number)", engine: engine, flight: flight, options: options)
  }
}
