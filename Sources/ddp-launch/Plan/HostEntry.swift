import Foundation

/// A host that can run workers.
package struct HostEntry: Sendable, Equatable {
  /// Its name or address.
  package var name: String
  /// How many workers its entry gives it, nil where it does not say.
  package var slots: Int?

  package init(_ name: String, slots: Int? = nil) {
    self.name = name
    self.slots = slots
  }

  /// Reads a host file as Open MPI's: `HOST slots=N` a line, `#` begins a comment; a host that
  /// stands twice has the slots of both lines.
  package static func file(_ path: String) throws(LaunchError) -> [HostEntry] {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw .badHostFile(path, line: 1, problem: "the host file cannot be read")
    }
    var hosts: [HostEntry] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    {
      let words = line.prefix { $0 != "#" }.split(whereSeparator: \.isWhitespace)
      guard let name = words.first.map(String.init) else { continue }
      var slots: Int?
      for word in words.dropFirst() {
        let pair = word.split(separator: "=", maxSplits: 1)
        let key = pair[0].replacing("-", with: "_")
        guard pair.count == 2, ["slots", "max_slots"].contains(key), let count = Int(pair[1]),
          count >= 1
        else {
          throw .badHostFile(path, line: index + 1, problem: "'\(word)' is not understood")
        }
        if key == "slots" { slots = count }
      }
      if let known = hosts.firstIndex(where: { $0.name == name }) {
        hosts[known].slots = (hosts[known].slots ?? 1) + (slots ?? 1)
      } else {
        hosts.append(HostEntry(name, slots: slots))
      }
    }
    guard !hosts.isEmpty else {
      throw .badHostFile(path, line: 1, problem: "the host file names no host")
    }
    return hosts
  }

  /// Reads `a,b:4` as mpirun's -H: names with slots.
  package static func list(_ text: String) throws(LaunchError) -> [HostEntry] {
    var hosts: [HostEntry] = []
    for entry in text.split(separator: ",") {
      let parts = entry.split(separator: ":", omittingEmptySubsequences: false)
      guard let name = parts.first, !name.isEmpty, parts.count <= 2,
        parts.count == 1 || (Int(parts[1]) ?? 0) >= 1
      else {
        throw .badValue(option: "--host", given: text, expected: "hosts as in a:4,b:4")
      }
      hosts.append(HostEntry(String(name), slots: parts.count == 2 ? Int(parts[1]) : nil))
    }
    guard !hosts.isEmpty else {
      throw .badValue(option: "--host", given: text, expected: "hosts as in a:4,b:4")
    }
    return hosts
  }
}
