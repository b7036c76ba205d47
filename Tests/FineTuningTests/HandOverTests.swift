import Foundation
import MPITesting
import Testing

/// `ddp-train` with and without `ddp-text` beside it.
@Suite("Commands on pretrained models are handed over")
struct HandOverTests {
  @Test("without the other program, one rank says how it is built", arguments: [0, 2])
  func missing(ranks: Int) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    let alone = "\(sandbox.folder)/ddp-train"
    try FileManager.default.copyItem(atPath: RunSandbox.program, toPath: alone)
    try sandbox.file("run/config.yaml", "task: text-classification\nmodel: bert\n")
    for arguments in [["finetune", "--task", "causal-lm"], ["evaluate", "run"]] {
      let result = try await MPIRun.run(
        alone, arguments, ranks: ranks, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"],
        directory: sandbox.folder)
      #expect(result.status == 69, "\(result.tail)")
      let remedy = "swift build -c release --product ddp-text"
      #expect(result.errors.components(separatedBy: remedy).count == 2, "\(result.tail)")
    }
    let help = try await MPIRun.run(
      alone, ["--help"], ranks: 0, environment: ["PATH": "/usr/bin:/bin"],
      directory: sandbox.folder)
    #expect(
      help.status == 0
        && help.output.contains("built yet: swift build -c release --product ddp-text"))
    #expect(help.output.contains("evaluate  "))
  }

  @Test("beside the other program, help names all commands under the name that was typed")
  func help() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    for words in [["--help"], ["help"]] {
      let result = try await sandbox.train(words, ranks: 0)
      #expect(result.status == 0, "\(result.tail)")
      for command in ["finetune", "generate", "chat", "check", "evaluate", "watch"] {
        #expect(result.output.contains("\n  \(command)  "), "\(command) in \(words)")
      }
      #expect(result.output.contains("ddp-train help <subcommand>"))
    }
    let completions = try await sandbox.train(["--generate-completion-script", "bash"], ranks: 0)
    #expect(completions.output.contains("finetune") && completions.output.contains("_ddp-train"))
  }

  @Test("a configuration that another command trains is said to be that command's")
  func otherKind() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file("run/config.yaml", "task: causal-lm\nmodel: models/gpt2\n")
    for words in [["run", "--resume"], ["run/config.yaml"]] {
      let result = try await sandbox.train(words, ranks: 0)
      #expect(result.status == 2, "\(result.tail)")
      #expect(
        result.errors.contains("run is a configuration of ddp-train finetune")
          || result.errors.contains("config.yaml is a configuration of ddp-train finetune"),
        "\(result.tail)")
    }
    // No text is written by a run that has no model yet.
    let early = try await sandbox.train(["generate", "run", "--prompt", "a"], ranks: 0)
    #expect(early.status == 1 && early.errors.contains("the run has not ended"), "\(early.tail)")
  }

  @Test("a chat template that cannot be read ends the program before there are weights to read")
  func template() async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file(
      "model/tokenizer.json",
      """
      {"version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null,
       "post_processor": null, "decoder": null,
       "model": {"type": "WordLevel", "vocab": {"a": 0, "<unk>": 1}, "unk_token": "<unk>"}}
      """)
    try sandbox.file("model/chat_template.jinja", "{{ messages }}\n{% for a in %}")
    let result = try await sandbox.train(["chat", "\(sandbox.folder)/model"], ranks: 0)
    #expect(result.status == 1, "\(result.tail)")
    #expect(result.errors.contains("chat template, line 2: "), "\(result.tail)")
  }
}
