import Base
import Foundation
import Tensors

/// A safetensors file, checked as a whole and read tensor by tensor.
///
/// The format: the header's length N as a 64-bit little-endian number, N bytes of JSON, the data.
/// Tensors fill the data without holes or overlaps. The file is mapped: only what is touched is read.
public struct SafetensorsFile: Sendable {
  /// The longest header that is read.
  public static let maximumHeader = 100_000_000

  /// Where the file is.
  public let path: String
  /// The tensors in the order of their bytes, but for those in ``unread``.
  public let tensors: [StoredTensor]
  /// The tensors whose element type is not one of the format's as it is known here, with what is
  /// wrong. The others are read all the same.
  public let unread: [CheckpointError]
  /// What `__metadata__` says, in the file's order.
  public let metadata: [(name: String, value: String)]
  private let places: [[UInt8]: Int]

  /// Opens a file.
  /// - Throws: ``CheckpointError`` that names what is wrong, and the tensor it is wrong with.
  public init(path: String) throws(CheckpointError) {
    try self.init(contents: mappedContents(of: path), path: path)
  }

  /// Reads a file that is in memory.
  /// - Parameters:
  ///   - contents: The file's bytes.
  ///   - path: What errors call it.
  public init(contents: Data, path: String) throws(CheckpointError) {
    func fault(_ problem: CheckpointError.Problem, _ message: String) -> CheckpointError {
      CheckpointError(problem, path: path, message, remedy: CheckpointError.copyAgain)
    }
    let contents = contents.startIndex == 0 ? contents : Data(contents)
    guard contents.count >= 8 else {
      throw fault(.truncated, "\(contents.count) bytes are too few for a safetensors file")
    }
    let length = contents.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    if let other = OtherFormat.of(contents) {
      throw CheckpointError(
        .unsupported, path: path, "this is \(other.name), not a safetensors file",
        remedy: other.remedy)
    }
    guard length <= UInt64(Self.maximumHeader) else {
      throw fault(.damaged, "a header of \(length) bytes is beyond the format's limit")
    }
    let start = 8 + Int(length)
    guard start <= contents.count else {
      throw fault(
        .truncated, "the header of \(length) bytes ends after the file's \(contents.count)")
    }
    let header: JSONValue
    do {
      header = try JSONParser.parse([UInt8](contents[8..<start]))
    } catch {
      throw fault(.damaged, "the header is not JSON: \(error.message) at byte \(error.position)")
    }
    guard case .object(let members) = header else {
      throw fault(.damaged, "the header is not a JSON object")
    }
    let entries = try SafetensorsHeader(members, path: path)
    metadata = entries.metadata
    let laidOut = try entries.laidOut(over: contents.count - start, path: path)
    tensors = laidOut.compactMap { entry in
      guard case .known(let dtype) = entry.type else { return nil }
      return StoredTensor(
        name: entry.name, dtype: dtype, shape: entry.shape,
        bytes: contents[(start + entry.range.lowerBound)..<(start + entry.range.upperBound)])
    }
    unread = laidOut.compactMap { entry in
      guard case .unknown(let name) = entry.type else { return nil }
      return CheckpointError(
        .unsupported, path: path, tensor: entry.name,
        "elements of type \(name) are not known here", remedy: "Convert it to F32, F16 or BF16")
    }
    self.path = path
    places = Dictionary(
      uniqueKeysWithValues: zip(tensors.map { Array($0.name.utf8) }, tensors.indices))
  }

  /// The tensor of a name, or nil where there is none.
  public subscript(name: String) -> StoredTensor? {
    places[Array(name.utf8)].map { tensors[$0] }
  }
}

