import CZlib
import Foundation

/// Decompression by zlib, with every way in which it can fail told apart.
enum Inflater {
  /// How the compressed stream is framed.
  enum Framing: Int32 {
    /// Deflate alone, as in zip archives.
    case raw = -15
    /// A gzip member with header and checksum.
    case gzip = 31
  }

  /// Inflates one stream that starts at `source`.
  /// - Returns: How many input bytes the stream took. Output is appended to `output`.
  static func inflate(
    _ source: UnsafeRawBufferPointer, framing: Framing, into output: inout Data,
    chunk: Int = 1 << 18
  ) throws(ArchiveError) -> Int {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    guard inflateInit2_(&stream, framing.rawValue, zlibVersion(), size) == Z_OK else {
      throw .unsupported("zlib \(String(cString: zlibVersion())) refused to start")
    }
    defer { inflateEnd(&stream) }
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 64)
    defer { buffer.deallocate() }

    var consumed = 0
    while true {
      if stream.avail_in == 0, consumed < source.count {
        // zlib counts input in 32 bits, so a long source is fed in pieces.
        let piece = min(source.count - consumed, 1 << 30)
        let start = source.baseAddress?.advanced(by: consumed)
        stream.next_in = UnsafeMutableRawPointer(mutating: start)?
          .assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(piece)
        consumed += piece
      }
      stream.next_out = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
      stream.avail_out = UInt32(chunk)
      let status = CZlib.inflate(&stream, Z_NO_FLUSH)
      let produced = chunk - Int(stream.avail_out)
      output.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<produced]))

      switch status {
      case Z_STREAM_END:
        return consumed - Int(stream.avail_in)
      case Z_OK:
        if produced == 0, stream.avail_in == 0, consumed == source.count { fallthrough }
      case Z_BUF_ERROR:
        guard consumed < source.count || stream.avail_in > 0 else {
          throw .truncated("the compressed data end after \(output.count) decompressed bytes")
        }
      default:
        let reason = stream.msg.map { String(cString: $0) } ?? "zlib error \(status)"
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
