import Foundation

/// `conformance KIND PATH`: runs a folder of cases with known answers against the library.
///
/// Tests of what the library computes live with its rooms; this executable judges it from outside,
/// by cases that other programs wrote, through the public interface alone.
@main
struct Conformance {
  static func main() {
    if CommandLine.arguments.dropFirst().contains(where: { ["-h", "--help"].contains($0) }) {
      print(Options.usage)
      return
    }
    do {
      let options = try Options(CommandLine.arguments)
      guard let kind = kinds[options.kind] else {
        throw RunnerError("unknown kind \"\(options.kind)\"; one of \(kindNames)")
      }
      let suite = try kind(options.path, options)
      if let position = options.workerPosition {
        Worker(suite: suite, options: options).run(from: position)
      } else {
        let passed = try Supervisor(suite: suite, options: options).run()
        exit(passed ? 0 : 1)
      }
    } catch {
      Output.error("conformance: \(error)")
      Output.error(Options.usage)
      exit(2)
    }
  }

  /// The kinds of cases, by the name that the command line takes.
  private static var kinds: [String: (URL, Options) throws -> any Suite] {
    [
      "ops": { try OperatorSuite(folder: $0, options: $1) },
      "fuzz": { try FuzzSuite(folder: $0, options: $1) },
      "empties": { try EmptySuite(folder: $0, options: $1) },
      "derivatives": { try DerivativeSuite(folder: $0, options: $1) },
      "optimizers": { url, _ in try OptimizerSuite(url) },
      "replay": { try ReplaySuite(folder: $0, options: $1) },
      "random": { try RandomSuite(path: $0, options: $1) },
      "safetensors": { try SafetensorsSuite(path: $0, options: $1) },
      "sampler": { try SamplerSuite(path: $0, options: $1) },
      "schedulers": { url, _ in try SchedulerSuite(url) },
      "hub": { try HubSuite(path: $0, options: $1) },
      "tokenizers": { url, _ in try TokenizerSuite(url) },
      "calls": { url, _ in try CallSuite(url) },
      "chat": { url, _ in try ChatSuite(url) },
      "legacy": { url, _ in try LegacySuite(url) },
      "collators": { url, _ in try CollatorSuite(url) },
      "metrics": { url, _ in try MetricSuite(url) },
      "trainer": { url, _ in try TrainerSuite(url) },
      "schedules": { url, _ in try ScheduleSuite(url) },
      "models": { try ModelSuite(path: $0, options: $1) },
      "modules": { try ModuleSuite(folder: $0, options: $1) },
      "generation": { url, _ in try GenerationSuite(path: url) },
      "gguf": { url, _ in try GgufSuite(path: url) },
      "lora": { url, _ in try LoraSuite(path: url) },
      "sentence": { url, _ in try SentenceSuite(path: url) },
      "real": { url, _ in try RealSuite(path: url) },
      "processors": { url, _ in try ProcessorSuite(path: url) },
    ]
  }

  private static var kindNames: String { kinds.keys.sorted().joined(separator: ", ") }
}
