/// How many workers each host runs.
package enum WorkersPerHost: Sendable, Equatable {
  /// A number.
  case number(Int)
  /// One for each core that may be used.
  case cores

  /// Reads `4`, `auto` or `cpu`.
  package init(_ text: String) throws(LaunchError) {
    switch text {
    case "auto", "cpu": self = .cores
    default:
      guard let count = JobLimits.workersPerHost(text) else {
        throw .badValue(
          option: "--nproc-per-node", given: text,
          expected: "a number from 1, auto or cpu, or MIN:MAX"
            + ((Int(text) ?? 0) > 0 ? "; no host runs more than \(JobLimits.workersPerHost)" : ""))
      }
      self = .number(count)
    }
  }
}

/// How many workers each host runs, and how few it may run where some are lost.
package struct WorkerRange: Sendable, Equatable {
  /// The fewest with which the job goes on; nil where their number does not change.
  package var fewest: Int?
  /// How many there are at first, and the most.
  package var most: WorkersPerHost

  /// Reads `4`, `auto`, `cpu` or `2:4`.
  package init(_ text: String) throws(LaunchError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count > 1 else {
      most = try WorkersPerHost(text)
      return
    }
    let counts = parts.compactMap { JobLimits.workersPerHost($0) }
    guard parts.count == 2, counts.count == 2, counts[0] <= counts[1] else {
      throw .badValue(
        option: "--nproc-per-node", given: text,
        expected: "MIN:MAX as in 2:4, from 1 to \(JobLimits.workersPerHost), MIN at most MAX")
    }
    fewest = counts[0]
    most = .number(counts[1])
  }

  /// The fewest and the most, where the number may change.
  package var range: ClosedRange<Int>? {
    guard let fewest, case .number(let most) = most else { return nil }
    return fewest...most
  }
}

/// How many hosts a job needs at least and uses at most.
package struct HostRange: Sendable, Equatable {
  /// The fewest with which the job (re)starts.
  package var fewest: Int
  /// The most that it uses.
  package var most: Int

  /// That many hosts.
  package init(exactly count: Int) {
    fewest = count
    most = count
  }

  /// Reads `2` or `1:4`.
  package init(_ text: String) throws(LaunchError) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
    guard (1...2).contains(parts.count), let fewest = parts.first ?? nil,
      let most = parts.last ?? nil, fewest >= 1, most >= fewest
    else {
      throw .badValue(option: "--nnodes", given: text, expected: "a number, or MIN:MAX as in 1:4")
    }
    self.fewest = fewest
    self.most = most
  }
}

/// Which output streams of which local ranks an option means, as torchrun writes it: `3`, or
/// `0:1,1:2` by local rank, with 0 none, 1 standard output, 2 standard error and 3 both.
package struct StreamChoice: Sendable, Equatable {
  private var common: UInt8 = 0
  private var byLocalRank: [Int: UInt8] = [:]

  /// No stream of any rank.
  package static let none = StreamChoice()
  /// Both streams of all ranks.
  package static let all = StreamChoice(common: 3)

  private init(common: UInt8 = 0) { self.common = common }

  /// Reads an option's value; `option` is its name for messages.
  package init(_ text: String, option: String) throws(LaunchError) {
    let error = LaunchError.badStreams(option: option, given: text)
    func bits(_ text: some StringProtocol) throws(LaunchError) -> UInt8 {
      guard let bits = UInt8(text), bits <= 3 else { throw error }
      return bits
    }
    guard text.contains(":") else {
      common = try bits(text)
      return
    }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let words = part.split(separator: ":", omittingEmptySubsequences: false)
      guard words.count == 2, let rank = Int(words[0]), rank >= 0 else { throw error }
      byLocalRank[rank] = try bits(words[1])
    }
  }

  /// Whether `stream` of a local rank is meant.
  package func contains(_ stream: OutputStream, ofLocalRank rank: Int) -> Bool {
    (byLocalRank[rank] ?? common) & stream.rawValue != 0
  }

  /// Whether nothing is meant.
  package var isEmpty: Bool { common == 0 && byLocalRank.values.allSatisfy { $0 == 0 } }
}
