import CZlib
import Foundation
import NN
import Reports
import Tensors
import Testing

/// The records of an event file, whose frames are checked against checksums computed bit by bit.
private func records(_ path: String) throws -> [[UInt8]] {
  func checksum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    var crc = ~UInt32(0)
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82f6_3b78 }
    }
    let value = ~crc
    return (value >> 15 | value << 17) &+ 0xa282_ead8
  }
  func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  var result: [[UInt8]] = []
  var place = 0
  while place < bytes.count {
    let length = Int(number(bytes[place..<place + 8]))
    #expect(number(bytes[place + 8..<place + 12]) == UInt64(checksum(bytes[place..<place + 8])))
    let record = bytes[place + 12..<place + 12 + length]
    let end = place + 12 + length
    #expect(number(bytes[end..<end + 4]) == UInt64(checksum(record)))
    result.append(Array(record))
    place = end + 4
  }
  return result
}

/// The summaries of an event file in hexadecimal: what stands behind time, step and the field's number.
private func summaries(_ path: String, step: [UInt8] = []) throws -> [String] {
  try records(path).dropFirst().map { record in
    var rest = record[9...]
    #expect(rest.starts(with: step))
    rest = rest.dropFirst(step.count)
    let field = rest.popFirst()
    // Field 5 of the wire type that has a length.
    #expect(field == UInt8(42))
    while let byte = rest.popFirst(), byte & 0x80 != 0 {}
    return hexadecimal(rest)
  }
}

/// Writes with one writer, and returns the folder's event files.
private func writing(
  _ folder: String, _ body: (SummaryWriter) throws -> Void
) throws -> String {
  let writer = try SummaryWriter(logDir: folder)
  let path = try #require(writer.path)
  try body(writer)
  try writer.close()
  return path
}

@Suite struct SummaryWriterTests {
  @Test func `an event file has TensorFlow's frames and PyTorch's events`() throws {
    try inReportFolder { folder in
      let path = try writing(folder) {
        try $0.addScalar("loss", 0.25, globalStep: 3, walltime: 1.5)
        try $0.addScalar("loss", 0.25, walltime: 1.5)
        try $0.addScalar("count", 300, globalStep: 300, walltime: 2)
      }
      let all = try records(path).map { hexadecimal($0) }
      #expect(all.count == 4)
      // The file's version behind the time.
      #expect(all[0].dropFirst(18) == "1a0d627261696e2e4576656e743a32")
      #expect(all[1] == "09000000000000f83f10032a0d0a0b0a046c6f7373150000803e")
      #expect(all[2] == "09000000000000f83f2a0d0a0b0a046c6f7373150000803e")
      #expect(all[3] == "09000000000000004010ac022a0e0a0c0a05636f756e741500009643")
    }
  }

