import Archives
import Base
import Checkpoints
import Collectives
import Datasets
import Foundation
import NN
import Optimizers
import Tensors
import Training

/// Every format that is read here.
enum Formats {
  static func all(golden: String) -> [Format] {
    func files(_ names: String...) -> [[UInt8]] {
      names.map { [UInt8](FileManager.default.contents(atPath: "\(golden)/\($0)") ?? Data()) }
    }
    return archives(files) + tensors(files) + data + images + records + tokenizers
      + bitsAndBytes + models
  }

  private static func text(_ samples: String...) -> [[UInt8]] { samples.map { Array($0.utf8) } }

  private static func archives(_ files: (String...) -> [[UInt8]]) -> [Format] {
    let member = ZipWriter.Entry(name: "a/b.txt", contents: Data("hello, archive".utf8))
    let zips = [
      ZipWriter.pieces(of: [member, member]),
      ZipWriter.pieces(of: [member], alignment: 64, limit: 1),
    ].map { [UInt8]($0.reduce(Data(), +)) }
    let packed = (try? Gzip.compress(Data(repeating: 65, count: 3_000))) ?? Data()
    return [
      Format("zip", zips + files("compressed.npz")) { bytes, _ in
        let zip = try ZipReader(Data(bytes))
        for entry in zip.entries { _ = try? zip.contents(of: entry) }
      },
      Format("gzip", [[UInt8](packed), [UInt8](packed + packed)]) { bytes, _ in
        _ = try Gzip.decompress(Data(bytes))
      },
    ]
  }

