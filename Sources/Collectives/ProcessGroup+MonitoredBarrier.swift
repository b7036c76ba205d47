import CMPIShim

/// Messages of the library's own use tags above the users'.
enum ReservedTag {
  static let last = 32_767
  static let arrival = 32_767
  static let verdict = 32_766
  static let notice = 32_765
  /// The highest tag of users.
  static let users = Int(TORUS_USER_TAGS)
}

extension ProcessGroup {
  /// A barrier that says who is missing: every rank reports to rank 0, which waits at most `timeout`.
  ///
  /// The group stays usable by the ranks that came.
  /// - Parameter waitAllRanks: Whether the error names all missing ranks or only the first.
  /// - Throws: `CollectiveError.timeout` on rank 0 and on all ranks that came; where rank 0 itself is
  ///   missing, the others' error names it after twice the time.
  public func monitoredBarrier(
    timeout: Duration? = nil, waitAllRanks: Bool = false, label: String = ""
  ) throws(CollectiveError) {
    let limit = timeout ?? options.timeout
    let operation = CollectiveOperation(
      rank: rank, sequence: 0, kind: .barrier, type: .uint8, count: 0, root: 0,
      label: label.isEmpty ? "monitored barrier" : label)
    // One byte per rank: whether it is missing.
    let flags = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    flags.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    defer { flags.deallocate() }
    if rank == 0 {
      try collectArrivals(into: flags, limit: limit)
    } else {
      let here = reserved(.send, flags, 1, peer: 0, tag: ReservedTag.arrival)
      let verdict = reserved(.receive, flags, size, peer: 0, tag: ReservedTag.verdict)
      do throws(CollectiveError) {
        try verdict.wait(timeout: limit + limit)
        try here.wait(timeout: limit)
      } catch {
        // Withdraws what rank 0 has not taken, before its memory goes.
        try? here.wait(timeout: .zero)
        throw .timeout(
          group: name, operation: operation, seconds: limit.seconds * 2, missing: [0])
      }
    }
    let missing = (0..<size).filter { flags.load(fromByteOffset: $0, as: UInt8.self) != 0 }
    if !missing.isEmpty {
      throw .timeout(
        group: name, operation: operation, seconds: limit.seconds,
        missing: waitAllRanks ? missing : [missing[0]])
    }
  }

  private func collectArrivals(into flags: UnsafeMutableRawPointer, limit: Duration)
    throws(CollectiveError)
  {
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    defer { bytes.deallocate() }
    let clock = ContinuousClock()
    let end = clock.now + limit
    let arrivals = (1..<max(size, 1)).map {
      reserved(.receive, bytes + $0, 1, peer: $0, tag: ReservedTag.arrival)
    }
    for (i, arrival) in arrivals.enumerated() {
      do throws(CollectiveError) {
        try arrival.wait(timeout: max(.zero, clock.now.duration(to: end)))
      } catch {
        guard case .timeout = error else { throw error }
        flags.storeBytes(of: 1, toByteOffset: i + 1, as: UInt8.self)
      }
    }
    let present = (1..<max(size, 1)).filter { flags.load(fromByteOffset: $0, as: UInt8.self) == 0 }
    let verdicts = present.map {
      reserved(.send, flags, size, peer: $0, tag: ReservedTag.verdict)
    }
    for verdict in verdicts { try verdict.wait(timeout: limit) }
  }
}

extension Duration {
  var seconds: Double { Double(nanoseconds) / 1e9 }
}
