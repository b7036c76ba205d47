import Checkpoints
import Foundation
import TensorTesting
import Testing

@Suite("Checkpoint store")
struct CheckpointStoreTests {
  struct Position: Codable, Equatable { var epoch: Int, seed: UInt64, losses: [Double] }

  let folder: TemporaryFolder
  var store: CheckpointStore { CheckpointStore(folder: folder.path + "/checkpoints", keep: 3) }

  init() throws { folder = try TemporaryFolder() }

  func contents(_ value: Float) throws -> CheckpointContents {
    var contents = CheckpointContents(model: [stored("w", [value, -value])])
    contents.groups["optimizer"] = [stored("0.momentum", [value / 3])]
    try contents.setState("position", position(value))
    try contents.setState("name", "caf\u{e9} \"x\"")
    return contents
  }

  func position(_ value: Float) -> Position {
    Position(
      epoch: Int(value), seed: .max,
      losses: [0.1, 1.0 / 3, .leastNonzeroMagnitude, .infinity, -0.0])
  }

  func corrupt(_ file: String, step: Int, _ change: (inout Data) -> Void) throws {
    let url = URL(fileURLWithPath: store.path(step: step) + "/" + file)
    var data = try Data(contentsOf: url)
    change(&data)
    try data.write(to: url)
  }

  @Test("a checkpoint comes back bit for bit")
  func roundTrip() throws {
    #expect(store.latest().checkpoint == nil && store.latest().damaged.isEmpty)
    let path = try store.save(contents(7), step: 20)
    #expect(path.hasSuffix("/checkpoints/step-00000020"))
    let checkpoint = try #require(store.latest().checkpoint)
    #expect(checkpoint.step == 20 && checkpoint.path == path)
    #expect(checkpoint.groupNames == ["optimizer"])
    #expect(try checkpoint.model().tensors == [stored("w", [7, -7])])
    #expect(try checkpoint.group("optimizer").tensors == [stored("0.momentum", [7.0 / 3])])
    let loaded: Position = try checkpoint.state("position")
    #expect(loaded == position(7))
    #expect(loaded.losses.map(\.bitPattern) == position(7).losses.map(\.bitPattern))
    #expect(try checkpoint.state("name", as: String.self) == "caf\u{e9} \"x\"")
  }

  @Test("the last few are kept, and saving a step again replaces it")
  func pruning() throws {
    for step in [1, 2, 10, 100, 5] { try store.save(contents(Float(step)), step: step) }
    #expect(store.steps == [5, 10, 100])
    try store.save(contents(11), step: 10)
    #expect(store.steps == [5, 10, 100])
    #expect(try store.load(step: 10).model().tensors == [stored("w", [11, -11])])
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: store.folder).sorted()
        == ["step-00000005", "step-00000010", "step-00000100"])
  }

  @Test("a run that went back to an earlier step leaves none of later steps")
  func goingBack() throws {
    var store = store
    for step in [10, 20, 30] { try store.save(contents(Float(step)), step: step) }
    store.dropsLater = true
    try store.save(contents(15), step: 15)
    #expect(store.steps == [10, 15])
    #expect(store.latest().checkpoint?.step == 15)
  }

  @Test("only rank 0 writes")
  func otherRanks() throws {
    let other = CheckpointStore(folder: store.folder, rank: 1)
    #expect(try other.save(contents(1), step: 1) == store.path(step: 1))
    #expect(!FileManager.default.fileExists(atPath: store.folder))
    try store.save(contents(1), step: 1)
    #expect(other.latest().checkpoint?.step == 1)
  }

  @Test(
    "a damaged checkpoint is refused by name and the one before it offered",
    arguments: [
      "model.safetensors", "optimizer.safetensors", "training-state.json", "manifest.json",
    ])
  func damage(file: String) throws {
    for step in [1, 2, 3] { try store.save(contents(Float(step)), step: step) }
    try corrupt(file, step: 3) { $0.removeLast($0.count / 2) }
    let latest = store.latest()
    #expect(latest.checkpoint?.step == 2)
    #expect(latest.damaged.count == 1)
    #expect(latest.damaged.first?.path.hasSuffix("step-00000003/\(file)") == true)
    let offered = store.path(step: 2)
    let problem: CheckpointError.Problem = file == "manifest.json" ? .damaged : .truncated
    expectCheckpointError(problem, file, "The checkpoint before it is sound: \(offered)") {
      _ = try store.load(step: 3)
    }
  }

  @Test("one flipped bit is found")
  func bitFlip() throws {
    for step in [1, 2] { try store.save(contents(Float(step)), step: step) }
    try corrupt("model.safetensors", step: 2) { $0[$0.count - 1] ^= 0x10 }
    expectCheckpointError(.damaged, "step-00000002/model.safetensors", "checksum") {
      _ = try store.load(step: 2)
    }
    try corrupt("model.safetensors", step: 1) { $0[$0.count - 1] ^= 0x10 }
    #expect(store.latest().checkpoint == nil && store.latest().damaged.count == 2)
    // Without a sound one before it, the error stands as it is.
    expectCheckpointError(.damaged, "Use an earlier checkpoint") { _ = try store.load(step: 1) }
  }

  @Test("what a crash leaves half done does not count, and does not stand in the way")
  func crashes() throws {
    for step in [1, 2] { try store.save(contents(Float(step)), step: step) }
    let files = FileManager.default
    // Before the folder was moved to its place:
    try files.copyItem(atPath: store.path(step: 2), toPath: store.path(step: 3) + ".partial")
    #expect(store.latest().checkpoint?.step == 2 && store.steps == [1, 2])
    // Without the manifest:
    try files.copyItem(atPath: store.path(step: 2), toPath: store.path(step: 3))
    try files.removeItem(atPath: store.path(step: 3) + "/manifest.json")
    #expect(store.latest().checkpoint?.step == 2)
    #expect(store.latest().damaged.first?.description.contains("incomplete") == true)
    // Between moving the old one aside and putting the new one in place:
    try files.moveItem(atPath: store.path(step: 2), toPath: store.path(step: 2) + ".replaced")
    #expect(store.latest().checkpoint?.step == 2)
    try store.save(contents(3), step: 3)
    #expect(store.latest().checkpoint?.step == 3 && store.latest().damaged.isEmpty)
    #expect(try store.load(step: 3).model().tensors == [stored("w", [3, -3])])
    try store.save(contents(4), step: 2)
    #expect(try store.load(step: 2).model().tensors == [stored("w", [4, -4])])
  }

  @Test("a failed save leaves the checkpoints before it whole")
  func failedSave() throws {
    try store.save(contents(1), step: 1)
    // A file where the folder of the next step belongs: fails also for root.
    let blocked = CheckpointStore(folder: store.path(step: 1) + "/model.safetensors")
    expectCheckpointError(.unwritable, "model.safetensors", "cannot be created") {
      _ = try blocked.save(contents(2), step: 2)
    }
    #expect(store.latest().checkpoint?.step == 1)
  }

  @Test("what a checkpoint lacks is named")
  func lacking() throws {
    let checkpoint = try Checkpoint(path: store.save(contents(1), step: 1))
    expectCheckpointError(.missing, "“scheduler”") {
      _ = try checkpoint.state("scheduler", as: Int.self)
    }
    expectCheckpointError(.mismatch, "“position”") {
      _ = try checkpoint.state("position", as: Int.self)
    }
    expectCheckpointError(.missing, "“ema”", "optimizer") { _ = try checkpoint.group("ema") }
    expectCheckpointError(.missing, "step-00000009") { _ = try store.load(step: 9) }
  }
}
