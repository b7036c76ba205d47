import Foundation

/// Reads the pickles that PyTorch writes (protocol 2 and below). It builds values and executes
/// nothing: a name that is not one of PyTorch's rebuilding functions is an error.
struct PickleMachine {
  /// Fetches a storage record: key and dtype (nil: untyped), number of elements.
  typealias Loader = (_ key: String, _ dtype: StoredDType?, _ count: Int) throws(PickleFault)
    -> PickleStorage

  private let bytes: Data
  private let loadStorage: Loader
  private var position = 0
  private var stack: [PickleObject] = []
  private var memory: [Int: PickleObject] = [:]

  private init(_ bytes: Data, _ loadStorage: @escaping Loader) {
    self.bytes = bytes
    self.loadStorage = loadStorage
  }

  /// Runs a pickle to its end.
  static func run(_ pickle: Data, storage: @escaping Loader) throws(PickleFault) -> PickleObject {
    var machine = PickleMachine(
      pickle.startIndex == 0 ? pickle : Data(pickle), storage)
    while true {
      let code = try machine.byte()
      if code == UInt8(ascii: ".") { return try machine.pop() }
      try machine.execute(code)
    }
  }

  private mutating func execute(_ code: UInt8) throws(PickleFault) {
    switch code {
    case 0x80:
      let version = try byte()
      guard version <= 2 else { throw .unsupported("pickle protocol \(version)") }
    case UInt8(ascii: "c"): stack.append(.global("\(try line()) \(try line())"))
    case UInt8(ascii: "("): stack.append(.mark)
    case UInt8(ascii: "N"): stack.append(.none)
    case 0x88: stack.append(.bool(true))
    case 0x89: stack.append(.bool(false))
    case UInt8(ascii: "J"): stack.append(.int(Int(Int32(truncatingIfNeeded: try number(4)))))
    case UInt8(ascii: "K"): stack.append(.int(Int(try number(1))))
    case UInt8(ascii: "M"): stack.append(.int(Int(try number(2))))
    case 0x8a: stack.append(.int(try long()))
    case UInt8(ascii: "G"):
      stack.append(.double(Double(bitPattern: UInt64(try number(8)).byteSwapped)))
    case UInt8(ascii: "X"): stack.append(.string(try text(Int(try number(4)))))
    case UInt8(ascii: "U"): stack.append(.string(try text(Int(try number(1)))))
    case UInt8(ascii: ")"): stack.append(.tuple([]))
    case UInt8(ascii: "]"), 0x8f: stack.append(.list(PickleList()))
    case UInt8(ascii: "}"): stack.append(.dictionary(PickleDictionary()))
    case UInt8(ascii: "t"): stack.append(.tuple(try popToMark()))
    case 0x85, 0x86, 0x87:
      let count = Int(code) - 0x84
      guard stack.count >= count else { throw .damaged("a tuple lacks its elements") }
      let elements = Array(stack.suffix(count))
      stack.removeLast(count)
      stack.append(.tuple(elements))
    case UInt8(ascii: "a"):
      let element = try pop()
      try append([element])
    case UInt8(ascii: "e"), 0x90:
      let elements = try popToMark()
      try append(elements)
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try setItems([key, value])
    case UInt8(ascii: "u"):
      let items = try popToMark()
      try setItems(items)
    case UInt8(ascii: "q"): memory[Int(try number(1))] = try top()
    case UInt8(ascii: "r"): memory[Int(try number(4))] = try top()
    case UInt8(ascii: "h"): stack.append(try recalled(Int(try number(1))))
    case UInt8(ascii: "j"): stack.append(try recalled(Int(try number(4))))
    case UInt8(ascii: "Q"): stack.append(try persistent(try pop()))
    case UInt8(ascii: "R"), 0x81:
      let arguments = try pop()
      stack.append(try call(try pop(), arguments))
    case UInt8(ascii: "b"):
      // The state of an OrderedDict: its _metadata, which nobody here reads.
      _ = try pop()
      guard case .dictionary = try top() else {
        throw .unsupported("\(try top().kind) with a state of its own")
      }
    default: throw .unsupported("pickle operation 0x\(String(code, radix: 16))")
    }
  }

  // MARK: - Reading

