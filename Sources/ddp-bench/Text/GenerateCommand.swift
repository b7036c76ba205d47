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
      reads all weights, which gives the bandwidth.
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

  @Option(help: "Compute threads.")
  var threads: Int?

  @Option(help: "How often each is measured.")
  var repetitions = 5

  private static let types: [String: DType] = [
    "float32": .float32, "bfloat16": .bfloat16, "float16": .float16,
  ]

  mutating func validate() throws {
    guard prompt > 0, generation > 0, repetitions > 0 else {
      throw ValidationError("--prompt, --generation and --repetitions must be positive")
    }
    if let threads, threads < 1 { throw ValidationError("--threads must be positive") }
    if let dtype, Self.types[dtype] == nil {
      throw ValidationError("--dtype is float32, bfloat16 or float16, not \(dtype)")
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
    let bytes = model.parameters().reduce(0) { $0 + $1.count * $1.dtype.size }
    let sizes = String(
      format: "%.1f million parameters, %.1f MB, loaded in %.0f ms",
      Double(model.parameterCount) / 1e6, Double(bytes) / 1e6, load / .milliseconds(1))
    StandardStream.output.print("\(type(of: model)): \(sizes); \(Compute.threads) threads")
    let reading = try rate(of: prompt, clock) { try write(model, after: prompt, tokens: 1) }
    report("pp\(prompt)", reading, nil)
    let writing = try rate(of: generation, clock) { try write(model, after: 1, tokens: generation) }
    report("tg\(generation)", writing, bytes)
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

  /// Tokens a second of each repetition, in ascending order, behind one that does not count.
  private func rate(
    of tokens: Int, _ clock: ContinuousClock, _ body: () throws -> Void
  ) throws -> [Double] {
    try body()
    return try (0..<repetitions).map { _ in
      Double(tokens) / (try clock.measure(body) / .seconds(1))
    }.sorted()
  }

  private func report(_ name: String, _ rates: [Double], _ bytes: Int?) {
    let median = rates[rates.count / 2]
    var line = name.padding(toLength: 8, withPad: " ", startingAt: 0)
    line += String(
      format: "%10.1f tokens/s (%.1f to %.1f)", median, rates[0], rates[rates.count - 1])
    if let bytes { line += String(format: ", %.1f GB/s of weights", median * Double(bytes) / 1e9) }
    StandardStream.output.print(line)
  }
}
