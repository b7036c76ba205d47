import Settings

/// What a program that trains must know of its run before the run begins.
package protocol LaunchedConfiguration {
  /// Compute threads of each worker; nil for OMP_NUM_THREADS, or its share of the cores.
  var threads: Int? { get }
  /// How workers meet.
  var distributed: DistributedConfiguration { get }
  /// Folder for what the run writes.
  var runDirectory: String { get }
  /// The configuration as YAML that reads back as an equal value.
  func yaml() -> String
}

extension RunConfiguration: LaunchedConfiguration {}

extension LaunchedConfiguration {
  /// Compute threads of each worker where something says how many: `threads`, else OMP_NUM_THREADS, which
  /// ddp-launch sets; nil for the worker's share of the cores.
  ///
  /// - Throws: `ConfigurationError.badVariable` for a variable that is no number.
  package func launchThreads(
    in environment: [String: String]
  ) throws(ConfigurationError) -> Int? {
    if let threads { return threads }
    let name = "OMP_NUM_THREADS"
    guard let text = environment[name]?.trimmingPlainSpace(), !text.isEmpty else { return nil }
    // A list has a number for each level of nested regions; ours are not nested.
    let first = text.prefix { $0 != "," }
    guard let count = Int(String(first).trimmingPlainSpace()), (1...1024).contains(count)
    else {
      throw .badVariable(name, given: text, expected: "a whole number from 1 to 1024")
    }
    return count
  }
}

extension RunConfiguration {
  /// Compute threads of each worker where something says how many.
  package func threads(
    in environment: [String: String]
  ) throws(ConfigurationError) -> Int? {
    try launchThreads(in: environment)
  }
}
