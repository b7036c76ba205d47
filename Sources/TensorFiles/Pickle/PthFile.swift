import Archives
import Foundation
import Tensors

/// PyTorch's `.pth` files: a zip archive with a pickle and one record for each storage.
///
/// Read are the values that PyTorch itself reads with `weights_only=True`, and no code is executed.
/// Written files load there with `weights_only=True`, unless they hold whole numbers of more than 613
/// digits: PyTorch writes the longest with the opcode LONG4, too, which its safe loader refuses.
public enum PthFile {
  /// Reads a file that `torch.save` wrote.
  /// - Parameters:
  ///   - path: The file.
  ///   - key: What of it, if it holds a dict: `model`. Nothing else must be understood then.
  /// - Throws: ``CheckpointError`` where it is damaged, holds no such key, or holds there objects of
  ///   other kinds, by name and place.
  public static func read(path: String, key: String? = nil) throws(CheckpointError) -> PthValue {
    let reader = try reader(path)
    guard let value = try wanted(path, { () throws(PickleFault) in try reader.value(key: key) })
    else { throw mismatch(path, "there is no key “\(key ?? "")”", keys: reader.outline.keys) }
    return value
  }

  package static func mismatch(
    _ path: String, _ message: String, keys: [String]
  ) -> CheckpointError {
    let more = keys.count > 20 ? " and \(keys.count - 20) more" : ""
    return CheckpointError(
      .mismatch, path: path, message,
      remedy: keys.isEmpty
        ? "Save model.state_dict()"
        : "Name one of its keys: \(keys.prefix(20).joined(separator: ", "))\(more)")
  }

  /// Adds the file to what is wrong with its pickle.
  private static func wanted<Result>(
    _ path: String, _ body: () throws(PickleFault) -> Result
  ) throws(CheckpointError) -> Result {
    do throws(PickleFault) {
      return try body()
    } catch { throw described(error, path) }
  }

  private static func described(_ fault: PickleFault, _ path: String) -> CheckpointError {
    let place = fault.place.isEmpty ? "" : "at \(fault.place): "
    return CheckpointError(
      fault.problem, path: path, place + fault.message,
      remedy: fault.problem == .unsupported
        ? "Save only tensors, numbers, strings, lists and dicts, or name the key that is wanted"
        : CheckpointError.copyAgain)
  }

  /// The members of the dict under a key, without those that are not understood; what stands there, or
  /// nil where there is no such key, is told where it is no dict.
  package static func members(
    path: String, key: String?, leftOut: (CheckpointError) -> Void
  ) throws(CheckpointError) -> [PthValue.Member] {
    let reader = try reader(path)
    var first: PickleFault?
    let found = try wanted(path) { () throws(PickleFault) in
      try reader.members(key: key) { fault in
        first = first ?? fault
        leftOut(described(fault, path))
      }
    }
    guard let found else {
      guard
        let value = try wanted(path, { () throws(PickleFault) in try reader.value(key: key) })
      else { throw mismatch(path, "there is no key “\(key ?? "")”", keys: reader.outline.keys) }
      throw mismatch(
        path, "\(key.map { "“\($0)”" } ?? "the file") holds \(value.kind) instead of a state dict",
        keys: key == nil ? [] : reader.outline.keys)
    }
    if found.isEmpty, let first { throw described(first, path) }
    return found
  }

  private static func reader(_ path: String) throws(CheckpointError) -> PthReader {
    let contents = try mappedContents(of: path)
    guard contents.starts(with: [0x50, 0x4b]) else {
      throw CheckpointError(
        .unsupported, path: path, "this is no zip archive, as torch.save writes since version 1.6",
        remedy: "Load it in PyTorch and save it again")
    }
    let zip = try archived(path) { () throws(ArchiveError) in try ZipReader(contents) }
    guard let pickle = zip.entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else {
      throw CheckpointError(
        .damaged, path: path, "the archive has no data.pkl", remedy: CheckpointError.copyAgain)
    }
    let folder = String(pickle.name.dropLast("data.pkl".count))
    if let entry = zip.entry(folder + "byteorder") {
      let order = try archived(path) { () throws(ArchiveError) in try zip.contents(of: entry) }
      if order == Data("big".utf8) {
        throw CheckpointError(
          .unsupported, path: path, "its numbers are big-endian",
          remedy: "Save it again on a little-endian machine")
      }
    }
    return try wanted(path) { () throws(PickleFault) in
      let program: Data
      do throws(ArchiveError) {
        program = try zip.contents(of: pickle, limit: maximumPickle(contents.count))
      } catch { throw .damaged("data.pkl is \(error)") }
      return try PthReader(program, in: zip, folder: folder, size: contents.count)
    }
  }

  /// The longest pickle that is read where it is compressed: values take many times its size.
  private static func maximumPickle(_ size: Int) -> Int {
    (4 << 20) + 8 * min(size, .max / 16)
  }

  /// Writes a file that `torch.load` reads; it appears complete or not at all.
  /// - Throws: ``CheckpointError`` where it cannot be written, or PyTorch has no such element type.
  public static func write(_ value: PthValue, to path: String) throws(CheckpointError) {
    var writer = PickleWriter(path: path)
    try writer.write(value)
    let name = (path as NSString).lastPathComponent as NSString
    let folder = name.deletingPathExtension.isEmpty ? "archive" : name.deletingPathExtension
    var entries = [
      ZipWriter.Entry(name: "\(folder)/data.pkl", contents: writer.finish()),
      ZipWriter.Entry(name: "\(folder)/byteorder", contents: Data("little".utf8)),
    ]
    for (key, bytes) in writer.storages.enumerated() {
      entries.append(ZipWriter.Entry(name: "\(folder)/data/\(key)", contents: bytes))
    }
    entries.append(ZipWriter.Entry(name: "\(folder)/version", contents: Data("3\n".utf8)))
    let pieces = ZipWriter.pieces(of: entries, alignment: 64)
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      for piece in pieces { try sink.write(piece) }
    }
  }
}
