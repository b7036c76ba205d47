import Foundation
import MPITesting
import Testing

/// Bad input of every kind: one clear message with the remedy, an exit status that is not zero, on
/// every rank, within seconds, and nobody left behind.
@Suite("Bad input ends all ranks with one message", .serialized, .enabled(if: !MPIRank.isOne))
struct BadInputTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let arguments: [String]
    /// What the message must say.
    let expected: [String]
    var prepare: @Sendable (RunSandbox) throws -> Void = { _ in }
    var testDescription: String { name }
  }

  static let faults: [Fault] = [
    Fault(
      name: "a missing configuration", arguments: ["no-such.yaml"], expected: ["no-such.yaml"]),
    Fault(
      name: "malformed YAML", arguments: ["bad.yaml"], expected: ["bad.yaml"],
      prepare: { try $0.file("bad.yaml", "model: {name: mlp\nbatch_size: 3\n") }),
    Fault(
      name: "an empty configuration", arguments: ["empty.yaml"], expected: ["empty.yaml"],
      prepare: { try $0.file("empty.yaml", "") }),
    Fault(
      name: "an unknown key", arguments: ["digits-cnn", "--optimiser.lr", "0.1"],
      expected: ["optimiser", "optimizer"]),
    Fault(
      name: "a wrong type", arguments: ["digits-cnn", "--batch_size", "many"],
      expected: ["batch_size", "many"]),
    Fault(
      name: "a value out of range", arguments: ["digits-cnn", "--optimizer.lr", "-1"],
      expected: ["optimizer.lr"]),
    Fault(
      name: "a model that does not fit the data",
      arguments: ["digits-cnn", "--model.name", "char-gpt"],
      expected: ["char-gpt", "characters", "images"]),
    Fault(
      name: "a missing folder of MNIST files", arguments: ["mnist-cnn", "--data.path", "nowhere"],
      expected: ["nowhere"]),
    Fault(
      name: "missing MNIST files", arguments: ["mnist-cnn", "--data.path", "mnist"],
      expected: ["train-images-idx3-ubyte", "http"],
      prepare: { try $0.file("mnist/readme.txt", "nothing here") }),
    Fault(
      name: "a truncated IDX file", arguments: ["mnist-cnn", "--data.path", "mnist"],
      expected: ["train-images-idx3-ubyte"],
      prepare: {
        try SmallData.mnist(in: $0)
        try $0.file("mnist/train-images-idx3-ubyte", SmallData.idx([64, 28, 28], [1, 2, 3]))
      }),
    Fault(
      name: "a truncated gzip file", arguments: ["digits-cnn", "--data.path", "digits.csv.gz"],
      expected: ["digits.csv.gz"],
      prepare: { try $0.file("digits.csv.gz", Data([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 75])) }),
    Fault(
      name: "labels out of range", arguments: ["mnist-cnn", "--data.path", "mnist"],
      expected: ["label", "77"],
      prepare: { try SmallData.mnist(in: $0, label: 77) }),
    Fault(
      name: "empty data", arguments: ["digits-cnn", "--data.path", "empty.csv"],
      expected: ["empty.csv"], prepare: { try $0.file("empty.csv", "") }),
    Fault(
      name: "a missing text", arguments: ["char-gpt", "--data.path", "novel.txt"],
      expected: ["novel.txt"]),
    Fault(
      name: "a text shorter than the context", arguments: ["char-gpt", "--data.path", "short.txt"],
      expected: ["short.txt", "context"], prepare: { try $0.file("short.txt", "too short") }),
    Fault(
      name: "malformed UTF-8", arguments: ["char-gpt", "--data.path", "bytes.txt"],
      expected: ["bytes.txt", "UTF-8"],
      prepare: { try $0.file("bytes.txt", Data([0x61, 0xff, 0xfe, 0x62])) }),
    Fault(
      name: "a label that is no number", arguments: ["text-lstm", "--data.path", "reviews"],
      expected: ["train.txt", "line 2"],
      prepare: { try $0.file("reviews/train.txt", "1 good\ngood film\n") }),
    Fault(
      name: "a batch smaller than the world", arguments: ["digits-cnn", "--batch_size", "1"],
      expected: ["batch"]),
    Fault(
      name: "an unwritable run directory", arguments: ["digits-cnn", "--run-dir", "taken/run"],
      expected: ["taken"], prepare: { try $0.file("taken", "a file where a folder should be") }),
    Fault(
      name: "a loss that is not a number",
      arguments: ["digits-cnn", "--optimizer.lr", "1e30", "--schedule.warmup_steps", "0"],
      expected: ["loss", "learning rate"]),
    Fault(
      name: "a checkpoint that is not there", arguments: ["digits-cnn", "--resume", "missing"],
      expected: ["missing"]),
    Fault(
      name: "an unknown all-reduce algorithm",
      arguments: ["digits-cnn", "--distributed.algorithm", "rang"], expected: ["rang", "ring"]),
    Fault(
      name: "a communication hook that cannot be",
      arguments: [
        "digits-cnn", "--distributed.hook", "powersgd", "--distributed.shard_optimizer", "zero2",
      ],
      expected: ["distributed.hook", "powersgd", "zero2", "zero1"]),
    Fault(
      name: "subgroups that do not divide the workers",
      arguments: [
        "digits-cnn", "--distributed.hook", "post_local_sgd", "--distributed.hook.subgroup", "3",
      ],
      expected: ["distributed.hook.subgroup", "do not divide 2 workers"]),
  ]

  @Test(arguments: faults)
  func underMPI(_ fault: Fault) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try fault.prepare(sandbox)
    let result = try await sandbox.train(fault.arguments, ranks: 2)
    #expect(result.status != 0, "\(result.tail)")
    // Seconds on a machine that does nothing else; the deadline allows for one that does.
    #expect(!result.timedOut, "still running after a minute: \(result.tail)")
    for word in fault.expected {
      #expect(result.errors.contains(word), "no “\(word)” in:\n\(result.tail)")
    }
    let messages = result.errors.split(separator: "\n").filter { $0.contains("ddp-train: ") }
    #expect(messages.count == 1, "one rank speaks for all:\n\(result.errors)")
  }

  @Test("a killed worker takes the others along")
  func killedWorker() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    // Rank 1 is killed by its own shell a moment after it began.
    let script = try sandbox.file(
      "worker.sh",
      """
      #!/bin/sh
      "$@" &
      if [ "$OMPI_COMM_WORLD_RANK" = 1 ]; then sleep 3; kill -9 $!; fi
      wait $!
      """)
    let result = try await MPIRun.run(
      "/bin/sh", [script, RunSandbox.program, "digits-cnn", "--epochs", "2000"], ranks: 2,
      directory: sandbox.folder, timeout: .seconds(40))
    #expect(result.status != 0)
    #expect(!result.timedOut, "\(result.tail)")
  }
}
