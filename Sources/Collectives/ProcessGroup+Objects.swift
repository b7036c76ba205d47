import Foundation

/// Collectives on `Codable` values: their length first, then JSON; never anything executable.
extension ProcessGroup {
  /// The root's object on every rank; other ranks' argument is ignored.
  public func broadcastObject<Object: Codable>(
    _ object: Object?, root: Int = 0, label: String = ""
  ) throws(CollectiveError) -> Object {
    if rank == root && object == nil {
      throw .invalid(rank: rank, reason: "broadcast of an object: the root has none")
    }
    let bytes = rank == root ? try encoded(object) : []
    let count = try broadcast([bytes.count], root: root, label: label)[0]
    let mine = rank == root ? bytes : [UInt8](repeating: 0, count: count)
    return try decoded(broadcast(mine, root: root, label: label), from: root)
  }

  /// All ranks' objects in rank order, on every rank.
  public func allGather<Object: Codable>(object: Object, label: String = "")
    throws(CollectiveError) -> [Object]
  {
    let all = try allGather(encoded(object), label: label)
    var objects: [Object] = []
    for (source, bytes) in all.enumerated() { try objects.append(decoded(bytes, from: source)) }
    return objects
  }

  /// All ranks' objects in rank order on the root, nil elsewhere.
  public func gather<Object: Codable>(object: Object, root: Int = 0, label: String = "")
    throws(CollectiveError) -> [Object]?
  {
    guard let all = try gather(encoded(object), root: root, label: label) else { return nil }
    var objects: [Object] = []
    for (source, bytes) in all.enumerated() { try objects.append(decoded(bytes, from: source)) }
    return objects
  }

  /// Object r of the root's list, on rank r; other ranks pass nil.
  public func scatter<Object: Codable>(objects: [Object]?, root: Int = 0, label: String = "")
    throws(CollectiveError) -> Object
  {
    var lists: [[UInt8]]?
    if rank == root {
      lists = []
      for object in objects ?? [] { try lists?.append(encoded(object)) }
    }
    return try decoded(scatter(lists, root: root, label: label), from: root)
  }

  private func encoded<Object: Codable>(_ object: Object) throws(CollectiveError) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try [UInt8](encoder.encode(object))
    } catch {
      throw .object(rank: rank, reason: "\(Object.self) could not be encoded: \(error)")
    }
  }

  private func decoded<Object: Codable>(_ bytes: [UInt8], from source: Int)
    throws(CollectiveError) -> Object
  {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try decoder.decode(Object.self, from: Data(bytes))
    } catch {
      throw .object(
        rank: rank, reason: "\(Object.self) from rank \(source) could not be decoded: \(error)")
    }
  }
}
