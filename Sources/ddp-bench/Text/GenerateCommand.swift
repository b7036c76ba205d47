import ArgumentParser
import Base
import Foundation
import Torus

/// `ddp-bench generate`: tokens a second, of reading a prompt and of writing.
struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Times a language model: reading a prompt, and writing token by token.",
    discussion: """
      Prompts are random tokens. What is read in one pass is "pp", what is written behind a single \
      token "tg", each with its number of tokens, as llama-bench reports them. Every written token \
      reads all weights, which gives the bandwidth. --python measures transformers in turn with us.
      """)

  @Argument(
    help: "A model's folder or GGUF file.", completion: .file(),
    transform: { try UserPath.expanded($0) })
  var folder: String

  @Option(help: "Tokens of the prompt.")
  var prompt = 512

  @Option(help: "Tokens to write.")
  var generation = 128

  @Option(help: "The weights' type: float32, bfloat16 or float16; as saved where it is left out.")
  var dtype: String?

  @Option(
    help: """
      Keep the weights of linear layers in blocks of 8 or 4 bits: q8_0, q4_0 or nf4; transformers keeps \
      them as they are.
      """)
  var quantize: String?

  @Option(help: "Compute threads.")
  var threads: Int?

  @Option(help: "How often each is measured.")
  var repetitions = 5

  @OptionGroup var peers: PeerOptions

  private static let types: [String: DType] = [
    "float32": .float32, "bfloat16": .bfloat16, "float16": .float16,
  ]

  private static let formats: [String: BlockTensor.Format] = [
    "q8_0": .q8_0, "q4_0": .q4_0, "nf4": .nf4,
  ]

  mutating func validate() throws {
    guard prompt > 0, generation > 0, repetitions > 0 else {
      throw ValidationError("--prompt, --generation and --repetitions must be positive")
    }
    if let threads, threads < 1 { throw ValidationError("--threads must be positive") }
    if let dtype, Self.types[dtype] == nil {
      throw ValidationError("--dtype is float32, bfloat16 or float16, not \(dtype)")
    }
    if let quantize, Self.formats[quantize] == nil {
      throw ValidationError("--quantize is q8_0, q4_0 or nf4, not \(quantize)")
    }
  }

  func run() throws {
    if let threads { Compute.setThreads(threads) }
    let clock = ContinuousClock()
    var loaded: PretrainedModel?
    let load = try clock.measure {
      let options = PretrainedOptions(dtype: dtype.flatMap { Self.types[$0] })
      loaded = try Pretrained.load(folder, task: .causalLM, options)
    }
    guard let model = loaded as? any GenerativeModel, !model.isEncoderDecoder else {
      throw ValidationError("\(folder) holds no model that tells the next token")
    }
    if let most = model.positionLimit, max(prompt, generation) >= most {
      throw ValidationError(
        "the model has \(most) positions; make --prompt and --generation smaller")
    }
    let count = model.parameterCount
    var bytes = model.parameters().reduce(0) { $0 + $1.count * $1.dtype.size }
    if let format = quantize.flatMap({ Self.formats[$0] }) {
      // What is kept in blocks is no parameter any longer.
      guard model.quantizeLinearWeights(format) > 0 else {
        throw ValidationError("no layer of \(type(of: model)) can be kept in blocks")
      }
      let blocks =
        format.bytes(count - model.parameterCount)
        + BlockTensor.Format.q8_0.bytes(model.quantizeHeads(.q8_0))
      bytes = model.parameters().reduce(blocks) { $0 + $1.count * $1.dtype.size }
    }
    let sizes = String(
      format: "%.1f million parameters, %.1f MB%@, loaded in %.0f ms",
      Double(count) / 1e6, Double(bytes) / 1e6, quantize.map { " (\($0))" } ?? "",
      load / .milliseconds(1))
    StandardStream.output.print("\(type(of: model)): \(sizes); \(Compute.threads) threads")
    let peer = try peers.peer(
      "transformers", ["generate", folder, "\(Compute.threads)"] + (dtype.map { [$0] } ?? []),
      threads: Compute.threads)
    try report("pp", prompt, nil, peer, clock) { try write(model, after: prompt, tokens: 1) }
    try report("tg", generation, bytes, peer, clock) {
      try write(model, after: 1, tokens: generation)
    }
  }

  /// Continues random tokens, by exactly so many.
  private func write(_ model: any GenerativeModel, after length: Int, tokens: Int) throws {
    let generator = Generator(seed: UInt64(length))
    let ids = (0..<length).map { _ in Int(generator.next32() % UInt32(model.vocabularySize)) }
    var config = GenerationConfig()
    (config.maxNewTokens, config.minNewTokens) = (tokens, tokens)
    config.doSample = false
    config.numBeams = 1
    let mask = Tensor.full([1, length], 1, dtype: .int64)
    _ = try model.generate(Tensor([ids]), attentionMask: mask, config: config)
  }

  /// Measures something, behind once that does not count, and prints its tokens a second.
  private func report(
    _ kind: String, _ tokens: Int, _ bytes: Int?, _ peer: TextPeer?, _ clock: ContinuousClock,
    _ body: () throws -> Void
  ) throws {
    var times = TurnedTimes()
    try body()
    _ = try peer?.seconds("\(kind) \(tokens)")
    for _ in 0..<repetitions {
      try times.add(try clock.measure(body) / .seconds(1), peer, "\(kind) \(tokens)")
    }
    let rates = times.ours.map { Double(tokens) / $0 }
    var line = "\(kind)\(tokens)".padding(toLength: 8, withPad: " ", startingAt: 0)
    line += String(
      format: "%10.1f tokens/s (%.1f to %.1f)", Double(tokens) / times.median, rates.min() ?? 0,
      rates.max() ?? 0)
    if let bytes {
      line += String(format: ", %.1f GB/s of weights", Double(tokens * bytes) / times.median / 1e9)
    }
    StandardStream.output.print(line + times.words(Double(tokens), "tokens/s", peer))
  }
}
