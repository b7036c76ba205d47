import Archives
import Base
import Checkpoints
import Collectives
import DataParallel
import Foundation
import NN
import TensorFiles
import Tensors

/// Safetensors files that all ranks write together, each the parts that it has: no rank needs memory for a whole
/// tensor of them. The bytes are those of a file that one rank wrote of the whole.
package struct SpreadFiles {
  /// The tensors of each file.
  let files: [[SpreadTensor]]
  let group: ProcessGroup

  package init(files: [[SpreadTensor]], group: ProcessGroup) {
    (self.files, self.group) = (files, group)
  }

  /// What one rank has written.
  private struct Part: Codable {
    let file: Int
    let place: Int
    let count: Int
    let checksum: UInt32
  }

  /// How one rank has fared, or all have.
  private struct Report: Codable {
    var parts: [Part] = []
    var problem: String?
    /// Whether the folder is not one of this rank's file system.
    var isElsewhere = false
  }

  /// Where rank 0 has all write, or why it cannot. No file of these names was there before, on any host.
  private struct Places: Codable {
    var paths: [String] = []
    var problem: String?
  }

  /// Writes the files beside their places, and moves them there. Blocks until all ranks have called it.
  /// - Parameters:
  ///   - begin: Gives the files' paths, on rank 0.
  ///   - end: Is told of the files when they are whole and on disk, on rank 0.
  ///   - abandon: Is called on rank 0 where they are not.
  /// - Returns: False where the files of rank 0 are not there on every rank.
  /// - Throws: The same on all ranks, with path and reason: ``UnwrittenCheckpoint``.
  package func write(
    begin: () throws(CheckpointError) -> [String],
    end: ([CheckpointFile]) throws(CheckpointError) -> Void, abandon: () -> Void
  ) throws -> Bool {
    let layouts = files.map(Layout.init)
    var finals: [String] = []
    var places = Places()
    func leave() {
      for path in places.paths { unlink(path) }
      abandon()
    }
    if group.rank == 0 {
      do throws(CheckpointError) {
        finals = try begin()
        places.paths = finals.map(AtomicFile.partial)
        for (path, layout) in zip(places.paths, layouts) {
          try SharedFile.create(path, bytes: layout.byteCount)
        }
      } catch {
        leave()
        places.problem = "\(error)"
      }
    }
    places = try group.broadcast(object: group.rank == 0 ? places : nil, label: "checkpoint")
    if let problem = places.problem { throw UnwrittenCheckpoint(description: problem) }

    var report = Report()
    do throws(CheckpointError) {
      for (index, path) in places.paths.enumerated() {
        guard let parts = try write(layouts[index], index, to: path) else {
          report.isElsewhere = true
          break
        }
        report.parts += parts
      }
    } catch {
      report.problem = "\(error)"
    }
    let reports = try group.gather(object: report, label: "checkpoint")
    let result = try group.broadcast(
      object: reports.map { conclude($0, places.paths, finals, layouts, end: end, abandon: leave) },
      label: "checkpoint")
    if let problem = result.problem { throw UnwrittenCheckpoint(description: problem) }
    return !result.isElsewhere
  }

  /// Ends the writing, on rank 0.
  private func conclude(
    _ reports: [Report], _ paths: [String], _ finals: [String], _ layouts: [Layout],
    end: ([CheckpointFile]) throws(CheckpointError) -> Void, abandon: () -> Void
  ) -> Report {
    var result = Report()
    result.problem = reports.compactMap(\.problem).first
    result.isElsewhere = reports.contains(where: \.isElsewhere)
    guard result.problem == nil, !result.isElsewhere else {
      abandon()
      return result
    }
    let parts = reports.flatMap(\.parts)
    do throws(CheckpointError) {
      var written: [CheckpointFile] = []
      for (index, (path, layout)) in zip(paths, layouts).enumerated() {
        let own = parts.filter { $0.file == index }.sorted { $0.place < $1.place }
        var (checksum, count): (UInt32, Int) = (0, 0)
        for part in own {
          require(
            part.place == count, "SpreadFiles", "\(path) has a gap or overlap at byte \(count)")
          checksum = crc32(checksum, followedBy: part.checksum, count: part.count)
          count += part.count
        }
        require(count == layout.byteCount, "SpreadFiles", "the end of \(path) was not written")
        try AtomicFile.put(path, at: finals[index])
        let name = (finals[index] as NSString).lastPathComponent
        written.append(CheckpointFile(name: name, bytes: count, checksum: checksum))
      }
      try end(written)
    } catch {
      abandon()
      result.problem = "\(error)"
    }
    return result
  }

  /// Writes this rank's parts of a file; nil where it is not there.
  private func write(
    _ layout: Layout, _ file: Int, to path: String
  ) throws(CheckpointError) -> [Part]? {
    guard let target = try SharedFile(path) else { return nil }
    var parts: [Part] = []
    do throws(CheckpointError) {
      func add(_ data: Data, at place: Int) throws(CheckpointError) {
        guard !data.isEmpty else { return }
        let checksum = try target.write(data, at: place)
        parts.append(Part(file: file, place: place, count: data.count, checksum: checksum))
      }
      if group.rank == 0 { try add(layout.header, at: 0) }
      for (tensor, start) in layout.tensors {
        for (first, values) in tensor.parts {
          let stored = StoredTensor(name: tensor.name, lending: values)
          try add(stored.bytes, at: start + first * tensor.dtype.size)
        }
      }
    } catch {
      target.abandon()
      throw error
    }
    try target.finish()
    return parts
  }

  /// Where a file's tensors lie.
  private struct Layout {
    let header: Data
    /// In the file's order, each with the place of its first byte.
    let tensors: [(tensor: SpreadTensor, start: Int)]
    let byteCount: Int

    init(_ tensors: [SpreadTensor]) {
      let entries = tensors.map {
        TensorEntry(name: $0.name, dtype: StoredDType($0.dtype), shape: $0.shape)
      }
      let order = SafetensorsWriter.order(entries)
      header = SafetensorsWriter.header(
        of: order.map { entries[$0] }, metadata: SafetensorsWriter.metadata)
      var place = header.count
      self.tensors = order.map { index in
        defer { place += entries[index].byteCount }
        return (tensors[index], place)
      }
      byteCount = place
    }
  }
}
