import Foundation

/// A value on the pickle machine's stack. Lists and dicts are references, as in Python: the machine
/// fills them after it has put them into its memory.
enum PickleObject {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case string(String)
  case tuple([PickleObject])
  case list(PickleList)
  case dictionary(PickleDictionary)
  /// A name that the file mentions: `torch FloatStorage`.
  case global(String)
  case storage(PickleStorage)
  case tensor(StoredTensor)
  case mark
}

final class PickleList {
  var elements: [PickleObject] = []
}

final class PickleDictionary {
  var members: [(key: PickleObject, value: PickleObject)] = []
}

/// A record of numbers that tensors are views of.
struct PickleStorage {
  let key: String
  /// Nil for untyped storages, whose tensors say their type.
  let dtype: StoredDType?
  /// In elements, or in bytes where untyped.
  let count: Int
  let bytes: Data
}

/// What is wrong with a pickle.
struct PickleFault: Error {
  var problem: CheckpointError.Problem
  var message: String

  static func damaged(_ message: String) -> PickleFault {
    PickleFault(problem: .damaged, message: message)
  }
  static func unsupported(_ message: String) -> PickleFault {
    PickleFault(problem: .unsupported, message: message)
  }
}

extension PickleObject {
  var kind: String {
    switch self {
    case .none: "None"
    case .bool: "a bool"
    case .int: "an int"
    case .double: "a float"
    case .string: "a string"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dict"
    case .global(let name): name
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .mark: "a mark"
    }
  }

  /// A list of whole numbers that are not negative.
  func sizes(_ what: String) throws(PickleFault) -> [Int] {
    guard case .tuple(let elements) = self else { throw .damaged("\(what) is \(kind)") }
    var result: [Int] = []
    for element in elements {
      guard case .int(let value) = element, value >= 0 else {
        throw .damaged("\(what) holds \(element.kind) where a size belongs")
      }
      result.append(value)
    }
    return result
  }

  /// The finished value. Shared lists are copied; a list inside itself is refused.
  func value(depth: Int = 0, budget: inout Int) throws(PickleFault) -> PthValue {
    budget -= 1
    if depth > 200 { throw .unsupported("values are nested more than 200 deep or in a circle") }
    if budget < 0 { throw .unsupported("there are more than ten million values") }
    func values(_ objects: [PickleObject]) throws(PickleFault) -> [PthValue] {
      var result: [PthValue] = []
      for object in objects { result.append(try object.value(depth: depth + 1, budget: &budget)) }
      return result
    }
    switch self {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .double(let value): return .double(value)
    case .string(let value): return .string(value)
    case .tuple(let elements): return .tuple(try values(elements))
    case .list(let list): return .list(try values(list.elements))
    case .dictionary(let dictionary):
      var members: [PthValue.Member] = []
      for member in dictionary.members {
        members.append(
          PthValue.Member(
            try member.key.value(depth: depth + 1, budget: &budget),
            try member.value.value(depth: depth + 1, budget: &budget)))
      }
      return .dictionary(members)
    case .tensor(let tensor): return .tensor(tensor)
    // A dtype or device alone, as in an option, comes as its name.
    case .global(let name): return .string(name.replacingOccurrences(of: " ", with: "."))
    case .storage: throw .unsupported("a storage stands outside a tensor")
    case .mark: throw .damaged("a mark is left over")
    }
  }
}