  private static func tensors(_ files: (String...) -> [[UInt8]]) -> [Format] {
    let header =
      #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[8,10]}}"#
    let length = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) }
    let safetensors = length + Array(header.utf8) + [UInt8](repeating: 1, count: 10)
    let pth = files("state.pth", "mixed.pth", "optimizer.pth", "values.pth")
    let pickles = pth.compactMap { file -> [UInt8]? in
      guard let zip = try? ZipReader(Data(file)),
        let entry = zip.entries.first(where: { $0.name.hasSuffix("data.pkl") })
      else { return nil }
      return (try? zip.contents(of: entry)).map { [UInt8]($0) }
    }
    return [
      gguf,
      Format("safetensors", [safetensors], file: "model.safetensors") { path in
        _ = try StateDict(safetensors: path, leftOut: { _ in })
      },
      Format(
        "safetensors-index", text(#"{"metadata":{},"weight_map":{"a":"m.safetensors"}}"#)
      ) { bytes, folder in
        try put(safetensors, "\(folder)/m.safetensors")
        try put(bytes, "\(folder)/m.safetensors.index.json")
        _ = try StateDict(safetensors: "\(folder)/m.safetensors.index.json", leftOut: { _ in })
      },
      Format("pth", pth, file: "model.pth") { path in
        _ = try? PthFile.read(path: path, key: "model")
        let value = try PthFile.read(path: path)
        try PthFile.write(value, to: path)
      },
      // The pickle under a right checksum, beside records of other files.
      Format("pickle", pickles) { bytes, folder in
        let records = (0..<24).map {
          ZipWriter.Entry(name: "a/data/\($0)", contents: Data(count: 8 + 8 * $0))
        }
        let entry = ZipWriter.Entry(name: "a/data.pkl", contents: Data(bytes))
        let pieces = ZipWriter.pieces(of: [entry] + records, alignment: 64)
        try put([UInt8](pieces.reduce(Data(), +)), "\(folder)/model.pth")
        _ = try? StateDict(pth: "\(folder)/model.pth", key: "model")
        _ = try PthFile.read(path: "\(folder)/model.pth")
      },
      Format("npy", files("matrix.npy", "vector.npy", "record.npy"), file: "a.npy") { path in
        _ = try NumpyArray.read(path: path).tensor(path: path)
      },
      Format("npz", files("stored.npz", "compressed.npz"), file: "a.npz") { path in
        for tensor in try NumpyArray.readArchive(path: path, leftOut: { _ in }) {
          _ = try? tensor.tensor(path: path)
        }
      },
    ]
  }

  private static var data: [Format] {
    func bigEndian(_ values: Int...) -> [UInt8] {
      values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }
    }
    let images: [UInt8] = [0, 0, 8, 3] + bigEndian(3, 2, 2) + [UInt8](repeating: 7, count: 12)
    let labels: [UInt8] = [0, 0, 8, 1] + bigEndian(3) + [1, 2, 3]
    let doubles: [UInt8] = [0, 0, 14, 2] + bigEndian(1, 2) + [UInt8](repeating: 63, count: 16)
    let digit = (Array(repeating: "3", count: 64) + ["7"]).joined(separator: ",")
    let letters = "ab\r\ncd €".utf16.flatMap { [UInt8($0 & 255), UInt8($0 >> 8)] }
    let wide: [UInt8] = [0xff, 0xfe] + letters
    return [
      Format("idx", [images, labels, doubles], file: "idx") { path in
        let file = try IDXFile(path: path)
        for index in 0..<min(file.count, 4) { _ = file.record(index) }
      },
      Format("idx-images", [images]) { bytes, folder in
        try put(bytes, "\(folder)/images")
        try put(labels, "\(folder)/labels")
        let data = try IDXImages(images: "\(folder)/images", labels: "\(folder)/labels")
        for index in 0..<min(data.count, 4) { _ = data[index] }
      },
      Format(
        "csv", text("a,\"b\"\"c\",3\r\n\"x\ny\",12\" pipe,-2.5e3\r1,2,3\n", "\u{feff}1;2\n3;4"),
        file: "a.csv"
      ) { path in
        let file = try CSVFile(path: path)
        for index in 0..<file.count {
          _ = try? file[index]
          _ = try? file.numbers(index)
        }
      },
      Format("digits", text("\(digit)\n\(digit)\n"), file: "digits.csv") { path in
        _ = try Digits(path: path)
      },
      Format("labelled-text", text("1 a film\r\n0 bad film\n\n2 good", "\u{feff}0 x"), file: "a") {
        path in
        let sentences = try LabelledSentences(path: path)
        let counts = sentences.countWords(in: [0..<sentences.count])
        _ = try TokenCounts(bytes: counts.bytes)
        _ = Vocabulary(counts: counts)
      },
      Format("text", [wide] + text("some words\r\nand a line é"), file: "a.txt") { path in
        let corpus = try TextCorpus(scanning: path)
        guard try corpus.read(0).unicodeScalars.count == corpus.characterCount else {
          throw Silent(message: "the text has another number of characters than its scan said")
        }
      },
      Format("token-counts", [TokenCounts.sample]) { bytes, _ in
        _ = try TokenCounts(bytes: bytes)
      },
    ]
  }

  private static var records: [Format] {
    let source = SourceFingerprint(
      records: 9,
      files: [.init(name: "a", bytes: 3, records: 4), .init(name: "b", bytes: 9, records: 5)])
    let plans = [
      try? ShardPlan(for: source, worldSize: 2, batchSize: 4, seed: 1, sharding: .file).json(),
      try? ShardPlan(distributedSampler: source, worldSize: 2, batchSize: 4, seed: 1).json(),
    ].compactMap { $0.map { [UInt8]($0) } }
    return [
      Format(
        "json", text(#"{"a":[1,-2.5e3,"x\u00e9\ud83d\ude00",true,null,{}],"b":{"c":[[]]}}"#)
      ) { bytes, _ in _ = try JSONParser.parse(bytes) },
      Format("vocabulary", text("[10,32,97,98]", #"["<pad>","<unk>","a"]"#)) { bytes, _ in
        _ = try? JSONReading.decode(CharacterVocabulary.self, from: Data(bytes))
        _ = try JSONReading.decode(Vocabulary.self, from: Data(bytes))
      },
      Format("shard-plan", plans) { bytes, _ in
        let plan = try ShardPlan(json: Data(bytes))
        try plan.validate(against: source, worldSize: 2)
        for rank in 0..<2 {
          _ = plan.indices(rank: rank, epoch: 1)
          _ = plan.ownedRecords(rank: rank)
        }
        _ = "\(plan)"
      },
      manifest, state, optimizer, trace, flight, metrics,
      Format(
        "calibration",
        text(
          #"{"rows":[{"topology":{"ranks":2,"nodes":1,"sharesMemory":true},"maxBytes":4096,"#
            + #""algorithm":"ring","segmentBytes":0}]}"#), file: "c.json"
      ) { path in
        let table = try AlgorithmTable(path: path)
        _ = table.choose(bytes: 100, on: Topology(ranks: 2, nodes: 1, sharesMemory: true))
      },
    ]
  }
}

extension TokenCounts {
  fileprivate static var sample: [UInt8] {
    var counts = TokenCounts()
    counts.add("ab".utf8, count: 3)
    counts.add("c".utf8)
    return counts.bytes
  }
}
