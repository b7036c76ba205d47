import Settings

extension RunConfiguration {
  /// Compute threads of each worker where something says how many: `threads`, else OMP_NUM_THREADS, which
  /// ddp-launch sets; nil for the worker's share of the cores.
  ///
  /// - Throws: `ConfigurationError.badVariable` for a variable that is no number.
  package func threads(
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
