import Base
import Foundation
import Tensors
import Transformers

/// Keyword arguments by transformers' names; null is absent.
struct Arguments {
  let json: JSONValue

  func need<T>(_ name: String, _ read: (String) throws -> T?) throws -> T {
    guard let value = try read(name) else { throw RunnerError("argument \(name) is missing") }
    return value
  }

  func int(_ name: String) throws -> Int? { try value(name) { $0.int } }

  func double(_ name: String) throws -> Double? { try value(name) { $0.double } }

  /// One id or a list of them.
  func ids(_ name: String) throws -> [Int]? { try value(name) { $0.int.map { [$0] } ?? $0.ints } }

  func words(_ name: String) throws -> [[Int]]? {
    try value(name) { $0.array?.allPresent { $0.ints } }
  }

  func pair(_ name: String) throws -> (Int, Double)? {
    try value(name) {
      guard let list = $0.array, list.count == 2, let a = list[0].int, let b = list[1].double else {
        return nil
      }
      return (a, b)
    }
  }

  func biases(_ name: String) throws -> [TokenSequenceBias]? {
    try value(name) {
      $0.array?.allPresent { entry in
        guard let list = entry.array, list.count == 2, let tokens = list[0].ints,
          let bias = list[1].double
        else { return nil }
        return TokenSequenceBias(tokens, bias)
      }
    }
  }

  private func value<T>(_ name: String, _ read: (JSONValue) -> T?) throws -> T? {
    guard let value = json[name], !value.isNull else { return nil }
    guard let result = read(value) else { throw Unsupported("a form of \(name)") }
    return result
  }
}

extension JSONValue {
  /// A file's value.
  init(_ file: URL) throws {
    do {
      self = try JSONParser.parse([UInt8](file.unpacked()))
    } catch let fault as JSONParser.Fault {
      throw RunnerError("\(file.path): \(fault.message) at byte \(fault.position)")
    }
  }

  /// A list of whole numbers.
  var ints: [Int]? { array?.allPresent { $0.int } }
}

extension Array {
  /// The elements transformed, or nil where one cannot be.
  func allPresent<T>(_ transform: (Element) -> T?) -> [T]? {
    let result = compactMap(transform)
    return result.count == count ? result : nil
  }
}

extension Tensor {
  /// The rows of a matrix of ids.
  func rows() -> [[Int]] {
    let all = array(of: Int.self)
    let width = size(-1)
    return (0..<shape[0]).map { Array(all[($0 * width)..<(($0 + 1) * width)]) }
  }
}
