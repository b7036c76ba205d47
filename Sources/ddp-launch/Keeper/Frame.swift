import Base
import Foundation

/// One of a worker's two output streams.
package enum OutputStream: UInt8, Sendable, CaseIterable {
  /// Standard output.
  case out = 1
  /// Standard error.
  case error = 2
}

/// Where a worker's program runs.
package struct RankStart: Sendable, Equatable {
  /// The host.
  package var host: String
  /// The program's process.
  package var pid: Int32
  /// Its keeper's.
  package var keeper: Int32
  /// The number that Open MPI has given to the job, where it is one.
  package var job: UInt32?
  /// The keeper's descriptor of the file in which the program says how far it has come, where there is one.
  package var progress: Int32?

  package init(host: String, pid: Int32, keeper: Int32, job: UInt32?, progress: Int32? = nil) {
    self.host = host
    self.progress = progress
    self.pid = pid
    self.keeper = keeper
    self.job = job
  }
}

/// How a worker's program ended.
package struct RankEnd: Sendable, Equatable {
  /// The host it ran on.
  package var host: String
  /// Its process.
  package var pid: Int32
  /// Its exit code, or the negative number of the signal that ended it.
  package var code: Int32
  /// Whether it had been told to end before, so that its end is no failure of its own.
  package var wasAsked: Bool
  /// When, in seconds of its host's clock.
  package var time: Double
  /// How long it ran, in seconds.
  package var seconds: Double

  package init(
    host: String, pid: Int32, code: Int32, wasAsked: Bool, time: Double, seconds: Double
  ) {
    self.host = host
    self.pid = pid
    self.code = code
    self.wasAsked = wasAsked
    self.time = time
    self.seconds = seconds
  }
}

/// What a worker's keeper tells the launcher: one line of its standard output each, which mpirun
/// brings over from every host.
///
/// mpirun marks each piece of output with `[1,RANK]<stdout>:` and may cut lines anywhere. Frames
/// therefore never contain `<`: it is written as 0x10 `1`, and 0x10 itself as 0x10 `0`.
package enum Frame: Sendable, Equatable {
  /// A line of the program's output without its newline.
  case line(OutputStream, [UInt8])
  /// What stands in a line that is not finished yet, such as a progress bar.
  case unfinished(OutputStream, [UInt8])
  /// The program has begun.
  case started(RankStart)
  /// A signal has stopped the program, or it goes on.
  case stopped(Bool)
  /// The program has said how far it has come.
  case progress(WorkerProgress)
  /// The program has said why it ends.
  case failed(RankReport)
  /// The program ended.
  case ended(RankEnd)

  private static let escape: UInt8 = 0x10

  /// The frame as a line, its newline included.
  package var encoded: [UInt8] {
    let kind: UInt8
    var body: [UInt8]
    switch self {
    case .line(let stream, let bytes):
      kind = stream == .out ? UInt8(ascii: "o") : UInt8(ascii: "e")
      body = bytes
    case .unfinished(let stream, let bytes):
      kind = stream == .out ? UInt8(ascii: "O") : UInt8(ascii: "E")
      body = bytes
    case .started(let start):
      kind = UInt8(ascii: "s")
      body = Array(
        [
          "\(start.pid)", "\(start.keeper)", start.job.map(String.init) ?? "-",
          start.progress.map(String.init) ?? "-", start.host,
        ].joined(separator: " ").utf8)
    case .stopped(let isStopped):
      kind = UInt8(ascii: "p")
      body = Array((isStopped ? "1" : "0").utf8)
    case .progress(let progress):
      kind = UInt8(ascii: "g")
      body = Array(progress.contents.dropLast())
    case .failed(let report):
      kind = UInt8(ascii: "f")
      body = Array((try? JSONEncoder().encode(report)) ?? Data())
    case .ended(let end):
      kind = UInt8(ascii: "x")
      body = Array(
        "\(end.pid) \(end.code) \(end.wasAsked ? 1 : 0) \(end.time) \(end.seconds) \(end.host)".utf8
      )
    }
    var result = [kind]
    for byte in body {
      switch byte {
      case Self.escape: result += [Self.escape, UInt8(ascii: "0")]
      case UInt8(ascii: "<"): result += [Self.escape, UInt8(ascii: "1")]
      default: result.append(byte)
      }
    }
    return result + [UInt8(ascii: "\n")]
  }

  /// Reads a line without its newline; nil where it is no frame.
  package init?(line: some Collection<UInt8>) {
    guard let kind = line.first else { return nil }
    var body: [UInt8] = []
    var escaped = false
    for byte in line.dropFirst() {
      if escaped {
        body.append(byte == UInt8(ascii: "0") ? Self.escape : UInt8(ascii: "<"))
        escaped = false
      } else if byte == Self.escape {
        escaped = true
      } else {
        body.append(byte)
      }
    }
    switch kind {
    case UInt8(ascii: "o"): self = .line(.out, body)
    case UInt8(ascii: "e"): self = .line(.error, body)
    case UInt8(ascii: "O"): self = .unfinished(.out, body)
    case UInt8(ascii: "E"): self = .unfinished(.error, body)
    case UInt8(ascii: "g"):
      guard let progress = WorkerProgress(file: Data(body)) else { return nil }
      self = .progress(progress)
    case UInt8(ascii: "f"):
      guard let report = try? JSONDecoder().decode(RankReport.self, from: Data(body)) else {
        return nil
      }
      self = .failed(report)
    case UInt8(ascii: "s"):
      let words = String(decoding: body, as: UTF8.self).split(separator: " ", maxSplits: 4)
      guard words.count == 5, let pid = Int32(words[0]), let keeper = Int32(words[1]) else {
        return nil
      }
      self = .started(
        RankStart(
          host: String(words[4]), pid: pid, keeper: keeper, job: UInt32(words[2]),
          progress: Int32(words[3])))
    case UInt8(ascii: "p"): self = .stopped(body == [UInt8(ascii: "1")])
    case UInt8(ascii: "x"):
      let words = String(decoding: body, as: UTF8.self).split(separator: " ", maxSplits: 5)
      guard words.count == 6, let pid = Int32(words[0]), let code = Int32(words[1]),
        let time = Double(words[3]), let seconds = Double(words[4])
      else { return nil }
      self = .ended(
        RankEnd(
          host: String(words[5]), pid: pid, code: code, wasAsked: words[2] == "1", time: time,
          seconds: seconds))
    default: return nil
    }
  }
}
