import Foundation

/// Streams as zlib frames them (RFC 1950): in PNG images among others.
public enum Zlib {
  /// Decompresses one stream; bytes behind it are of no account.
  /// - Parameters:
  ///   - data: The bytes of a zlib stream (RFC 1950).
  ///   - limit: The most bytes that may come out.
  /// - Throws: ``ArchiveError`` where the stream is damaged, cut short or larger than `limit`.
  public static func decompress(_ data: Data, limit: Int) throws(ArchiveError) -> Data {
    let inflater = try Inflater(.zlib)
    var output = Data()
    let bytes = [UInt8](data)
    // Typed errors do not pass through withUnsafeBytes.
    let fault: ArchiveError? = bytes.withUnsafeBytes { source in
      do throws(ArchiveError) {
        _ = try inflater.inflate(source, into: &output, limit: limit)
        return nil
      } catch {
        return error
      }
    }
    if let fault { throw fault }
    return output
  }
}
