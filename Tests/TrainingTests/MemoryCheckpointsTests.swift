import Checkpoints
import Collectives
import Foundation
import MPITesting
import NN
import Tensors
import Testing
import Training

/// Checkpoints in memory of jobs on several hosts, which are pretended: each has a folder of its own.
@Suite("Checkpoints in the memory of several hosts")
struct MemoryCheckpointsTests {
  /// What tensors of a checkpoint the copier has of itself.
  enum Kind: CaseIterable {
    /// Weights and the optimizer's state.
    case replicated
    /// Weights alone.
    case sharded
    /// None.
    case spread
    /// All, of which the weights are others than rank 0's.
    case apart
  }

  private static func tensors(_ names: [String], _ seed: Int) -> StateDict {
    StateDict(
      names.enumerated().map { index, name in
        (
          name,
          Tensor.randn([40, 50 + index], generator: Generator(seed: UInt64(1000 * seed + index)))
        )
      })
  }

  /// What rank 0 saves of a step, or what another has of it.
  private static func contents(
    _ step: Int, _ kind: Kind = .replicated, rank: Int = 0
  ) throws -> CheckpointContents {
    var contents = CheckpointContents(model: [])
    let isSource = rank == 0
    if isSource || kind != .spread {
      let seed = step + (isSource || kind != .apart ? 0 : 100)
      contents.model = tensors(["a", "b"], seed).stored()
      // Each rank's own.
      contents.model += tensors(["mean"], 10 * step + rank).stored()
    }
    if isSource || [.replicated, .apart].contains(kind) {
      contents.groups["optimizer"] = tensors(["state.a", "state.b"], step + 50).stored()
    }
    guard isSource else { return contents }
    // Never changes.
    contents.groups["best"] = tensors(["a"], 7).stored()
    try contents.setState("run", ["step": step])
    return contents
  }

  /// Runs ranks on hosts, whose folders are `0`, `1` and so on.
  private static func onHosts<Result: Sendable>(
    _ nodes: [Int], _ folder: String,
    _ body: @escaping @Sendable (ProcessGroup, MemoryCheckpoints) throws -> Result
  ) throws -> [Result] {
    for node in Set(nodes) {
      try FileManager.default.createDirectory(
        atPath: "\(folder)/\(node)", withIntermediateDirectories: true)
    }
    return try World.threads(
      nodes.count, nodes: nodes, options: World.Options(timeout: .seconds(30))
    ) { world in
      let own = "\(folder)/\(nodes[world.rank])"
      return try body(
        world.group, #require(try MemoryCheckpoints("run", world.group, folder: own)))
    }
  }

  private static func save(
    _ step: Int, _ memory: MemoryCheckpoints, _ group: ProcessGroup, _ kind: Kind = .replicated
  ) throws -> Bool {
    try memory.save(step: step) { _ in
      Issue.record("there are several hosts")
      return false
    } whole: { copier in
      guard group.rank == 0 || group.rank == copier else { return nil }
      return try contents(step, kind, rank: group.rank)
    } buffers: {
      [Array("mean".utf8)]
    }
  }

  /// All files of a host, by their paths in its folder.
  private static func files(_ host: Int, _ folder: String) throws -> [String: Data] {
    let root = "\(folder)/\(host)"
    guard let paths = FileManager.default.enumerator(atPath: root) else { return [:] }
    var result: [String: Data] = [:]
    for case let path as String in paths {
      let url = URL(fileURLWithPath: "\(root)/\(path)")
      if try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true {
        result[path] = try Data(contentsOf: url)
      }
    }
    return result
  }

  @Test(
    "are on rank 0's host and the next, byte for byte, whoever has what", arguments: Kind.allCases)
  func copies(kind: Kind) throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = sandbox.folder
    let kept = try Self.onHosts([0, 0, 1, 1, 2], folder) { group, memory in
      try (1...3).map { try Self.save($0, memory, group, kind) }
    }
    #expect(kept.map { $0.allSatisfy { $0 } } == [true, false, false, false, false])
    let (first, second) = (try Self.files(0, folder), try Self.files(1, folder))
    #expect(first == second)
    #expect(try Self.files(2, folder).isEmpty)
    // Two of the three, each with manifest, state and three files of tensors.
    #expect(first.count == 10)
    let names = Set(first.keys.compactMap { $0.split(separator: "/").dropFirst().first })
    #expect(names == ["step-00000002", "step-00000003"])
    let path = "\(folder)/1/\(first.keys.first?.split(separator: "/").first ?? "")/step-0000000"
    let checkpoint = try Checkpoint(path: "\(path)3")
    let state: [String: Int] = try checkpoint.state("run")
    #expect(state == ["step": 3])
    let expected = try Self.contents(3)
    let weights = try checkpoint.model().tensors.map(\.bytes)
    #expect(Set(weights) == Set(expected.model.map(\.bytes)))
    // What has not changed is kept once.
    func place(_ step: Int) throws -> Int? {
      let facts = try FileManager.default.attributesOfItem(
        atPath: "\(path)\(step)/best.safetensors")
      return facts[.systemFileNumber] as? Int
    }
    #expect(try place(2) != nil && place(2) == place(3))
  }