/// The entries of a safetensors header.
package struct SafetensorsHeader {
  /// What a tensor's elements are.
  package enum ElementType {
    case known(StoredDType)
    /// A name of the format's form that a later version may have given a type.
    case unknown(String)
  }

  /// One tensor.
  package struct Entry {
    package var name: String
    package var type: ElementType
    package var shape: [Int]
    package var range: Range<Int>
  }

  package var metadata: [(name: String, value: String)] = []
  private(set) var entries: [Entry] = []

  /// Reads a header's members; of equal names the last one counts, but all must be well-formed.
  package init(_ members: [JSONValue.Member], path: String) throws(CheckpointError) {
    var places: [[UInt8]: Int] = [:]
    var hasMetadata = false
    for member in members {
      if member.name == "__metadata__" {
        if hasMetadata { throw Self.damaged("__metadata__ comes twice", path: path) }
        hasMetadata = true
        metadata = try Self.metadata(member.value, path: path)
        continue
      }
      let entry = try Self.entry(member, path: path)
      let key = Array(member.name.utf8)
      if let place = places[key] {
        entries[place] = entry
      } else {
        places[key] = entries.count
        entries.append(entry)
      }
    }
  }

  /// The entries in the order of their bytes, which fill `count` bytes without holes or overlaps.
  package func laidOut(over count: Int, path: String) throws(CheckpointError) -> [Entry] {
    let ordered = entries.sorted {
      ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
    }
    var position = 0
    for entry in ordered {
      guard entry.range.lowerBound == position else {
        let what = entry.range.lowerBound < position ? "overlaps the tensor" : "leaves a hole"
        throw Self.damaged(
          "it starts at \(entry.range.lowerBound) and \(what) before it, which ends at \(position)",
          path: path, tensor: entry.name)
      }
      position = entry.range.upperBound
    }
    if position > count {
      throw CheckpointError(
        .truncated, path: path, tensor: ordered.last?.name,
        "it ends at byte \(position) of the data, but \(count) are there",
        remedy: CheckpointError.copyAgain)
    }
    if position < count {
      throw Self.damaged("\(count - position) bytes follow the last tensor", path: path)
    }
    return ordered
  }

  private static func damaged(
    _ message: String, path: String, tensor: String? = nil
  ) -> CheckpointError {
    CheckpointError(
      .damaged, path: path, tensor: tensor, message, remedy: CheckpointError.copyAgain)
  }

  private static func metadata(
    _ value: JSONValue, path: String
  ) throws(CheckpointError) -> [(name: String, value: String)] {
    if value == .null { return [] }
    guard case .object(let members) = value else {
      throw damaged("__metadata__ is not an object", path: path)
    }
    // Of equal names the last one counts, in the last one's place.
    var last: [[UInt8]: Int] = [:]
    for (index, member) in members.enumerated() { last[Array(member.name.utf8)] = index }
    var result: [(name: String, value: String)] = []
    for (index, member) in members.enumerated() {
      guard let text = member.value.string else {
        throw damaged("__metadata__ holds something other than strings", path: path)
      }
      if last[Array(member.name.utf8)] == index { result.append((member.name, text)) }
    }
    return result
  }

  /// Whether a name has the form of the format's: a kind in capitals, then its size.
  private static func isTypeName(_ name: String) -> Bool {
    if StoredDType(rawValue: name) != nil { return true }
    let letters = name.utf8.prefix { (0x41...0x5a).contains($0) }
    let rest = name.utf8.dropFirst(letters.count)
    return (1...4).contains(letters.count) && rest.first.map { (0x30...0x39).contains($0) } == true
      && name.utf8.count <= 32
      && rest.allSatisfy {
        (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || $0 == UInt8(ascii: "_")
      }
  }

  private static func entry(
    _ member: JSONValue.Member, path: String
  ) throws(CheckpointError) -> Entry {
    func fault(_ message: String) -> CheckpointError {
      damaged(message, path: path, tensor: member.name)
    }
    // The reference reader also takes the three fields as an array in this order.
    let names = ["dtype", "shape", "data_offsets"]
    let fields: [JSONValue]
    switch member.value {
    case .array(let values) where values.count == 3: fields = values
    case .object(let members):
      fields = names.compactMap { member.value[$0] }
      let known = members.filter { names.contains($0.name) }
      guard fields.count == 3, known.count == 3 else {
        throw fault("its entry does not give dtype, shape and data_offsets once each")
      }
    default: throw fault("its entry is not an object")
    }
    guard let dtypeName = fields[0].string, isTypeName(dtypeName) else {
      throw fault("the dtype “\(fields[0].string ?? "")” is not one of the format's")
    }
    guard let dimensions = fields[1].array else { throw fault("its shape is not an array") }
    var shape: [Int] = []
    for dimension in dimensions {
      guard let size = dimension.count else { throw fault("its shape is not of whole numbers") }
      shape.append(size)
    }
    guard let offsets = fields[2].array, offsets.count == 2, let start = offsets[0].count,
      let end = offsets[1].count, start <= end
    else { throw fault("its data_offsets are not two whole numbers in order") }
    guard let dtype = StoredDType(rawValue: dtypeName) else {
      return Entry(name: member.name, type: .unknown(dtypeName), shape: shape, range: start..<end)
    }
    guard let bytes = dtype.byteCount(of: shape) else {
      throw fault("the shape \(shape) of \(dtypeName) is impossible")
    }
    guard bytes == end - start else {
      throw fault("\(shape) of \(dtypeName) takes \(bytes) bytes, not \(end - start)")
    }
    return Entry(name: member.name, type: .known(dtype), shape: shape, range: start..<end)
  }
}
