import Foundation

/// Why a worker's program ends, in its own words: what it left in the file that TORUS_ERROR_FILE
/// names (as torchrun's programs do in TORCHELASTIC_ERROR_FILE), and where it ran.
package struct RankReport: Sendable, Equatable, Codable {
  /// The host it ran on.
  package var host: String
  /// Its process.
  package var pid: Int32
  /// What was wrong.
  package var message: String
  /// The ranks for which it waited in vain.
  package var waitsFor: [Int] = []
  /// When, in seconds of its host's clock.
  package var time: Double
  /// How long it had run, in seconds.
  package var seconds: Double

  package init(
    host: String, pid: Int32, message: String, waitsFor: [Int] = [], time: Double, seconds: Double
  ) {
    self.host = host
    self.pid = pid
    self.message = message
    self.waitsFor = waitsFor
    self.time = time
    self.seconds = seconds
  }

  /// Reads an error file.
  ///
  /// The message is text, or as PyTorch's programs write it an object that holds the text. Without a
  /// finer time than its seconds, `now` stands for it.
  package init?(file contents: Data, host: String, pid: Int32, started: Double, now: Double) {
    struct Message: Decodable {
      let text: String

      init(from decoder: any Decoder) throws {
        struct Object: Decodable { let message: String }
        let container = try decoder.singleValueContainer()
        text = try (try? container.decode(String.self)) ?? container.decode(Object.self).message
      }
    }
    struct File: Decodable {
      let message: Message
      let timeNs: Int64?
      let waitsFor: [Int]?
    }
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    guard let file = try? decoder.decode(File.self, from: contents) else { return nil }
    message = file.message.text
    self.host = host
    self.pid = pid
    waitsFor = file.waitsFor ?? []
    time = file.timeNs.map { Double($0) / 1e9 } ?? now
    seconds = max(0, time - started)
  }
}

/// The file in which a worker's program leaves its report, named to it by its keeper.
struct ReportFile {
  let path: String

  /// The file of a keeper on this host, of a launcher's with this mark.
  init(mark: String, keeper: Int32) {
    path = "\(Machine.temporaryFolder)/\(Self.prefix(mark))\(keeper).json"
  }

  /// What the names of all such files begin with.
  private static func prefix(_ mark: String) -> String { "torus-error-\(mark)-" }

  /// Removes all that is left on this host of the keepers of a launcher with this mark.
  static func removeAll(mark: String) {
    let folder = Machine.temporaryFolder
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for name in names where name.hasPrefix(prefix(mark)) { unlink("\(folder)/\(name)") }
  }

  /// The variables by which a program knows it.
  var variables: [String: String] {
    ["TORUS_ERROR_FILE": path, "TORCHELASTIC_ERROR_FILE": path]
  }

  /// What a program on this host has left there; nil where there is nothing.
  func read(pid: Int32, started: Date) -> RankReport? {
    guard access(path, R_OK) == 0, let contents = FileManager.default.contents(atPath: path) else {
      return nil
    }
    // It may have been written a while before somebody looks.
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    let written = attributes?[.modificationDate] as? Date
    return RankReport(
      file: contents, host: Machine.hostName, pid: pid, started: started.timeIntervalSince1970,
      now: (written ?? Date()).timeIntervalSince1970)
  }

  /// Leaves nothing behind.
  func remove() {
    unlink(path)
    unlink("\(path).part")
  }
}