  @Test("are taken from whichever host has the newest that is whole, and given to the others")
  func newest() throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = sandbox.folder
    _ = try Self.onHosts([0, 0, 1, 1], folder) { group, memory in
      for step in 1...2 { _ = try Self.save(step, memory, group) }
    }
    let whole = try Self.files(1, folder)
    let run = try #require(whole.keys.first?.split(separator: "/").first)
    // Rank 0 was killed while it wrote a later one, and its last is damaged: the other host's is taken.
    let torn = "\(folder)/0/\(run)/step-00000003.partial"
    try FileManager.default.createDirectory(atPath: torn, withIntermediateDirectories: true)
    try Data([1]).write(to: URL(fileURLWithPath: "\(torn)/model.safetensors"))
    let damaged = URL(fileURLWithPath: "\(folder)/0/\(run)/step-00000002/model.safetensors")
    var bytes = try Data(contentsOf: damaged)
    bytes[bytes.count - 1] ^= 1
    try bytes.write(to: damaged)
    // The other way round the hosts are numbered anew, and a third has joined them.
    for nodes in [[0, 1, 1], [1, 0, 0, 2], [2, 1, 0]] {
      let found = try Self.onHosts(nodes, folder) { group, memory in
        let kept = try #require(try memory.newest())
        let path = try #require(try memory.share(kept))
        return "\(kept.step) \(try Checkpoint(path: path).step) \(path)"
      }
      #expect(found == nodes.map { "2 2 \(folder)/\($0)/\(run)/step-00000002" })
      for host in Set(nodes) {
        let files = try Self.files(host, folder)
        for (name, contents) in whole where name.contains("step-00000002/") {
          #expect(files[name] == contents, "\(name) on host \(host)")
        }
      }
    }
    // Once there is a newer one, a host that keeps no copies forgets the old one.
    _ = try Self.onHosts([0, 1, 2], folder) { group, memory in
      _ = try Self.save(4, memory, group)
      let newest = try memory.newest()
      #expect(newest?.step == 4)
    }
    #expect(try Self.files(2, folder).isEmpty)
    // A job that begins anew forgets all.
    _ = try Self.onHosts([0, 1, 2], folder) { group, memory in
      memory.clear()
      let left = try memory.newest()
      #expect(left == nil)
    }
  }

  @Test("say why there are none, and how there would be some")
  func absence() async throws {
    func said(_ nodes: Int, _ restarts: String?) -> String {
      MemoryCheckpoints.absence(
        nodes: nodes, environment: restarts.map { ["TORUS_MAX_RESTARTS": $0] } ?? [:])
    }
    #expect(
      said(2, nil)
        == "no checkpoints are kept in memory (checkpoint.memory_every): nothing outlives these workers; start "
        + "them with ddp-launch --max-restarts N")
    #expect(
      said(1, "0").hasSuffix("ddp-launch never starts this job again; give it --max-restarts N"))
    #expect(said(2, "3").hasSuffix("or ddp-launch does not know their names (--host)"))
    #expect(said(1, "3").hasSuffix("this host has no shared memory"))
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let run = try await sandbox.train(
      [
        "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--epochs", "null",
        "--steps", "2",
        "--evaluation.every_epochs", "null", "--run-dir", "run", "--checkpoint.memory_every", "2",
      ], ranks: 0)
    #expect(run.status == 0 && run.output.contains(said(1, nil)), "\(run.tail)")
  }

  @Test("need a folder on every host")
  func folders() throws {
    let found = try World.threads(3, nodes: [0, 1, 1]) { world in
      try MemoryCheckpoints("run", world.group, folder: world.rank == 0 ? nil : "/dev/shm/x") == nil
    }
    #expect(found == [true, true, true])
  }

  @Test("go on without a copy where there is no room for it, and end where rank 0 has none")
  func room() throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = sandbox.folder
    let kept = try Self.onHosts([0, 1, 1], folder) { group, memory in
      func block(_ isBlocked: Bool) throws {
        // A file stands where the folder of all steps is to be.
        if isBlocked { try Data().write(to: URL(fileURLWithPath: memory.store.folder)) }
        if !isBlocked { try FileManager.default.removeItem(atPath: memory.store.folder) }
      }
      if group.rank == 1 { try block(true) }
      var kept = [try Self.save(1, memory, group), try Self.save(2, memory, group)]
      let newest = try memory.newest()
      #expect(newest?.step == 2)
      if group.rank == 1 { try block(false) }
      kept.append(try Self.save(3, memory, group))
      if group.rank == 0 {
        try block(false)
        try block(true)
      }
      for step in 4...5 { kept.append(try Self.save(step, memory, group)) }
      let left = try memory.newest()
      #expect(left == nil)
      return kept
    }
    #expect(kept[0] == [true, true, true, false, false])
    #expect(kept[1].allSatisfy { !$0 })
    #expect(try Self.files(1, folder).isEmpty)
  }

  @Test("are not taken where a host has no room for what it lacks, and all ranks know")
  func noRoom() throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = sandbox.folder
    _ = try Self.onHosts([0, 1], folder) { group, memory in
      _ = try Self.save(1, memory, group)
    }
    let paths = try Self.onHosts([0, 1, 2], folder) { group, memory in
      if group.rank == 2 { try Data().write(to: URL(fileURLWithPath: memory.store.folder)) }
      return try memory.share(#require(try memory.newest()))
    }
    #expect(paths == [nil, nil, nil])
  }
}
