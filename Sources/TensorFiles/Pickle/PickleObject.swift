import Foundation

/// A value on the pickle machine's stack.
///
/// Containers are numbers of ``PickleHeap``'s nodes: the machine fills lists and dicts after it has
/// put them into its memory, they may hold themselves, and a pickle may nest them as deep as it is
/// long, which chains of references do not survive.
enum PickleObject {
  case none
  case bool(Bool)
  case int(Int)
  /// A whole number beyond 64 bits, in decimal digits.
  case largeInt(String)
  case double(Double)
  case complex(Double, Double)
  case string(String)
  case bytes(Data)
  case tuple(Int)
  case list(Int)
  case dictionary(Int)
  /// A name that the file mentions: `torch.FloatStorage`.
  case global(String)
  case storage(Int)
  case tensor(Int)
  /// An element type of NumPy's, and an array.
  case numpyType(Int)
  case numpyArray(Int)
  /// What is not understood, by its number among the heap's faults. It is an error only for those
  /// who want it.
  case foreign(Int)
}

/// Everything that a pickle has made.
struct PickleHeap {
  /// Elements of tuples and lists; keys and values of dicts in turn.
  var nodes: [[PickleObject]] = []
  var storages: [PickleStorage] = []
  var tensors: [PickleTensor] = []
  var faults: [PickleFault] = []
  /// Whether NumPy's objects are understood; PyTorch's own files hold none.
  let readsNumpy: Bool
  /// Element types as NumPy writes them, such as `<f4`.
  var numpyTypes: [String] = []
  /// Arrays, which are empty until they are given their elements.
  var numpyArrays: [StoredTensor] = []

  init(readsNumpy: Bool = false) { self.readsNumpy = readsNumpy }

  mutating func node(_ elements: [PickleObject]) -> Int {
    nodes.append(elements)
    return nodes.count - 1
  }

  mutating func foreign(_ fault: PickleFault) -> PickleObject {
    faults.append(fault)
    return .foreign(faults.count - 1)
  }

  /// The elements of a tuple; nil for anything else.
  func tuple(_ object: PickleObject?) -> [PickleObject]? {
    if case .tuple(let node)? = object { nodes[node] } else { nil }
  }

  /// The elements of a tuple or a list; nil for anything else.
  func sequence(_ object: PickleObject?) -> [PickleObject]? {
    switch object {
    case .tuple(let node)?, .list(let node)?: nodes[node]
    default: nil
    }
  }

  /// What kind of value an object is, in Python's words.
  func kind(_ object: PickleObject) -> String {
    switch object {
    case .none: "None"
    case .bool: "a bool"
    case .int, .largeInt: "an int"
    case .double: "a float"
    case .complex: "a complex number"
    case .string: "a string"
    case .bytes: "bytes"
    case .tuple: "a tuple"
    case .list: "a list"
    case .dictionary: "a dict"
    case .global(let name): name
    case .storage: "a storage"
    case .tensor: "a tensor"
    case .numpyType: "a dtype"
    case .numpyArray: "an array"
    case .foreign(let fault): faults[fault].message
    }
  }
}

/// A record of numbers that tensors are views of.
struct PickleStorage {
  let key: String
  /// Nil for untyped storages, whose tensors say their type.
  let dtype: StoredDType?
  /// In elements, or in bytes where untyped.
  let count: Int
}

/// A view of a storage, all in elements.
struct PickleTensor {
  let storage: Int
  let dtype: StoredDType
  let offset: Int
  let shape: [Int]
  let strides: [Int]
}

/// What is wrong with a pickle, and where in the values that it makes.
struct PickleFault: Error {
  var problem: CheckpointError.Problem
  var message: String
  /// Such as `optimizer.param_groups[0]`; empty for the whole.
  var place = ""

  static func damaged(_ message: String) -> PickleFault {
    PickleFault(problem: .damaged, message: message)
  }
  static func truncated(_ message: String) -> PickleFault {
    PickleFault(problem: .truncated, message: message)
  }
  static func unsupported(_ message: String) -> PickleFault {
    PickleFault(problem: .unsupported, message: message)
  }

  /// The same fault of a value one step further out.
  func inside(_ step: String) -> PickleFault {
    var fault = self
    let isIndex = place.isEmpty || place.hasPrefix("[")
    fault.place = isIndex ? step + place : "\(step).\(place)"
    return fault
  }
}
