import Base
import Foundation

/// Reads a rank's part of a trace, of which any line may be damaged.
enum TracePartReader {
  /// The events of a part.
  struct Part {
    /// Whole events, joined by commas.
    var events = Data()
    /// What the title says; 0 where it is damaged.
    var worldSize = 0
    /// Lines that are no events, but for a last one that was cut while it was written.
    var damaged = 0
  }

  /// Reads a part; one that cannot be opened has no events.
  static func read(_ path: String) -> Part {
    guard let data = FileManager.default.contents(atPath: path) else { return Part() }
    return read(data)
  }

  /// Reads the lines of a part: `[`, then an event each.
  static func read(_ data: Data) -> Part {
    var part = Part()
    var lines = data.split(separator: UInt8(ascii: "\n"))
    if lines.first.map({ $0.elementsEqual([UInt8(ascii: "[")]) }) == true {
      lines.removeFirst()
    } else if !lines.isEmpty {
      part.damaged += 1
    }
    for (index, line) in lines.enumerated() {
      let event = line.last == UInt8(ascii: ",") ? line.dropLast() : line
      guard let value = try? JSONParser.parse([UInt8](event)), value["ph"]?.string != nil else {
        let isCut = index == lines.count - 1 && line.last != UInt8(ascii: ",")
        if !isCut { part.damaged += 1 }
        continue
      }
      if value["name"]?.string == "world_size" {
        part.worldSize = value["args"]?["value"]?.int.map { min(max($0, 0), 1 << 20) } ?? 0
        continue
      }
      if !part.events.isEmpty { part.events += Data(",\n".utf8) }
      part.events += event
    }
    return part
  }
}
