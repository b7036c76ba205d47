import Foundation

/// Pickles of Python's values and NumPy's arrays, as data sets are distributed in. No code is
/// executed.
package enum PickleFile {
  /// Whether data begins as a pickle of protocol 2 or later does.
  package static func isPickle(_ data: Data) -> Bool {
    data.count > 1 && data[data.startIndex] == 0x80 && (2...5).contains(data[data.startIndex + 1])
  }

  /// The value that a pickle holds; arrays are tensors, and strings of Python 2 that are no text are
  /// bytes.
  /// - Parameters:
  ///   - data: The pickle.
  ///   - path: What errors call the file.
  package static func value(of data: Data, path: String) throws(CheckpointError) -> PthValue {
    do throws(PickleFault) {
      return try PthReader(numpy: data).value(key: nil) ?? .none
    } catch {
      let place = error.place.isEmpty ? "" : "at \(error.place): "
      throw CheckpointError(
        error.problem, path: path, place + error.message, remedy: CheckpointError.copyAgain)
    }
  }
}

extension PthValue {
  /// The value under a name in a dictionary, whose keys are text or, in files of Python 2, bytes.
  package func member(_ name: String) -> PthValue? {
    guard case .dictionary(let members) = self else { return nil }
    return members.last {
      switch $0.key {
      case .string(let key): key.utf8.elementsEqual(name.utf8)
      case .bytes(let key): key.elementsEqual(name.utf8)
      default: false
      }
    }?.value
  }

  /// Text, or bytes that are text.
  package var text: String? {
    switch self {
    case .string(let text): text
    case .bytes(let data): String(validating: data, as: UTF8.self)
    default: nil
    }
  }
}
