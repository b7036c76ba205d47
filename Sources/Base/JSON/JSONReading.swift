import Foundation

/// Values out of JSON files, with errors that people understand.
package enum JSONReading {
  /// What is wrong, and where: `source.files[3].bytes is missing`.
  package struct Fault: Error, Equatable, CustomStringConvertible {
    /// The whole as a clause.
    package let description: String

    package init(_ description: String) { self.description = description }
  }

  /// Decodes a value.
  /// - Throws: ``Fault`` that names the byte where the text is not JSON, or the entry that is missing
  ///   or of another kind.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from json: Data, with decoder: JSONDecoder = JSONDecoder()
  ) throws(Fault) -> Value {
    do {
      return try decoder.decode(type, from: json)
    } catch let error as DecodingError {
      if case .dataCorrupted(let context) = error, context.codingPath.isEmpty {
        do throws(JSONParser.Fault) {
          _ = try JSONParser.parse([UInt8](json))
        } catch {
          throw Fault("it is not JSON: \(error.message) at byte \(error.position)")
        }
      }
      throw Fault(error.words)
    } catch {
      throw Fault("it cannot be read: \(error.localizedDescription)")
    }
  }
}

extension DecodingError {
  /// What is wrong in words, with the entry's place: `shards[0] is not a list`.
  package var words: String {
    switch self {
    case .keyNotFound(let key, let context):
      return "\(Self.place(context.codingPath + [key])) is missing"
    case .valueNotFound(_, let context): return "\(Self.place(context.codingPath)) is null"
    case .typeMismatch(let type, let context):
      return "\(Self.place(context.codingPath)) is not \(Self.kind(type))"
    case .dataCorrupted(let context):
      let reason = context.debugDescription
      let clause = reason.hasSuffix(".") ? String(reason.dropLast()) : reason
      return context.codingPath.isEmpty
        ? clause : "\(Self.place(context.codingPath)): \(clause)"
    @unknown default: return "an entry is of another form"
    }
  }

  private static func place(_ path: [any CodingKey]) -> String {
    let place = path.reduce("") { place, key in
      if let index = key.intValue { return "\(place)[\(index)]" }
      return place.isEmpty ? key.stringValue : "\(place).\(key.stringValue)"
    }
    return place.isEmpty ? "the whole" : place
  }

  private static func kind(_ type: Any.Type) -> String {
    switch type {
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any Collection.Type where "\(type)".hasPrefix("Dictionary"): "an object"
    case is any Collection.Type: "a list"
    default: "\(type)".hasPrefix("Dictionary") ? "an object" : "of the form of a \(type)"
    }
  }
}
