import Archives
import Checkpoints
import Collectives
import DataParallel
import Foundation
import MPITesting
import NN
import Optimizers
import TensorFiles
import Tensors
import Testing
import Training

/// Files that all ranks write together.
@Suite("Files written by all ranks")
struct SpreadFilesTests {
  /// Parameters that parts cut through, one that is tied, one that is frozen, one without numbers, and buffers.
  final class Tower: Module {
    let floors = (0..<3).map { _ in Linear(7, 7) }
    let norm = BatchNorm1d(7)
    let table = Embedding(9, 7)
    let head = Linear(7, 9, bias: false)
    let nothing = Parameter(Tensor.zeros([0, 3]))

    init(tied: Bool) {
      super.init()
      if tied { head.weight = table.weight }
      floors[1].bias?.requiresGrad = false
    }

    func loss(rank: Int, pass: Int) -> Tensor {
      let numbers = Generator(seed: UInt64(100 * pass + rank))
      var x = table(Tensor.randint(0, 9, [6], generator: numbers))
      for floor in floors { x = floor(x).tanh() }
      return head(norm(x)).square().mean()
    }
  }

  /// Rules that move numbers one by one, in fewer bits too, and those that keep parameters whole.
  enum Rule: CaseIterable {
    case momentum, adamW, compact, adafactor

    func optimizer(_ parameters: [Parameter]) -> Optimizer {
      switch self {
      case .momentum: return SGD(parameters, lr: 0.1, momentum: 0.9)
      case .adamW: return AdamW(parameters, lr: 0.01)
      case .compact:
        let optimizer = AdamW(parameters, lr: 0.01)
        optimizer.stateFormat = .int8
        return optimizer
      case .adafactor: return Adafactor(parameters, lr: 0.01)
      }
    }
  }

  @Test(
    "have the bytes and checksums of files that one rank writes of the whole",
    arguments: Rule.allCases, [1, 2, 4])
  func same(rule: Rule, ranks: Int) throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = sandbox.folder
    try Self.onRanks(ranks) { group in
      let model = Tower(tied: rule == .adamW)
      let optimizer = try ShardedOptimizer(
        rule.optimizer(model.parameters().filter(\.requiresGrad)), group: group,
        stage: .zero3, units: ShardUnits(model))
      let parallel = try DistributedDataParallel(model, group: group, optimizer: optimizer)
      for pass in 0..<2 {
        try parallel { $0.loss(rank: group.rank, pass: pass) }.backward()
        optimizer.step()
        optimizer.zeroGrad()
      }
      try parallel.save(safetensors: "\(folder)/together")
      try parallel.consolidatedState()?.save(safetensors: "\(folder)/whole")

      let state = try optimizer.spreadState()
      var written: [CheckpointFile] = []
      #expect(
        try SpreadFiles(files: [state.tensors, []], group: group).write {
          ["\(folder)/optimizer", "\(folder)/empty"]
        } end: {
          written = $0
        } abandon: {
        })
      guard let consolidated = try optimizer.consolidated() else { return }
      #expect(consolidated.values == state.values)
      try consolidated.tensors.save(safetensors: "\(folder)/consolidated")
      func bytes(_ name: String) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
      #expect(try bytes("together") == bytes("whole"))
      #expect(try bytes("optimizer") == bytes("consolidated"))
      #expect(
        try written
          == ["optimizer", "empty"].map { name in
            let data = try bytes(name)
            return CheckpointFile(
              name: name, bytes: data.count, checksum: data.withUnsafeBytes { crc32(of: $0) })
          })
      #expect(
        Set(try FileManager.default.contentsOfDirectory(atPath: folder))
          == ["together", "whole", "optimizer", "consolidated", "empty"])
    }
  }

  @Test("end with path and reason on every rank where one cannot write, and leave nothing")
  func failures() throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let folder = sandbox.folder
    try Self.onRanks(3) { group in
      let model = Tower(tied: false)
      let optimizer = try ShardedOptimizer(
        SGD(model.parameters().filter(\.requiresGrad)), group: group, stage: .zero3,
        units: ShardUnits(model))
      let parallel = try DistributedDataParallel(model, group: group, optimizer: optimizer)
      let missing = #expect(throws: UnwrittenCheckpoint.self) {
        try parallel.save(safetensors: "\(folder)/none/model")
      }
      #expect("\(String(describing: missing))".contains("\(folder)/none"))
      // A folder stands where the file is to go.
      let taken = "\(folder)/taken"
      if group.rank == 0 {
        try FileManager.default.createDirectory(
          atPath: taken + "/inside", withIntermediateDirectories: true)
      }
      try group.barrier()
      let refused = #expect(throws: UnwrittenCheckpoint.self) {
        try parallel.save(safetensors: taken)
      }
      #expect("\(String(describing: refused))".contains("cannot be replaced"))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["taken"])
      try group.barrier()
    }
  }

  @Test(
    "are written by rank 0 alone where the others do not see them",
    .enabled(if: !MPIRank.isOne, "a rank starts no ranks"))
  func elsewhere() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let job = [
      "digits-cnn", "--model.channels", "[2, 4]", "--model.hidden", "8", "--steps", "4",
      "--epochs", "null", "--checkpoint.every_epochs", "null", "--checkpoint.every_steps", "2",
      "--distributed.shard_optimizer", "zero3", "--run-dir", "run",
    ]
    // Relative paths of ranks in folders of their own.
    let result = try await MPIRun.run(
      "/bin/sh",
      [
        "-c", "mkdir $OMPI_COMM_WORLD_RANK && cd $OMPI_COMM_WORLD_RANK && exec \"$@\"", "sh",
        RunSandbox.program,
      ] + job, ranks: 2, directory: sandbox.folder, timeout: .seconds(60))
    try #require(result.status == 0, "\(result.tail)")
    let together = try await sandbox.train(job, ranks: 2)
    try #require(together.status == 0, "\(together.tail)")
    for name in ["model", "checkpoints/step-00000002/model", "checkpoints/step-00000004/optimizer"]
    {
      let files = ["0/run", "run"].map { "\(sandbox.folder)/\($0)/\(name).safetensors" }
      #expect(FileManager.default.contentsEqual(atPath: files[0], andPath: files[1]), "\(name)")
    }
    #expect(!FileManager.default.fileExists(atPath: "\(sandbox.folder)/1/run/checkpoints"))
  }

  private static func onRanks(
    _ count: Int, _ body: @escaping @Sendable (ProcessGroup) throws -> Void
  ) throws {
    _ = try World.threads(count, options: World.Options(timeout: .seconds(60))) { world in
      try Generator(seed: 5).asDefault { try body(world.group) }
    }
  }
}
