import Archives
import Foundation
import Tensors

/// Arrays in NumPy's `.npy` format, and several of them in `.npz` archives.
public enum NumpyArray {
  private static let magic = Data([0x93]) + Data("NUMPY".utf8)

  /// Reads a `.npy` file.
  /// - Throws: ``CheckpointError`` where it is malformed or holds objects or records.
  public static func read(path: String) throws(CheckpointError) -> StoredTensor {
    try parse(mappedContents(of: path), name: "", path: path)
  }

  /// Writes a `.npy` file, which appears complete or not at all.
  /// - Throws: ``CheckpointError`` where it cannot be written, or NumPy has no such type.
  public static func write(_ tensor: StoredTensor, to path: String) throws(CheckpointError) {
    let header = try header(of: tensor, path: path)
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      try sink.write(header)
      try sink.write(tensor.bytes)
    }
  }

  /// Reads all arrays of numbers of a `.npz` archive, stored or compressed. ``NumpyArchive`` reads
  /// single ones.
  /// - Parameters:
  ///   - path: The archive.
  ///   - leftOut: Is told of every member that holds something other than numbers, such as text; by
  ///     default it is named on standard error.
  /// - Throws: ``CheckpointError`` where the archive or a member is damaged.
  public static func readArchive(
    path: String, leftOut: (CheckpointError) -> Void = sayLeftOut
  ) throws(CheckpointError) -> [StoredTensor] {
    let archive = try NumpyArchive(path: path)
    var result: [StoredTensor] = []
    for name in archive.names {
      do throws(CheckpointError) {
        result.append(try archive.tensor(name))
      } catch  where error.problem == .unsupported {
        leftOut(error)
      }
    }
    return result
  }

  /// Writes arrays to a `.npz` archive under their names, which appears complete or not at all.
  public static func writeArchive(
    _ tensors: [StoredTensor], to path: String
  ) throws(CheckpointError) {
    var entries: [ZipWriter.Entry] = []
    for tensor in tensors {
      let header = try header(of: tensor, path: path)
      entries.append(ZipWriter.Entry(name: "\(tensor.name).npy", contents: header + tensor.bytes))
    }
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      for piece in ZipWriter.pieces(of: entries) { try sink.write(piece) }
    }
  }

  private static let codes: [(code: String, dtype: StoredDType)] = [
    ("b1", .bool), ("u1", .uint8), ("i1", .int8), ("u2", .uint16), ("i2", .int16),
    ("f2", .float16), ("u4", .uint32), ("i4", .int32), ("f4", .float32), ("u8", .uint64),
    ("i8", .int64), ("f8", .float64), ("c8", .complex64),
  ]

  private static func header(
    of tensor: StoredTensor, path: String
  ) throws(CheckpointError) -> Data {
    guard let code = codes.first(where: { $0.dtype == tensor.dtype })?.code else {
      throw CheckpointError(
        .unsupported, path: path, tensor: tensor.name,
        "NumPy has no elements of type \(tensor.dtype.rawValue)",
        remedy: "Convert the tensor to float32 first")
    }
    let order = tensor.dtype.bits == 8 ? "|" : "<"
    let sizes = tensor.shape.map(String.init).joined(separator: ", ")
    let tuple = tensor.shape.count == 1 ? "(\(sizes),)" : "(\(sizes))"
    let text = "{'descr': '\(order)\(code)', 'fortran_order': False, 'shape': \(tuple), }"
    // Magic, version and length take 10 bytes in version 1 and 12 in version 2.
    let isLong = text.utf8.count > 65_000
    let fixed = isLong ? 12 : 10
    let padding = (64 - (fixed + text.utf8.count + 1) % 64) % 64
    let length = text.utf8.count + padding + 1
    let lengthBytes = (0..<(isLong ? 4 : 2)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
    return magic + Data([isLong ? 2 : 1, 0] + lengthBytes)
      + Data((text + String(repeating: " ", count: padding) + "\n").utf8)
  }

  static func parse(
    _ contents: Data, name: String, path: String
  ) throws(CheckpointError) -> StoredTensor {
    func fault(_ problem: CheckpointError.Problem, _ message: String) -> CheckpointError {
      let tensor = name.isEmpty ? nil : name
      return CheckpointError(
        problem, path: path, tensor: tensor, message,
        remedy: problem == .unsupported
          ? "Save it in NumPy as an array of numbers" : CheckpointError.copyAgain)
    }
    let contents = contents.startIndex == 0 ? contents : Data(contents)
    guard contents.starts(with: magic) else {
      throw fault(.damaged, "the magic bytes of .npy are missing")
    }
    guard contents.count >= 12 else { throw fault(.truncated, "the header is cut short") }
    guard (1...3).contains(contents[6]) else {
      throw fault(.unsupported, "the format has version \(contents[6])")
    }
    let start = contents[6] == 1 ? 10 : 12
    let length = contents[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard contents.count - start >= length else {
      throw fault(.truncated, "the header is cut short")
    }
    guard length <= NumpyHeader.maximumLength else {
      throw fault(.damaged, "a header of \(length) bytes is longer than any array needs")
    }
    guard let header = NumpyHeader(contents[start..<start + length]) else {
      throw fault(.damaged, "the header is not a dictionary of descr, fortran_order and shape")
    }
    guard let dtype = codes.first(where: { $0.code == header.code })?.dtype else {
      throw fault(.unsupported, "elements of type “\(header.descr)” are no numbers that are read")
    }
    let data = contents[(start + length)...]
    guard let size = dtype.byteCount(of: header.shape) else {
      throw fault(.damaged, "the shape \(header.shape) is impossible")
    }
    guard data.count >= size else {
      throw fault(
        .truncated,
        "\(header.shape) of \(header.descr) takes \(size) bytes, but \(data.count) "
          + "are there")
    }
    guard data.count == size else {
      throw fault(.damaged, "\(data.count - size) bytes follow the array")
    }
    var bytes = data
    let unit = dtype == .complex64 ? 4 : dtype.bits / 8
    if header.isBigEndian, unit > 1 { bytes = swapped(bytes, unit: unit) }
    if header.isColumnMajor {
      let strides = header.shape.indices.map { header.shape[..<$0].reduce(1, *) }
      bytes = gathered(
        bytes, shape: header.shape, strides: strides, offset: 0, size: dtype.bits / 8)
    }
    return StoredTensor(name: name, dtype: dtype, shape: header.shape, bytes: bytes)
  }

  private static func swapped(_ data: Data, unit: Int) -> Data {
    let bytes = [UInt8](data)
    return Data(bytes.indices.map { bytes[$0 - $0 % unit + (unit - 1 - $0 % unit)] })
  }
}
