/// Takes mpirun's tagged output apart into each rank's frames.
///
/// With `--tag-output` each piece begins with `[JOB,RANK]<stdout>:`, also after each newline, and
/// pieces of different ranks may follow one another within a line.
package struct OutputDecoder {
  /// The longest tag; what could begin one is held back until it can be told.
  private static let longestTag = 48

  private var rank: Int?
  private var pending: [Int: [UInt8]] = [:]
  private var held: [UInt8] = []

  package init() {}

  /// Takes the next piece of mpirun's output and returns the frames that it completes.
  package mutating func add(_ bytes: some Sequence<UInt8>) -> [(rank: Int, frame: Frame)] {
    var frames: [(rank: Int, frame: Frame)] = []
    for byte in bytes {
      if byte == UInt8(ascii: "[") {
        release(&frames)
        held = [byte]
      } else if held.isEmpty {
        take(byte, &frames)
      } else {
        held.append(byte)
        switch Self.tag(held) {
        case .complete(let tagged):
          rank = tagged
          held = []
        case .possible where held.count < Self.longestTag: break
        default: release(&frames)
        }
      }
    }
    return frames
  }

  private mutating func release(_ frames: inout [(rank: Int, frame: Frame)]) {
    let bytes = held
    held = []
    for byte in bytes { take(byte, &frames) }
  }

  private mutating func take(_ byte: UInt8, _ frames: inout [(rank: Int, frame: Frame)]) {
    guard let rank else { return }
    guard byte == UInt8(ascii: "\n") else {
      pending[rank, default: []].append(byte)
      return
    }
    if let frame = Frame(line: pending.removeValue(forKey: rank) ?? []) {
      frames.append((rank, frame))
    }
  }

  private enum Tag {
    case complete(rank: Int)
    case possible
    case impossible
  }

  /// Whether bytes that begin with `[` are a tag `[7,12]<stdout>:`, or may become one.
  private static func tag(_ bytes: [UInt8]) -> Tag {
    let text = String(decoding: bytes, as: UTF8.self)
    guard let bracket = text.firstIndex(of: "]") else {
      let isPossible = text.dropFirst().allSatisfy { $0.isASCII && ($0.isNumber || $0 == ",") }
      return isPossible ? .possible : .impossible
    }
    let numbers = text[..<bracket].dropFirst().split(separator: ",").map { Int($0) }
    guard numbers.count == 2, let rank = numbers[1] else { return .impossible }
    let rest = text[text.index(after: bracket)...]
    for stream in ["<stdout>:", "<stderr>:"] {
      if rest == stream { return .complete(rank: rank) }
      if stream.hasPrefix(rest) { return .possible }
    }
    return .impossible
  }
}
