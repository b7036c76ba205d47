import Foundation

/// Reads the pickles that PyTorch writes (protocol 2; what protocol 5 and below add to values is read
/// too). It builds values and executes nothing: what is not one of PyTorch's rebuilding functions
/// becomes a value that nobody understands.
struct PickleMachine {
  var heap: PickleHeap
  private let bytes: [UInt8]
  private var position = 0
  private var stack: [PickleObject] = []
  /// Where on the stack the open marks are.
  private var marks: [Int] = []
  private var memory: [Int: PickleObject] = [:]

  private init(_ bytes: [UInt8], readsNumpy: Bool) {
    self.bytes = bytes
    heap = PickleHeap(readsNumpy: readsNumpy)
  }

  /// Runs a pickle to its end.
  /// - Complexity: Time and memory are linear in the pickle's length.
  static func run(
    _ pickle: Data, readsNumpy: Bool = false
  ) throws(PickleFault) -> (root: PickleObject, heap: PickleHeap) {
    var machine = PickleMachine([UInt8](pickle), readsNumpy: readsNumpy)
    while true {
      let code = try machine.byte()
      if code == UInt8(ascii: ".") { return (try machine.pop(), machine.heap) }
      try machine.execute(code)
    }
  }

  private mutating func execute(_ code: UInt8) throws(PickleFault) {
    switch code {
    case 0x80:
      let version = try byte()
      guard version <= 5 else { throw .unsupported("pickle protocol \(version)") }
    case 0x95: _ = try number(8)
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "t"):
      let elements = try popToMark()
      stack.append(.tuple(heap.node(elements)))
    case 0x85, 0x86, 0x87:
      let count = Int(code) - 0x84
      guard stack.count - (marks.last ?? 0) >= count else {
        throw .damaged("a tuple lacks its elements")
      }
      let elements = Array(stack.suffix(count))
      stack.removeLast(count)
      stack.append(.tuple(heap.node(elements)))
    case UInt8(ascii: "a"):
      let element = try pop()
      try append([element])
    case UInt8(ascii: "e"), 0x90: try append(try popToMark())
    case 0x91:
      let elements = try popToMark()
      stack.append(.list(heap.node(elements)))
    case UInt8(ascii: "s"):
      let value = try pop()
      let key = try pop()
      try setItems([key, value])
    case UInt8(ascii: "u"): try setItems(try popToMark())
    case UInt8(ascii: "q"): memory[Int(try number(1))] = try top()
    case UInt8(ascii: "r"): memory[Int(try number(4))] = try top()
    case 0x94: memory[memory.count] = try top()
    case UInt8(ascii: "h"): stack.append(try recalled(Int(try number(1))))
    case UInt8(ascii: "j"): stack.append(try recalled(Int(try number(4))))
    case UInt8(ascii: "Q"):
      let id = try pop()
      stack.append(heap.persistent(id))
    case UInt8(ascii: "R"), 0x81:
      let arguments = try pop()
      let function = try pop()
      stack.append(heap.call(function, arguments))
    case 0x92:
      _ = try pop()
      let arguments = try pop()
      let function = try pop()
      stack.append(heap.call(function, arguments))
    case UInt8(ascii: "b"):
      // The state of an OrderedDict is its _metadata, that of a parameter its attributes: nobody
      // here reads them.
      let state = try pop()
      switch try top() {
      case .numpyType, .numpyArray:
        let object = try pop()
        stack.append(heap.built(object, state))
      case .dictionary, .tensor, .foreign: break
      case let object:
        _ = try pop()
        stack.append(heap.foreign(.unsupported("\(heap.kind(object)) has a state of its own")))
      }
    default: stack.append(try constant(code))
    }
  }

  /// The operations that put a value on the stack and read nothing from it, but for names.
  private mutating func constant(_ code: UInt8) throws(PickleFault) -> PickleObject {
    switch code {
    case UInt8(ascii: "c"): return .global(TorchNames.current("\(try line()).\(try line())"))
    case 0x93:
      let name = try pop()
      guard case .string(let module) = try pop(), case .string(let name) = name else {
        throw .damaged("a name is not made of strings")
      }
      return .global(TorchNames.current("\(module).\(name)"))
    case UInt8(ascii: "N"): return .none
    case 0x88: return .bool(true)
    case 0x89: return .bool(false)
    case UInt8(ascii: "J"): return .int(Int(Int32(truncatingIfNeeded: try number(4))))
    case UInt8(ascii: "K"): return .int(Int(try number(1)))
    case UInt8(ascii: "M"): return .int(Int(try number(2)))
    case 0x8a: return try long(Int(try number(1)))
    case 0x8b: return try long(Int(Int32(truncatingIfNeeded: try number(4))))
    case UInt8(ascii: "G"): return .double(Double(bitPattern: try number(8).byteSwapped))
    case UInt8(ascii: "X"): return try text(try number(4))
    case UInt8(ascii: "U") where heap.readsNumpy: return try shortText(try number(1))
    case UInt8(ascii: "T") where heap.readsNumpy: return try shortText(try number(4))
    case UInt8(ascii: "U"), 0x8c: return try text(try number(1))
    case 0x8d: return try text(try number(8))
    case UInt8(ascii: "C"): return .bytes(Data(try take(try number(1), "bytes")))
    case UInt8(ascii: "B"): return .bytes(Data(try take(try number(4), "bytes")))
    case 0x8e, 0x96: return .bytes(Data(try take(try number(8), "bytes")))
    case UInt8(ascii: ")"): return .tuple(heap.node([]))
    case UInt8(ascii: "]"), 0x8f: return .list(heap.node([]))
    case UInt8(ascii: "}"): return .dictionary(heap.node([]))
    default: throw .unsupported("pickle operation 0x\(String(code, radix: 16))")
    }
  }

  // MARK: - Reading

  private mutating func byte() throws(PickleFault) -> UInt8 {
    guard position < bytes.count else { throw .truncated("the pickle ends without a stop") }
    defer { position += 1 }
    return bytes[position]
  }

  private mutating func number(_ size: Int) throws(PickleFault) -> UInt64 {
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(try byte()) << (8 * UInt64(index)) }
    return value
  }

  private mutating func take(
    _ count: UInt64, _ what: String
  ) throws(PickleFault) -> ArraySlice<UInt8> {
    guard count <= UInt64(bytes.count - position) else {
      throw .truncated("\(what) end after the pickle")
    }
    defer { position += Int(count) }
    return bytes[position..<position + Int(count)]
  }

  /// A whole number of `size` bytes in two's complement.
  private mutating func long(_ size: Int) throws(PickleFault) -> PickleObject {
    guard size >= 0 else { throw .damaged("a whole number of \(size) bytes") }
    let digits = try take(UInt64(size), "the bytes of a whole number")
    guard let last = digits.last else { return .int(0) }
    let sign: UInt64 = last >= 0x80 ? .max : 0
    if size <= 8 {
      return .int(Int(truncatingIfNeeded: digits.reversed().reduce(sign) { $0 << 8 | UInt64($1) }))
    }
    guard size <= DecimalText.maximumBytes else {
      return heap.foreign(.unsupported("it is a whole number of \(size) bytes"))
    }
    return .largeInt(DecimalText.of(twosComplement: Array(digits)))
  }

  private mutating func text(_ count: UInt64) throws(PickleFault) -> PickleObject {
    let slice = try take(count, "the letters of a string")
    guard let text = String(validating: slice, as: UTF8.self) else {
      return heap.foreign(.damaged("it is a string that is not valid UTF-8"))
    }
    return .string(text)
  }

  /// A string of Python 2, which is text or bytes.
  private mutating func shortText(_ count: UInt64) throws(PickleFault) -> PickleObject {
    let slice = try take(count, "the letters of a string")
    return String(validating: slice, as: UTF8.self).map(PickleObject.string) ?? .bytes(Data(slice))
  }

  private mutating func line() throws(PickleFault) -> String {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
      throw .truncated("a name ends after the pickle")
    }
    defer { position = end + 1 }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  // MARK: - The stack

  private mutating func pop() throws(PickleFault) -> PickleObject {
    guard stack.count > marks.last ?? 0, let object = stack.popLast() else {
      throw .damaged("the stack is empty")
    }
    return object
  }

  private func top() throws(PickleFault) -> PickleObject {
    guard stack.count > marks.last ?? 0, let object = stack.last else {
      throw .damaged("the stack is empty")
    }
    return object
  }

  private mutating func popToMark() throws(PickleFault) -> [PickleObject] {
    guard let mark = marks.popLast() else { throw .damaged("a mark is missing") }
    defer { stack.removeSubrange(mark...) }
    return Array(stack[mark...])
  }

  private func recalled(_ index: Int) throws(PickleFault) -> PickleObject {
    guard let object = memory[index] else { throw .damaged("nothing was remembered as \(index)") }
    return object
  }

  private mutating func append(_ elements: [PickleObject]) throws(PickleFault) {
    switch try top() {
    case .list(let node): heap.nodes[node] += elements
    case .foreign: break
    case let object: throw .damaged("\(heap.kind(object)) cannot be appended to")
    }
  }

  private mutating func setItems(_ items: [PickleObject]) throws(PickleFault) {
    guard items.count % 2 == 0 else { throw .damaged("a key has no value") }
    switch try top() {
    case .dictionary(let node): heap.nodes[node] += items
    case .foreign: break
    case let object: throw .damaged("\(heap.kind(object)) takes no items")
    }
  }
}
