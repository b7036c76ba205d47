import Base
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
  /// stands twice has the slots of both lines. Lines end as any system ends them, and a byte order mark
  /// at the beginning is none of the text.
  package static func file(_ path: String) throws(LaunchError) -> [HostEntry] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw .badHostFile(path, line: 1, problem: "the host file cannot be read")
    }
    guard let text = String(validating: data, as: UTF8.self), !text.utf8.contains(0) else {
      throw .badHostFile(
        path, line: 1, problem: "the host file is no UTF-8 text; save it as plain text")
    }
    var hosts: [HostEntry] = []
    let isMarked = text.unicodeScalars.first == "\u{FEFF}"
    let lines = String(text.unicodeScalars.dropFirst(isMarked ? 1 : 0)).lines
    for (index, line) in lines.enumerated() {
      // As scalars, since a mark that follows `#` makes another character of it.
      let words = String(line.unicodeScalars.prefix { $0 != "#" })
        .split(whereSeparator: \.isWhitespace)
      guard let name = words.first.map(String.init) else { continue }
      var slots: Int?
      for word in words.dropFirst() {
        let pair = word.split(separator: "=", maxSplits: 1)
        let key = pair.first?.replacing("-", with: "_")
        guard pair.count == 2, key == "slots" || key == "max_slots" else {
          throw .badHostFile(path, line: index + 1, problem: "'\(word)' is not understood")
        }
        guard let count = JobLimits.workersPerHost(pair[1]) else {
          throw .badHostFile(
            path, line: index + 1,
            problem: "'\(word)' is no number from 1 to \(JobLimits.workersPerHost)")
        }
        if key == "slots" { slots = count }
      }
      if let known = hosts.firstIndex(where: { $0.name == name }) {
        let sum = (hosts[known].slots ?? 1) + (slots ?? 1)
        guard sum <= JobLimits.workersPerHost else {
          throw .badHostFile(
            path, line: index + 1,
            problem: "\(name) now has more than \(JobLimits.workersPerHost) slots")
        }
        hosts[known].slots = sum
      } else if name.contains("=") {
        throw .badHostFile(path, line: index + 1, problem: "'\(name)' is no host's name")
      } else {
        hosts.append(HostEntry(name, slots: slots))
      }
      guard hosts.count <= JobLimits.hosts else {
        throw .badHostFile(path, line: index + 1, problem: "more than \(JobLimits.hosts) hosts")
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
        parts.count == 1 || JobLimits.workersPerHost(parts[1]) != nil
      else {
        throw .badValue(
          option: "--host", given: text,
          expected: "hosts as in a:4,b:4, with 1 to \(JobLimits.workersPerHost) workers each")
      }
      hosts.append(HostEntry(String(name), slots: parts.count == 2 ? Int(parts[1]) : nil))
    }
    guard !hosts.isEmpty else {
      throw .badValue(option: "--host", given: text, expected: "hosts as in a:4,b:4")
    }
    return hosts
  }
}
