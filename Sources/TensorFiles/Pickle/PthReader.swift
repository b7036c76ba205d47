import Archives
import Foundation

/// Makes values of what a pickle has built, and reads the storages that they need from the archive.
///
/// Only what is asked for is made: a tensor that nobody wants is not read, and what is not understood
/// does not matter there.
final class PthReader {
  /// How deep values may be nested.
  static let maximumDepth = 200

  private let archive: ZipReader?
  private let folder: String
  private let heap: PickleHeap
  private let root: PickleObject
  private var records: [String: Result<Data, PickleFault>] = [:]
  /// How many values may still be made: shared lists are copied, so that a small pickle could ask
  /// for very many.
  private var valuesLeft: Int
  /// How many bytes of tensors may still be laid out anew, where a few numbers are repeated by
  /// strides of 0.
  private var bytesLeft: Int

  /// - Parameters:
  ///   - folder: Where the archive's records are: `archive/`.
  ///   - size: The archive's size, of which limits are small multiples.
  init(_ pickle: Data, in zip: ZipReader, folder: String, size: Int) throws(PickleFault) {
    archive = zip
    self.folder = folder
    (root, heap) = try PickleMachine.run(pickle)
    valuesLeft = 1_000_000 + 4 * pickle.count
    bytesLeft = (256 << 20) + 4 * min(size, .max / 8)
  }

  /// Reads a pickle without an archive, and NumPy's arrays in it.
  init(numpy pickle: Data) throws(PickleFault) {
    (archive, folder) = (nil, "")
    (root, heap) = try PickleMachine.run(pickle, readsNumpy: true)
    valuesLeft = 1_000_000 + 4 * pickle.count
    bytesLeft = 0
  }

  /// The value under a key of the outermost dict, or the whole where nil.
  func value(key: String?) throws(PickleFault) -> PthValue? {
    guard let key else { return try value(root, depth: 0) }
    do throws(PickleFault) {
      return try object(key).map { object throws(PickleFault) in try value(object, depth: 1) }
    } catch { throw error.inside(key) }
  }

  /// The members of a dict, as ``value(key:)`` finds it; nil where something else stands there.
  ///
  /// - Parameter unread: Is told of every value that is not understood, by its place.
  func members(
    key: String?, unread: (PickleFault) -> Void
  ) throws(PickleFault) -> [PthValue.Member]? {
    let found = key == nil ? root : object(key ?? "")
    guard case .dictionary(let node)? = found else { return nil }
    var result: [PthValue.Member] = []
    for place in stride(from: 0, to: heap.nodes[node].count, by: 2) {
      let name = try value(heap.nodes[node][place], depth: 1)
      do throws(PickleFault) {
        result.append(.init(name, try value(heap.nodes[node][place + 1], depth: 1)))
      } catch {
        let fault = error.inside(Self.step(name))
        guard error.problem == .unsupported, valuesLeft >= 0 else {
          throw key.map(fault.inside) ?? fault
        }
        unread(key.map(fault.inside) ?? fault)
      }
    }
    return result
  }

  /// What stands under a key of the outermost dict.
  private func object(_ key: String) -> PickleObject? {
    guard case .dictionary(let node) = root else { return nil }
    var found: PickleObject?
    for place in stride(from: 0, to: heap.nodes[node].count, by: 2) {
      if case .string(let name) = heap.nodes[node][place], name.utf8.elementsEqual(key.utf8) {
        found = heap.nodes[node][place + 1]
      }
    }
    return found
  }

  /// The kind of the outermost value, and the names in it where it is a dict.
  var outline: (kind: String, keys: [String]) {
    guard case .dictionary(let node) = root else { return (heap.kind(root), []) }
    let keys = stride(from: 0, to: heap.nodes[node].count, by: 2).compactMap { place in
      if case .string(let name) = heap.nodes[node][place] { name } else { nil }
    }
    return ("a dict", keys)
  }

  private func value(_ object: PickleObject, depth: Int) throws(PickleFault) -> PthValue {
    valuesLeft -= 1
    if depth > Self.maximumDepth {
      throw .unsupported("values are nested more than \(Self.maximumDepth) deep or in a circle")
    }
    if valuesLeft < 0 { throw .unsupported("shared values become too many when they are copied") }
    switch object {
    case .none: return .none
    case .bool(let value): return .bool(value)
    case .int(let value): return .int(value)
    case .largeInt(let digits): return .largeInt(digits)
    case .double(let value): return .double(value)
    case .complex(let real, let imaginary): return .complex(real: real, imaginary: imaginary)
    case .string(let value): return .string(value)
    case .bytes(let value): return .bytes(value)
    case .tuple(let node): return .tuple(try elements(of: node, depth: depth))
    case .list(let node): return .list(try elements(of: node, depth: depth))
    case .dictionary(let node): return .dictionary(try members(of: node, depth: depth))
    case .tensor(let number): return .tensor(try tensor(heap.tensors[number]))
    case .numpyArray(let number): return .tensor(heap.numpyArrays[number])
    case .numpyType(let number): return .string(heap.numpyTypes[number])
    case .global(let name) where TorchNames.isValue(name): return .string(name)
    case .global(let name): throw .unsupported("the file names \(name)")
    case .storage: throw .unsupported("a storage stands outside a tensor")
    case .foreign(let number): throw heap.faults[number]
    }
  }

