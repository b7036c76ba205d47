import Base
import Foundation

/// Collectives on `Codable` values: their length first, then JSON; never anything executable.
extension ProcessGroup {
  /// The root's object on every rank; other ranks' argument is ignored. Where the root has none, or
  /// one that cannot be encoded, every rank throws that.
  public func broadcast<Object: Codable>(
    object: Object?, root: Int = 0, label: String = ""
  ) throws(CollectiveError) -> Object {
    var bytes: [UInt8] = []
    if rank == root {
      bytes = object.map(sealed) ?? Self.refusal("broadcast of an object: the root has none")
    }
    let count = try broadcast([bytes.count], root: root, label: label)[0]
    if rank != root { bytes = [UInt8](repeating: 0, count: count) }
    return try opened(broadcast(bytes, root: root, label: label), from: root)
  }

  /// All ranks' objects in rank order, on every rank. One that cannot be encoded is every rank's error.
  public func allGather<Object: Codable>(object: Object, label: String = "")
    throws(CollectiveError) -> [Object]
  {
    try opened(allGather(sealed(object), label: label))
  }

  /// All ranks' objects in rank order on the root, nil elsewhere. One that cannot be encoded is an error
  /// on its rank and on the root.
  public func gather<Object: Codable>(object: Object, root: Int = 0, label: String = "")
    throws(CollectiveError) -> [Object]?
  {
    let mine = sealed(object)
    if let all = try gather(mine, root: root, label: label) { return try opened(all) }
    if mine.first == Self.refusalMark { _ = try opened(mine, from: rank) as Object }
    return nil
  }

  /// Object r of the root's list, on rank r; other ranks pass nil. A wrong number of objects, or one
  /// that cannot be encoded, is an error on every rank.
  public func scatter<Object: Codable>(objects: [Object]?, root: Int = 0, label: String = "")
    throws(CollectiveError) -> Object
  {
    var lists: [[UInt8]]?
    if rank == root {
      let all = (objects ?? []).map(sealed)
      let broken = all.first { $0.first == Self.refusalMark }
      lists = broken.map { [[UInt8]](repeating: $0, count: all.count) } ?? all
    }
    return try opened(scatter(lists, root: root, label: label), from: root)
  }

  /// No JSON begins with it: the reason why there is none follows.
  private static let refusalMark: UInt8 = 0

  private static func refusal(_ reason: String) -> [UInt8] { [refusalMark] + Array(reason.utf8) }

  /// What travels: the object, or why it cannot, so that the others are not left without a cause.
  private func sealed<Object: Codable>(_ object: Object) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try [UInt8](encoder.encode(object))
    } catch {
      return Self.refusal("\(Object.self) could not be encoded: \(error)")
    }
  }

  private func opened<Object: Codable>(_ all: [[UInt8]]) throws(CollectiveError) -> [Object] {
    var objects: [Object] = []
    for (source, bytes) in all.enumerated() { try objects.append(opened(bytes, from: source)) }
    return objects
  }

  private func opened<Object: Codable>(_ bytes: [UInt8], from source: Int)
    throws(CollectiveError) -> Object
  {
    if bytes.first == Self.refusalMark {
      throw .object(rank: source, reason: String(decoding: bytes.dropFirst(), as: UTF8.self))
    }
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try JSONReading.decode(Object.self, from: Data(bytes), with: decoder)
    } catch {
      throw .object(
        rank: rank, reason: "\(Object.self) from rank \(source) could not be decoded: \(error)")
    }
  }
}