  private mutating func byte() throws(PickleFault) -> UInt8 {
    guard position < bytes.count else {
      throw PickleFault(problem: .truncated, message: "the pickle ends without a stop")
    }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func number(_ size: Int) throws(PickleFault) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(try byte()) << (8 * UInt64(index)) }
    return value
  }

  /// A number of up to 8 bytes in two's complement.
  private mutating func long() throws(PickleFault) -> Int {
    let size = Int(try byte())
    guard size <= 8 else { throw .unsupported("a whole number of \(size) bytes") }
    if size == 0 { return 0 }
    let shift = UInt64(64 - 8 * size)
    return Int(Int64(bitPattern: try number(size) << shift) >> Int64(shift))
  }

  private mutating func text(_ count: Int) throws(PickleFault) -> String {
    guard count <= bytes.count - position else {
      throw PickleFault(problem: .truncated, message: "a string ends after the pickle")
    }
    let slice = bytes[position..<position + count]
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw .damaged("a string is not valid UTF-8")
    }
    position += count
    return text
  }

  private mutating func line() throws(PickleFault) -> String {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
      throw PickleFault(problem: .truncated, message: "a name ends after the pickle")
    }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  // MARK: - The stack

  private mutating func pop() throws(PickleFault) -> PickleObject {
    guard let object = stack.popLast() else { throw .damaged("the stack is empty") }
    return object
  }

  private func top() throws(PickleFault) -> PickleObject {
    guard let object = stack.last else { throw .damaged("the stack is empty") }
    return object
  }

  private mutating func popToMark() throws(PickleFault) -> [PickleObject] {
    let mark = stack.lastIndex { if case .mark = $0 { true } else { false } }
    guard let mark else { throw .damaged("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[(mark + 1)...])
  }

  private func recalled(_ index: Int) throws(PickleFault) -> PickleObject {
    guard let object = memory[index] else { throw .damaged("nothing was remembered as \(index)") }
    return object
  }

  private func append(_ elements: [PickleObject]) throws(PickleFault) {
    guard case .list(let list) = try top() else {
      throw .damaged("\(try top().kind) cannot be appended to")
    }
    list.elements += elements
  }

  private func setItems(_ items: [PickleObject]) throws(PickleFault) {
    guard case .dictionary(let dictionary) = try top(), items.count % 2 == 0 else {
      throw .damaged("\(try top().kind) takes no items")
    }
    for index in stride(from: 0, to: items.count, by: 2) {
      dictionary.members.append((items[index], items[index + 1]))
    }
  }

  // MARK: - PyTorch's objects

  /// `('storage', torch FloatStorage, key, location, count)`.
  private func persistent(_ id: PickleObject) throws(PickleFault) -> PickleObject {
    guard case .tuple(let parts) = id, parts.count == 5, case .string("storage") = parts[0],
      case .global(let type) = parts[1], case .string(let key) = parts[2],
      case .int(let count) = parts[4], count >= 0
    else { throw .damaged("a persistent id is not a storage") }
    let dtype = try TorchNames.storageType(type)
    return .storage(try loadStorage(key, dtype, count))
  }

  private func call(
    _ function: PickleObject, _ arguments: PickleObject
  ) throws(PickleFault) -> PickleObject {
    guard case .global(let name) = function, case .tuple(let arguments) = arguments else {
      throw .damaged("\(function.kind) is called with \(arguments.kind)")
    }
    switch name {
    case "collections OrderedDict":
      let dictionary = PickleDictionary()
      if case .list(let pairs)? = arguments.first {
        for pair in pairs.elements {
          guard case .tuple(let items) = pair, items.count == 2 else {
            throw .damaged("an OrderedDict is made of something other than pairs")
          }
          dictionary.members.append((items[0], items[1]))
        }
      }
      return .dictionary(dictionary)
    case "torch Size":
      guard case .tuple? = arguments.first else { throw .damaged("a torch.Size without sizes") }
      return arguments[0]
    case "torch device":
      guard case .string? = arguments.first else { throw .damaged("a torch.device without a name") }
      return arguments[0]
    case "torch._utils _rebuild_parameter":
      guard case .tensor? = arguments.first else { throw .damaged("a parameter without a tensor") }
      return arguments[0]
    case "torch._utils _rebuild_tensor_v2": return try TorchNames.tensor(arguments, dtype: nil)
    case "torch._utils _rebuild_tensor_v3":
      guard arguments.count >= 7, case .global(let dtype) = arguments[6] else {
        throw .damaged("a tensor without a dtype")
      }
      return try TorchNames.tensor(arguments, dtype: TorchNames.dtype(dtype))
    default: throw .unsupported("the file calls \(name.replacingOccurrences(of: " ", with: "."))")
    }
  }
}
