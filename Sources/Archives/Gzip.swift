import CZlib
import Foundation

/// The gzip format (RFC 1952).
public enum Gzip {
  /// Whether the bytes begin as a gzip file does.
  public static func isGzip(_ data: Data) -> Bool {
    data.count >= 2 && data[data.startIndex] == 0x1f && data[data.startIndex + 1] == 0x8b
  }

  /// The decompressed contents of all members, each with its checksum and length verified.
  ///
  /// Zero bytes after the last member, with which tape blocks are padded, are allowed.
  /// - Parameters:
  ///   - data: The bytes of one or more gzip members.
  ///   - limit: The most bytes that are taken; ``InflationLimit`` where nil.
  /// - Throws: ``ArchiveError`` for truncated or corrupt input, for other trailing bytes, and where
  ///   the contents are beyond the limit.
  public static func decompress(
    _ data: Data, limit: Int? = nil
  ) throws(ArchiveError) -> Data {
    guard isGzip(data) else { throw .corrupt("the gzip magic bytes 1f 8b are missing") }
    let limit = limit ?? InflationLimit.bytes(from: data.count)
    let inflater = try Inflater(.gzip)
    var output = Data()
    // The last four bytes say how long the contents of the last member are.
    let length = data.suffix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    output.reserveCapacity(min(length, limit, data.count &* 8))
    var failure: ArchiveError?
    data.withUnsafeBytes { source in
      do throws(ArchiveError) {
        var position = 0
        while position < source.count {
          let rest = UnsafeRawBufferPointer(rebasing: source[position...])
          if position > 0, rest[0] != 0x1f || rest.count < 2 || rest[1] != 0x8b {
            if rest.allSatisfy({ $0 == 0 }) { return }
            throw .corrupt("\(rest.count) bytes follow the last gzip member")
          }
          position += try inflater.inflate(rest, into: &output, limit: limit)
        }
      } catch {
        failure = error
      }
    }
    if let failure { throw failure }
    return output
  }

  /// One gzip member that holds the bytes, without a name or a time, so that equal input gives
  /// equal output.
  public static func compress(_ data: Data) throws(ArchiveError) -> Data {
    var stream = z_stream()
    let size = Int32(MemoryLayout<z_stream>.size)
    let level: Int32 = 6
    let started = deflateInit2_(
      &stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, zlibVersion(), size)
    guard started == Z_OK, data.count < Int(UInt32.max) else {
      throw .unsupported("gzip compression of \(data.count) bytes in one piece")
    }
    defer { deflateEnd(&stream) }
    var output = Data(count: Int(deflateBound(&stream, UInt(data.count))))
    let written = data.withUnsafeBytes { source in
      output.withUnsafeMutableBytes { target -> Int in
        stream.next_in = UnsafeMutableRawPointer(mutating: source.baseAddress)?
          .assumingMemoryBound(to: UInt8.self)
        stream.avail_in = UInt32(source.count)
        stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.avail_out = UInt32(target.count)
        return deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(stream.total_out) : -1
      }
    }
    guard written >= 0 else { throw .corrupt("zlib could not finish the stream") }
    return output.prefix(written)
  }
}
