import Datasets
import Foundation

extension Formats {
  /// Images, and archives of records.
  static var images: [Format] {
    func decoded(_ text: String) -> [UInt8] { [UInt8](Data(base64Encoded: text) ?? Data()) }
    let interlaced = decoded(
      "iVBORw0KGgoAAAANSUhEUgAAAAsAAAAJCAIAAAEcAXHsAAAA6klEQVR4nD2QEROEABCFV05OTk6SJEmS"
        + "JEmSJEmSJEmSJEmSJEmSJEmSJEmSJEmS5OTk5H7HfSfBzuzM7r73vRW5P3XTln6c9/MtT1WXed3FD+M4"
        + "zfOyZqyqumnaroRxmuZlWbcyzuu6n+f7K5wysl3f9UNuWBGO2Knbvu1HVNmV20N5KJqiGZphGZYjlOV4"
        + "jhd4QRREiVBRkiVZkRVVUTVCVU3XdEM3TMO0CDUt27Id2/E6Xp8/JWJgoQcBckCgCAeioMjV4QAXBqDh"
        + "QShsiCFXhyfIWEKNK+AYwy5XBwVBgCALHPwHFB7wA89uhWxHAafRAAAAAElFTkSuQmCC")
    let palette = decoded(
      "iVBORw0KGgoAAAANSUhEUgAAAAcAAAAFBAMAAAB7tOvrAAAAElBMVEWm4n0bzZtcnCpsaLMXV5qMF3u8"
        + "oP4aAAAAIUlEQVR4nGNkENJ7wMgq/4GHxUHgrhyjKO8/Bia+z08FAEi9Bqtys5x+AAAAAElFTkSuQmCC")
    let cifar: [UInt8] = [3] + [UInt8](repeating: 9, count: 3072)
    return [
      Format("png", [interlaced, palette], file: "a.png") { path in
        _ = try ImageFile.read(path: path, mode: .rgb)
      },
      Format(
        "netpbm",
        [Array("P3 # x\n2 1 15 0 5 15 1 2 3".utf8), Array("P5\n3 2\n255\nabcdef".utf8)],
        file: "a.ppm"
      ) { path in _ = try ImageFile.read(path: path) },
      Format("cifar", [cifar, cifar + cifar, pickledCIFAR], file: "a.bin") { path in
        let images = try CIFAR(paths: [path])
        for index in 0..<images.count { _ = images[index] }
      },
      Format("tar", [archive()], file: "a.tar") { path in
        var reader = try WebDataset(paths: [path]).reader(epoch: 0)
        while try reader.next() != nil {}
      },
    ]
  }

  /// A batch of one image as Python 2 wrote it.
  private static var pickledCIFAR: [UInt8] {
    func join(_ parts: [UInt8]...) -> [UInt8] { parts.flatMap { $0 } }
    func plain(_ text: String) -> [UInt8] { Array(text.utf8) }
    func text(_ text: String) -> [UInt8] { join([0x55, UInt8(text.utf8.count)], plain(text)) }
    func small(_ number: UInt8) -> [UInt8] { join(plain("K"), [number]) }
    let labels = join(text("labels"), plain("]("), small(3), plain("e"))
    let array = join(
      plain("cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\n"), small(0), [0x85],
      text("b"), [0x87, 0x52])
    let type = join(
      plain("cnumpy\ndtype\n"), text("u1"), small(0), small(1), [0x87], plain("R("), small(3),
      text("|"), plain("NNN"), small(0), small(0), small(0), plain("tb"))
    let shape = join(plain("("), small(1), small(1), plain("M"), [0, 12, 0x86])
    let elements = join([0x54, 0, 12, 0, 0], [UInt8](repeating: 200, count: 3072))
    return join(
      [0x80, 2], plain("}("), labels, text("data"), array, shape, type, [0x89], elements,
      plain("tbu."))
  }

  /// Two records as they are written.
  private static func archive() -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "torus-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let writer = WebDatasetWriter(prefix: folder.path + "/")
    for key in ["a", "b/c"] {
      try? writer.write(
        ShardRecord(key: key, fields: ["txt": Data("text".utf8), "cls": Data("1".utf8)]))
    }
    try? writer.close()
    return writer.paths.first.flatMap { FileManager.default.contents(atPath: $0) }.map {
      [UInt8]($0)
    }
      ?? []
  }
}