  private func elements(of node: Int, depth: Int) throws(PickleFault) -> [PthValue] {
    var result: [PthValue] = []
    for (index, object) in heap.nodes[node].enumerated() {
      do throws(PickleFault) {
        result.append(try value(object, depth: depth + 1))
      } catch { throw error.inside("[\(index)]") }
    }
    return result
  }

  private func members(of node: Int, depth: Int) throws(PickleFault) -> [PthValue.Member] {
    var result: [PthValue.Member] = []
    for place in stride(from: 0, to: heap.nodes[node].count, by: 2) {
      let key = try value(heap.nodes[node][place], depth: depth + 1)
      do throws(PickleFault) {
        result.append(.init(key, try value(heap.nodes[node][place + 1], depth: depth + 1)))
      } catch { throw error.inside(Self.step(key)) }
    }
    return result
  }

  private static func step(_ key: PthValue) -> String {
    switch key {
    case .string(let name): name
    case .bytes(let name) where name.count <= 80 && key.text != nil: key.text ?? ""
    case .int(let number): "[\(number)]"
    default: "[\(key.kind)]"
    }
  }

  // MARK: - Tensors

  /// The elements of a storage, whose record is read once.
  private func record(_ storage: PickleStorage) throws(PickleFault) -> Data {
    let data: Data
    if let known = records[storage.key] {
      data = try known.get()
    } else {
      do throws(PickleFault) {
        data = try read(storage.key)
        records[storage.key] = .success(data)
      } catch {
        records[storage.key] = .failure(error)
        throw error
      }
    }
    let (size, overflow) = storage.count.multipliedReportingOverflow(
      by: (storage.dtype?.bits ?? 8) / 8)
    guard !overflow, data.count == size else {
      throw .damaged(
        "the record data/\(storage.key) has \(data.count) bytes instead of "
          + (overflow ? "\(storage.count) elements" : "\(size)"))
    }
    return data
  }

  private func read(_ key: String) throws(PickleFault) -> Data {
    guard let archive, let entry = archive.entry("\(folder)data/\(key)") else {
      throw .damaged("the record data/\(key) is missing")
    }
    guard entry.isStored else { throw .unsupported("the record data/\(key) is compressed") }
    do throws(ArchiveError) {
      return try archive.contents(of: entry)
    } catch { throw .damaged("the record data/\(key) is \(error)") }
  }

  /// A view of a storage, laid out in row-major order.
  private func tensor(_ view: PickleTensor) throws(PickleFault) -> StoredTensor {
    let storage = heap.storages[view.storage]
    let record = try record(storage)
    let size = view.dtype.bits / 8
    guard let byteCount = view.dtype.byteCount(of: view.shape) else {
      throw .damaged("the size \(view.shape) is impossible")
    }
    guard byteCount > 0 else {
      return StoredTensor(name: "", dtype: view.dtype, shape: view.shape, bytes: Data())
    }
    var last = view.offset
    for (size, stride) in zip(view.shape, view.strides) {
      let (reach, overflow) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, sumOverflow) = last.addingReportingOverflow(reach)
      last = overflow || sumOverflow ? .max : sum
    }
    guard last < record.count / size else {
      throw .damaged("a tensor reaches beyond its storage \(storage.key)")
    }
    var expected = 1
    var isContiguous = true
    for (size, stride) in zip(view.shape, view.strides).reversed() {
      if size != 1, stride != expected { isContiguous = false }
      expected *= size
    }
    let bytes: Data
    if isContiguous {
      let start = record.startIndex + view.offset * size
      bytes = record[start..<start + byteCount]
    } else {
      guard byteCount <= bytesLeft else {
        throw .unsupported(
          "the tensor's strides \(view.strides) repeat its numbers to \(byteCount) bytes, more than "
            + "is read")
      }
      bytesLeft -= byteCount
      bytes = gathered(
        record, shape: view.shape, strides: view.strides, offset: view.offset, size: size)
    }
    return StoredTensor(name: "", dtype: view.dtype, shape: view.shape, bytes: bytes)
  }
}
