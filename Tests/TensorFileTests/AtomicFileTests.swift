import Foundation
import TensorFiles
import TensorTesting
import Testing

@Suite("Atomic files")
struct AtomicFileTests {
  @Test("a failure while writing leaves the old file and nothing else")
  func failure() throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("file", "old".utf8)
    expectCheckpointError(.damaged, "stop") {
      try AtomicFile.write(to: path) { sink throws(CheckpointError) in
        try sink.write(Data(count: 1 << 20))
        throw CheckpointError(.damaged, path: path, "stop", remedy: "none")
      }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("old".utf8))
    #expect(try folder.contents == ["file"])
    try AtomicFile.write(to: path) { sink throws(CheckpointError) in
      try sink.write(Data("new".utf8))
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data("new".utf8))
    #expect(try folder.contents == ["file"])
  }

  #if os(Linux)
    @Test("a full disk is an error that says so")
    func fullDisk() throws {
      var sink = try FileSink(path: "/dev/full", flags: O_WRONLY)
      expectCheckpointError(.unwritable, "/dev/full", "No space left", "Free some space") {
        try sink.write(Data(count: 100))
      }
      sink.abandon()
    }
  #endif

  @Test("a folder that is not there is an error that says so")
  func noFolder() {
    expectCheckpointError(.unwritable, "/nowhere/at/all", "Create the folder /nowhere/at") {
      try AtomicFile.write(to: "/nowhere/at/all") { sink throws(CheckpointError) in
        try sink.write(Data())
      }
    }
  }
}
