import Foundation

/// An array in an IDX file, as MNIST and its relatives come in.
///
/// Big-endian: two zero bytes, the type, the number of dimensions, each dimension as 32 bits, then
/// the elements. Plain files are mapped, so that only the records that are asked for are read.
public struct IDXFile: Sendable {
  /// The types of elements.
  public enum ElementType: UInt8, Sendable {
    /// Unsigned bytes.
    case uint8 = 0x08
    /// Signed bytes.
    case int8 = 0x09
    /// 16-bit integers.
    case int16 = 0x0b
    /// 32-bit integers.
    case int32 = 0x0c
    /// 32-bit floats.
    case float32 = 0x0d
    /// 64-bit floats.
    case float64 = 0x0e

    /// The size of an element in bytes.
    public var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// Where the file is.
  public let path: String
  /// The type of the elements.
  public let elementType: ElementType
  /// The size of each dimension; the first counts the records.
  public let shape: [Int]
  private let data: Data
  private let header: Int
  private let recordBytes: Int

  /// Opens an IDX file, gzip or plain.
  /// - Throws: ``DataError`` for a wrong magic number, an impossible shape, a file that is shorter
  ///   or longer than its shape says.
  public init(path: String) throws(DataError) {
    let data = try SourceFile.contents(of: path)
    func malformed(_ problem: DataError.Problem, _ message: String) -> DataError {
      DataError(problem, path: path, message, remedy: "Download or copy the file again")
    }
    guard data.count >= 4 else {
      throw malformed(.truncated, "\(data.count) bytes are too few for an IDX header")
    }
    guard data[0] == 0, data[1] == 0, let type = ElementType(rawValue: data[2]), data[3] > 0 else {
      let magic = data.prefix(4).map { String($0, radix: 16) }.joined(separator: " ")
      throw malformed(
        .malformed, "this is no IDX file: it begins with \(magic) instead of 0 0 TYPE DIMENSIONS")
    }
    let rank = Int(data[3])
    guard data.count >= 4 + 4 * rank else {
      throw malformed(.truncated, "the header of \(rank) dimensions is cut short")
    }
    shape = (0..<rank).map { dim in
      data[(4 + 4 * dim)..<(8 + 4 * dim)].reduce(0) { $0 << 8 | Int($1) }
    }
    var recordBytes = type.size
    for size in shape.dropFirst() {
      let (product, overflow) = recordBytes.multipliedReportingOverflow(by: size)
      if overflow { throw malformed(.malformed, "the shape \(shape) is impossible") }
      recordBytes = product
    }
    let (bytes, overflow) = recordBytes.multipliedReportingOverflow(by: shape[0])
    let actual = data.count - 4 - 4 * rank
    if overflow || bytes > actual {
      throw malformed(
        .truncated,
        "the shape \(shape) needs \(overflow ? "too many" : "\(bytes)") bytes, but "
          + "\(actual) are there")
    }
    if bytes < actual {
      throw malformed(
        .malformed, "\(actual - bytes) bytes follow the \(shape) elements of the header")
    }
    self.path = path
    self.data = data
    self.recordBytes = recordBytes
    elementType = type
    header = 4 + 4 * rank
  }

  /// The number of records.
  public var count: Int { shape[0] }

  /// The number of elements in a record.
  public var elementsPerRecord: Int { recordBytes / elementType.size }

  /// The elements of one record as numbers.
  public func record(_ index: Int) -> [Float] {
    let start = header + index * recordBytes
    if elementType == .uint8 {
      return data.withUnsafeBytes { bytes in
        bytes[start..<start + recordBytes].map { Float($0) }
      }
    }
    let bytes = data.dropFirst(start).prefix(recordBytes)
    let size = elementType.size
    return (0..<elementsPerRecord).map { element in
      let first = bytes.startIndex + element * size
      let bits = bytes[first..<first + size].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
      return switch elementType {
      case .uint8: Float(bits)
      case .int8: Float(Int8(truncatingIfNeeded: bits))
      case .int16: Float(Int16(truncatingIfNeeded: bits))
      case .int32: Float(Int32(truncatingIfNeeded: bits))
      case .float32: Float(bitPattern: UInt32(truncatingIfNeeded: bits))
      case .float64: Float(Double(bitPattern: bits))
      }
    }
  }
}
