/// How many workers each host runs. Ranks are numbered host by host.
package struct HostLayout: Sendable, Equatable {
  /// The hosts' workers, in the order of the hosts.
  package var counts: [Int]

  /// One host for each count.
  package init(_ counts: [Int]) {
    self.counts = counts
  }

  /// Reads Slurm's notation: `4(x3),2` for three hosts with 4 workers and one with 2. Nil where the text
  /// is none, or means more than ``JobLimits`` allow.
  package init?(_ text: String) {
    counts = []
    var workers = 0
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: "(", omittingEmptySubsequences: false)
      guard let count = words.first.flatMap({ JobLimits.workersPerHost($0) }) else { return nil }
      var hosts = 1
      if words.count == 2 {
        guard words[1].hasPrefix("x"), words[1].hasSuffix(")"),
          let times = Int(words[1].dropFirst().dropLast()),
          (1...JobLimits.hosts).contains(times)
        else { return nil }
        hosts = times
      } else if words.count != 1 {
        return nil
      }
      workers += count * hosts
      guard counts.count + hosts <= JobLimits.hosts, workers <= JobLimits.workers else {
        return nil
      }
      counts += [Int](repeating: count, count: hosts)
    }
  }

  /// The same in Slurm's notation.
  package var text: String {
    var runs: [(count: Int, hosts: Int)] = []
    for count in counts {
      if runs.last?.count == count {
        runs[runs.count - 1].hosts += 1
      } else {
        runs.append((count, 1))
      }
    }
    return runs.map { $0.hosts == 1 ? "\($0.count)" : "\($0.count)(x\($0.hosts))" }
      .joined(separator: ",")
  }

  /// All workers.
  package var workers: Int { counts.reduce(0, +) }

  /// The workers of each host where all have as many, else nil.
  package var equal: Int? { counts.allSatisfy { $0 == counts.first } ? counts.first : nil }

  /// The ranks of a host.
  package func ranks(ofHost host: Int) -> Range<Int> {
    let first = counts[..<host].reduce(0, +)
    return first..<first + counts[host]
  }

  /// The host on which a rank runs, and its number there.
  package func place(ofRank rank: Int) -> (host: Int, local: Int) {
    var first = 0
    for (host, count) in counts.enumerated() {
      if rank < first + count { return (host, rank - first) }
      first += count
    }
    return (max(0, counts.count - 1), rank - first)
  }
}
