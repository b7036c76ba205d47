import Foundation

/// A kind of file, with small valid ones and what reads them.
struct Format {
  let name: String
  /// Valid files, of which mutations are made.
  let samples: [[UInt8]]
  /// Reads a file as everything does that reads it. Errors are fine; ending the process is not.
  let read: (_ bytes: [UInt8], _ folder: String) throws -> Void

  init(
    _ name: String, _ samples: [[UInt8]],
    read: @escaping (_ bytes: [UInt8], _ folder: String) throws -> Void
  ) {
    self.name = name
    self.samples = samples
    self.read = read
  }

  /// A format whose reader takes a path.
  init(
    _ name: String, _ samples: [[UInt8]], file: String,
    read: @escaping (_ path: String) throws -> Void
  ) {
    self.init(name, samples) { bytes, folder in
      let path = "\(folder)/\(file)"
      try put(bytes, path)
      try read(path)
    }
  }

  /// The mutation of a number: the same bytes for the same number.
  func input(_ number: Int) -> [UInt8] {
    let seed = name.utf8.reduce(UInt64(number)) { ($0 &* 1_099_511_628_211) ^ UInt64($1) }
    var mutator = Mutator(seed: seed)
    let sample = samples[mutator.below(samples.count)]
    return mutator.mutated(sample, other: samples[mutator.below(samples.count)])
  }
}

/// Writes a file in place.
func put(_ bytes: [UInt8], _ path: String) throws {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o644)
  guard descriptor >= 0, write(descriptor, bytes, bytes.count) == bytes.count else {
    throw CocoaError(.fileWriteUnknown)
  }
  close(descriptor)
}