  @Test func `summaries equal PyTorch's bytes`() throws {
    let expected = try JSONDecoder().decode([String: String].self, from: golden("summaries.json"))
    let values: [Double] = [0, 0.5, 0.5, -2, 3.25, 1e-13, -1e-7, 12345]
    let labels = Tensor([0, 1, 1, 0, 1, 0, 0, 1])
    let predictions = Tensor([0.1, 0.9, 0.4, 0.6, 0.75, 0.0, 0.3, 1.0], dtype: .float64).to(
      .float64)
    let weights = Tensor([1.0, 2.0, 0.5, 1.0, 1.0, 1.0, 3.0, 1.0], dtype: .float64).to(.float64)
    let names = [
      "scalar", "scalar_nan", "scalar_tensor", "scalar_double", "histogram", "histogram_edges",
      "text", "pr_curve", "pr_curve_weighted",
    ]
    try inReportFolder { folder in
      let path = try writing(folder) { writer in
        try writer.addScalar("loss", 0.25)
        try writer.addScalar("loss", Double.nan)
        try writer.addScalar("loss", 0.25, newStyle: true)
        try writer.addScalar("loss", 0.1, doublePrecision: true)
        try writer.addHistogram("weights", values)
        try writer.addHistogram("weights", values, bins: [-2, 0, 0.5, 3.25])
        try writer.addText("note", "a **bold** wörd")
        try writer.addPRCurve("pr", labels: labels, predictions: predictions, numThresholds: 5)
        try writer.addPRCurve(
          "pr", labels: labels, predictions: predictions, numThresholds: 11, weights: weights)
      }
      for (name, summary) in zip(names, try summaries(path)) {
        #expect(summary == expected[name], "\(name)")
      }
      try SummaryWriter(logDir: folder).addHParams(
        ["batch": 32, "lr": 0.001, "optimizer": "adamw"], ["accuracy": 0.9],
        domainDiscrete: ["optimizer": ["sgd", "adamw"]], runName: "trial")
      try SummaryWriter(logDir: folder).addHParams(["lr": 0.001], [:], runName: "one")
      func told(_ run: String) throws -> [String] {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(run)")
        return try summaries("\(folder)/\(run)/\(try #require(files.first))")
      }
      let trial = try told("trial")
      #expect(trial.count == 4)
      #expect(trial[0] == expected["hparams_experiment"])
      // The order of a map's entries is free, so this is compared with one entry.
      #expect(try told("one")[1] == expected["hparams_start"])
      #expect(trial[2] == expected["hparams_end"])
    }
  }

