import Foundation
import MPITesting
import Testing

/// Runs over images in files: CIFAR's, and folders of them.
@Suite("Runs over images", .serialized, .enabled(if: !MPIRank.isOne))
struct ImageSourceRunTests {
  private func withSandbox(_ body: (RunSandbox) async throws -> Void) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try await body(sandbox)
  }

  /// A PPM image of one color with a bright column.
  private func image(_ red: UInt8, _ blue: UInt8, width: Int, height: Int, bright: Int) -> Data {
    var data = Data("P6\n\(width) \(height)\n255\n".utf8)
    for _ in 0..<height {
      for column in 0..<width { data.append(contentsOf: [red, column == bright ? 255 : 60, blue]) }
    }
    return data
  }

  /// Two classes in folders, of different sizes; the last of them in a folder below.
  private func folders(_ sandbox: RunSandbox) throws {
    for (split, count) in [("train", 12), ("test", 5)] {
      for index in 0..<count {
        let place = index == count - 1 ? "deep/\(index)" : "\(index)"
        try sandbox.file(
          "pictures/\(split)/red/\(place).ppm",
          image(230, 20, width: 12 + index % 3, height: 10, bright: index % 8))
        try sandbox.file(
          "pictures/\(split)/blue/\(place).ppm",
          image(20, 230, width: 9, height: 12, bright: index % 8))
      }
    }
  }

  private let model = [
    "--model.width", "4", "--model.blocks", "[1, 1, 1, 1]", "--model.stem", "small",
    "--batch_size", "8", "--schedule.name", "constant", "--run-dir", "run",
  ]

  @Test("folders of images are trained on with their transforms, judged, and predicted by name")
  func imageFolders() async throws {
    try await withSandbox { sandbox in
      try folders(sandbox)
      let job =
        [
          "image-folder", "--data.path", "pictures", "--data.size", "8", "--data.resize", "9",
          "--optimizer.lr", "1e-2", "--log_every", "1", "--distributed.sync_batch_norm",
        ] + model
      let changed = [
        "--data.transforms.crop_padding", "1", "--data.transforms.rand_augment", "[2, 9]",
        "--data.transforms.erase", "0.5", "--epochs", "null", "--steps", "2",
      ]
      var losses: [Double] = []
      for ranks in [0, 2] {
        let trained = try await sandbox.train(job + changed, ranks: ranks)
        #expect(trained.status == 0, "\(trained.tail)")
        let lines = try sandbox.metrics()
        losses.append(
          try #require(lines.first { $0["event"] as? String == "step" }?["train_loss"] as? Double))
      }
      // The same draws change the same images, however many workers there are.
      #expect(abs(losses[0] - losses[1]) < 1e-4 * losses[0], "\(losses)")

      let trained = try await sandbox.train(
        job + ["--data.transforms.color_jitter", "[]", "--epochs", "25"], ranks: 2)
      #expect(trained.status == 0, "\(trained.tail)")
      #expect(try #require(sandbox.metrics().last?["test_accuracy"] as? Double) == 1)

      let own = try await sandbox.train(["predict", "run", "--format", "csv"], ranks: 2)
      let rows = own.output.split(whereSeparator: \.isNewline)
      #expect(rows.count == 11 && rows[0] == "index,name,prediction,probability,label")
      #expect(rows[1].hasPrefix("0,blue/0.ppm,blue,") && rows[10].hasSuffix(",red"))
      #expect(rows[10].contains(",red/deep/4.ppm,red,"))

      try sandbox.file("new/b.ppm", image(20, 230, width: 30, height: 20, bright: 3))
      try sandbox.file("new/a.ppm", image(230, 20, width: 30, height: 20, bright: 3))
      let new = try await sandbox.train(["predict", "run", "--data", "new"], ranks: 0)
      let told = try new.output.split(whereSeparator: \.isNewline).map {
        try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] ?? [:]
      }
      #expect(told.map { $0["name"] as? String } == ["a.ppm", "b.ppm"])
      #expect(told.map { $0["prediction"] as? String } == ["red", "blue"], "\(new.tail)")
      #expect(told.allSatisfy { $0["label"] == nil })

      try sandbox.file("other/green/1.ppm", image(1, 1, width: 9, height: 9, bright: 1))
      let other = try await sandbox.train(["evaluate", "run", "--data", "other"], ranks: 0)
      #expect(other.status == 1 && other.errors.contains("They are blue, red"), "\(other.tail)")
      let red = try await sandbox.train(
        ["evaluate", "run", "--data", "pictures/test", "--split", "test"], ranks: 0)
      #expect(red.status != 0 && red.errors.contains("give one of --split and --data"))
    }
  }

  @Test("images in CIFAR's files are trained on, and named by their list of classes")
  func cifar() async throws {
    try await withSandbox { sandbox in
      func records(_ count: Int) -> Data {
        Data(
          (0..<count).flatMap { record -> [UInt8] in
            let label = UInt8(record % 2)
            let plane = [UInt8](repeating: label == 0 ? 220 : 30, count: 1024)
            return [label] + plane + [UInt8](repeating: UInt8(record), count: 1024) + plane
          })
      }
      for batch in 1...5 { try sandbox.file("cifar/data_batch_\(batch).bin", records(8)) }
      try sandbox.file("cifar/test_batch.bin", records(10))
      let names = ["plane", "car"] + (2..<10).map { "class-\($0)" }
      try sandbox.file("cifar/batches.meta.txt", names.joined(separator: "\n") + "\n\n")
      let job = ["cifar10-resnet", "--data.path", "cifar", "--epochs", "2"] + model
      let trained = try await sandbox.train(job + ["--optimizer.lr", "0.02"], ranks: 2)
      #expect(trained.status == 0, "\(trained.tail)")
      let told = try await sandbox.train(["predict", "run", "--probabilities"], ranks: 0)
      #expect(told.output.split(whereSeparator: \.isNewline).count == 10)
      #expect(told.output.contains(#""label": "car""#), "\(told.tail)")
      let file = try await sandbox.train(
        ["evaluate", "run", "--data", "cifar/data_batch_3.bin"], ranks: 2)
      #expect(file.output.contains("8 of cifar/data_batch_3.bin"), "\(file.tail)")
      let cnn = try await sandbox.train(
        job + [
          "--model.name", "digits-cnn", "--run-dir", "cnn", "--epochs", "null", "--steps", "1",
        ], ranks: 0)
      #expect(cnn.status == 2 && cnn.errors.contains("unknown key model."), "\(cnn.tail)")
      let colors = try await sandbox.train(
        [
          "cifar10-resnet", "--data.path", "cifar", "--model.name", "digits-cnn", "--steps", "1",
          "--epochs", "null", "--run-dir", "cnn",
        ], ranks: 0)
      #expect(colors.status == 0, "\(colors.tail)")
    }
  }

  @Test(
    "settings and files that cannot be trained on are refused",
    arguments: [
      (["--data.transforms.std", "[1]"], "one for each channel"),
      (["--data.transforms.resized_crop", "[0.5]"], "no least and largest share"),
      (["--data.transforms.color_jitter", "[0.4, 0.4, 0.4, 0.9]"], "turns by at most 0.5"),
      (["--data.transforms.flip", "2"], "between 0 and 1"),
      (["--data.resize", "5"], "no middle of 128"), (["--model.blocks", "[2, 2]"], "four stages"),
      (["--data.path", "nowhere"], "there is no such folder"),
      (["--data.test", "extra"], "there is green, which is not"),
      (["--data.validation", "broken"], "this is no PNG"),
    ])
  func refused(change: [String], words: String) async throws {
    try await withSandbox { sandbox in
      try folders(sandbox)
      try sandbox.file("pictures/extra/green/1.ppm", image(1, 1, width: 9, height: 9, bright: 1))
      for name in ["red", "blue"] {
        try sandbox.file("pictures/broken/\(name)/1.png", "no image at all")
      }
      let result = try await sandbox.train(
        [
          "image-folder", "--data.path", "pictures", "--epochs", "1", "--model.width", "1",
          "--batch_size", "8", "--evaluation.every_steps", "1", "--run-dir", "run",
        ] + change, ranks: 0)
      #expect(result.status != 0 && result.errors.contains(words), "\(result.tail)")
    }
  }
}
