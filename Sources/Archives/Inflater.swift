import CZlib
import Foundation

/// Decompression by zlib, one stream after another, with every way in which it can fail told apart.
final class Inflater {
  /// How the compressed stream is framed.
  enum Framing: Int32 {
    /// Deflate alone, as in zip archives.
    case raw = -15
    /// A gzip member with header and checksum.
    case gzip = 31
    /// A zlib stream with header and checksum, as in PNG.
    case zlib = 15
  }

  // zlib remembers where its record is, so the record has a place of its own.
  private let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let buffer: UnsafeMutableRawBufferPointer
  private var isStarted = false

  /// Makes ready for streams of one framing.
  init(_ framing: Framing, chunk: Int = 1 << 18) throws(ArchiveError) {
    stream.initialize(to: z_stream())
    buffer = .allocate(byteCount: chunk, alignment: 64)
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(stream, framing.rawValue, zlibVersion(), size) == Z_OK else {
      throw .unsupported("zlib \(String(cString: zlibVersion())) refused to start")
    }
    isStarted = true
  }

  deinit {
    if isStarted { inflateEnd(stream) }
    stream.deallocate()
    buffer.deallocate()
  }

  /// Inflates one stream that starts at `source`.
  /// - Parameter limit: The most bytes that `output` may hold.
  /// - Returns: How many input bytes the stream took. Output is appended to `output`.
  func inflate(
    _ source: UnsafeRawBufferPointer, into output: inout Data, limit: Int
  ) throws(ArchiveError) -> Int {
    guard inflateReset(stream) == Z_OK else { throw .unsupported("zlib refused to start again") }
    stream.pointee.avail_in = 0
    var consumed = 0
    while true {
      if stream.pointee.avail_in == 0, consumed < source.count {
        // zlib counts input in 32 bits, so a long source is fed in pieces.
        let piece = min(source.count - consumed, 1 << 30)
        let start = source.baseAddress?.advanced(by: consumed)
        stream.pointee.next_in = UnsafeMutableRawPointer(mutating: start)?
          .assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_in = UInt32(piece)
        consumed += piece
      }
      stream.pointee.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(buffer.count)
      let status = CZlib.inflate(stream, Z_NO_FLUSH)
      let produced = buffer.count - Int(stream.pointee.avail_out)
      guard produced <= limit - output.count else {
        throw .oversized("the contents have more than \(limit) bytes")
      }
      output.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<produced]))

      switch status {
      case Z_STREAM_END:
        return consumed - Int(stream.pointee.avail_in)
      case Z_OK:
        if produced == 0, stream.pointee.avail_in == 0, consumed == source.count { fallthrough }
      case Z_BUF_ERROR:
        guard consumed < source.count || stream.pointee.avail_in > 0 else {
          throw .truncated("the compressed data end after \(output.count) decompressed bytes")
        }
      default:
        let reason = stream.pointee.msg.map { String(cString: $0) } ?? "zlib error \(status)"
        throw .corrupt("\(reason) after \(output.count) decompressed bytes")
      }
    }
  }
}

/// The CRC-32 of zip, gzip and PNG (polynomial 0xEDB88320, reflected), continued from `crc`.
public func crc32(of bytes: UnsafeRawBufferPointer, continuing crc: UInt32 = 0) -> UInt32 {
  guard let base = bytes.baseAddress else { return crc }
  return UInt32(
    truncatingIfNeeded: crc32_z(
      UInt(crc), base.assumingMemoryBound(to: UInt8.self), bytes.count))
}

/// The CRC-32 of bytes that follow each other, from those of both parts.
/// - Parameters:
///   - crc: Of the first part.
///   - next: Of the second part.
///   - count: The second part's bytes.
public func crc32(_ crc: UInt32, followedBy next: UInt32, count: Int) -> UInt32 {
  UInt32(truncatingIfNeeded: crc32_combine(UInt(crc), UInt(next), off_t(count)))
}