  @Test func `a picture is a PNG file of its pixels, clipped, whatever its dimensions' order`()
    throws
  {
    let values: [Float] = [0, 1, 0.5, -3, 7, .nan, 0.25, 0.75, 1, 0, 0.1, 0.2]
    let image = Tensor(values).reshaped([3, 2, 2])
    let pixels: [UInt8] = [0, 255, 255, 255, 0, 0, 127, 63, 25, 0, 191, 51]
    try inReportFolder { folder in
      let path = try writing(folder) { writer in
        try writer.addImage("x", image)
        try writer.addImage("x", image.permuted([1, 2, 0]), dataformats: "HWC")
        try writer.addImages("x", Tensor(values).reshaped([1, 3, 2, 2]))
      }
      for record in try records(path).dropFirst() {
        let start = try #require(record.firstRange(of: [0x89, 0x50, 0x4e, 0x47])).lowerBound
        let png = Array(record[start...])
        #expect(Array(png[16..<26]) == [0, 0, 0, 2, 0, 0, 0, 2, 8, 2])
        let content = try #require(png.firstRange(of: Array("IDAT".utf8))).upperBound
        var unpacked = [UInt8](repeating: 0, count: 64)
        var count = uLong(unpacked.count)
        #expect(
          uncompress(&unpacked, &count, Array(png[content...]), uLong(png.count - content)) == Z_OK)
        let rows: [UInt8] = [0] + pixels.prefix(6) + [0] + pixels.suffix(6)
        #expect(Array(unpacked.prefix(Int(count))) == rows)
      }
    }
  }

  @Test func `several numbers of a chart have a run each`() throws {
    try inReportFolder { folder in
      _ = try writing(folder) {
        try $0.addScalars("loss/all", ["train set": 1, "test": 2], globalStep: 1, walltime: 1)
        try $0.addScalars("loss/all", ["train set": 3, "test": 4], globalStep: 2, walltime: 2)
      }
      for name in ["loss_all_train_set", "loss_all_test"] {
        let files = try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(name)")
        #expect(files.count == 1)
        #expect(try records("\(folder)/\(name)/\(try #require(files.first))").count == 3)
      }
    }
  }

  @Test func `events wait for company, and flush and close write them`() throws {
    try inReportFolder { folder in
      let writer = try SummaryWriter(logDir: folder, maxQueue: 3, filenameSuffix: ".x")
      let path = try #require(writer.path)
      #expect(path.hasSuffix(".x"))
      func count() throws -> Int { try records(path).count }
      try writer.addScalar("a", 1)
      try writer.addScalar("a", 2)
      #expect(try count() == 1)
      try writer.addScalar("a", 3)
      #expect(try count() == 4)
      try writer.addScalar("a", 4)
      try writer.flush()
      #expect(try count() == 5)
      try writer.addScalar("a", 5)
      try writer.close()
      #expect(try count() == 6)
      // What comes later begins a file of its own.
      try writer.addScalar("a", 6)
      #expect(writer.path != path)
      try writer.close()
      #expect(try count() == 6)
    }
  }

  @Test func `numbers that are not finite leave a histogram readable`() throws {
    try inReportFolder { folder in
      let path = try writing(folder) {
        try $0.addHistogram("w", Tensor([Float.nan, 1, .infinity]))
        try $0.addHistogram("w", Tensor([Float.nan]))
        try $0.addHistogram("w", Tensor.zeros([0]))
      }
      let all = try summaries(path)
      #expect(all.count == 3)
      // min = max = num = sum = sum of squares = 1.
      let one = "000000000000f03f"
      #expect(all[0].contains("09\(one)11\(one)19\(one)21\(one)29\(one)"))
      #expect(all[1] == all[2])
    }
  }

  @Test func `a graph has its operations, parameters by name and shapes`() throws {
    let model = Sequential(Linear(3, 2), ReLU(), Linear(2, 1))
    try inReportFolder { folder in
      let path = try writing(folder) { try $0.addGraph(model, Tensor.zeros([4, 3])) }
      let record = try #require(try records(path).last)
      #expect(record[9] == 4 << 3 | 2)
      for word in [
        "input", "0/weight", "0/bias", "0/linear", "relu", "2/weight", "2/linear", "output",
      ] {
        #expect(record.firstRange(of: Array(word.utf8)) != nil, "\(word)")
      }
    }
  }

  /// With TORUS_TEST_TENSORBOARD=PYTHON, a Python that has TensorBoard's package.
  @Test(
    .enabled(
      if: ProcessInfo.processInfo.environment["TORUS_TEST_TENSORBOARD"] != nil,
      "TORUS_TEST_TENSORBOARD names no Python with TensorBoard's package"))
  func `TensorBoard's own package reads everything back`() throws {
    let python = ProcessInfo.processInfo.environment["TORUS_TEST_TENSORBOARD"] ?? ""
    let script = try #require(
      Bundle.module.url(forResource: "read_events.py", withExtension: nil, subdirectory: "Golden"))
    try inReportFolder { folder in
      let path = try writing(folder) { writer in
        for step in 1...3 {
          try writer.addScalar("loss", 1 / Double(step), globalStep: step, walltime: 10)
        }
        try writer.addScalar("exact", 0.1, globalStep: 7, doublePrecision: true)
        try writer.addHistogram(
          "weights", Tensor([-1.0, 0, 0.5, 2], dtype: .float64), globalStep: 1)
        try writer.addImage("picture", Tensor.ones([3, 4, 5]), globalStep: 2)
        try writer.addText("note", "wörd", globalStep: 1)
        try writer.addPRCurve(
          "pr", labels: Tensor([0, 1]), predictions: Tensor([0.2, 0.8], dtype: .float64),
          numThresholds: 5)
        try writer.addGraph(Sequential(Linear(3, 2), ReLU()), Tensor.zeros([4, 3]))
        try writer.addHParams(["lr": 0.1, "name": "a", "flag": true], ["score": 2], runName: "hp")
      }
      let process = Process()
      process.executableURL = URL(fileURLWithPath: python)
      process.arguments = [script.path, path, "\(folder)/hp"]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
  }

  @Test func `a folder that cannot be made is an error that names it`() throws {
    try inReportFolder { folder in
      let file = "\(folder)/file"
      try Data().write(to: URL(fileURLWithPath: file))
      let error = #expect(throws: SummaryWriterError.self) {
        try SummaryWriter(logDir: "\(file)/x")
      }
      #expect("\(try #require(error))".contains(file))
    }
  }
}
