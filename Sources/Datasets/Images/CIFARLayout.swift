import Foundation
import TensorFiles

/// Under which names CIFAR's files are distributed.
struct CIFARLayout {
  private let kind: CIFAR.Kind
  /// The images' files of the binary and of the Python version.
  private let binary, python: [String]

  init(_ kind: CIFAR.Kind, _ split: CIFAR.Split) {
    self.kind = kind
    python =
      switch (kind, split) {
      case (.cifar10, .train): (1...5).map { "data_batch_\($0)" }
      case (.cifar10, .test): ["test_batch"]
      case (_, .train): ["train"]
      case (_, .test): ["test"]
      }
    binary = python.map { $0 + ".bin" }
  }

  /// Where the images' files are, with the folder that they are in: the given one, or the
  /// distribution's in it; nil where some are missing in each.
  func files(in folder: String) -> (folder: String, paths: [String])? {
    let inner =
      kind.classCount == 10
      ? ["cifar-10-batches-bin", "cifar-10-batches-py"]
      : ["cifar-100-binary", "cifar-100-python"]
    for place in [folder] + inner.map({ "\(folder)/\($0)" }) {
      for names in [binary, python] {
        let paths = names.compactMap { Self.path(of: $0, in: place) }
        if paths.count == names.count { return (place, paths) }
      }
    }
    return nil
  }

  /// What a folder lacks, in words: the files of the version of which some are there.
  func missing(in folder: String) -> String {
    func lacking(_ names: [String]) -> [String] {
      names.filter { Self.path(of: $0, in: folder) == nil }
    }
    let (binary, python) = (lacking(self.binary), lacking(self.python))
    return python.count < binary.count
      ? "there is no \(python[0])" : "there is no \(binary[0]), and no \(python[0])"
  }

  /// The classes' names by the file beside the images that lists them; empty where there is none, or
  /// it lists another number of names.
  func classNames(in folder: String) throws(DataError) -> [String] {
    let (text, pickle, key) =
      switch kind {
      case .cifar10: ("batches.meta.txt", "batches.meta", "label_names")
      case .cifar100: ("fine_label_names.txt", "meta", "fine_label_names")
      case .cifar100Coarse: ("coarse_label_names.txt", "meta", "coarse_label_names")
      }
    var names: [String] = []
    if let path = Self.path(of: text, in: folder) {
      names = String(decoding: try SourceFile.contents(of: path), as: UTF8.self)
        .split(whereSeparator: \.isNewline).map(String.init)
    } else if let path = Self.path(of: pickle, in: folder) {
      let meta = try Self.unpickled(try SourceFile.contents(of: path), path: path)
      if case .list(let list)? = meta.member(key) { names = list.compactMap(\.text) }
    }
    return names.count == kind.classCount ? names : []
  }

  /// A file of the Python version.
  static func unpickled(_ data: Data, path: String) throws(DataError) -> PthValue {
    do throws(CheckpointError) {
      return try PickleFile.value(of: data, path: path)
    } catch {
      throw DataError(
        error.problem == .truncated ? .truncated : .malformed, path: path,
        "the pickle cannot be read: \(error.message)",
        remedy: "Check which file this is, and copy it again")
    }
  }

  /// A file under its name or as a gzip file, where there is one.
  private static func path(of name: String, in folder: String) -> String? {
    ["", ".gz"].map { "\(folder)/\(name)\($0)" }.first {
      FileManager.default.fileExists(atPath: $0) && !SourceFile.isFolder($0)
    }
  }
}
