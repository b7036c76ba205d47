import Foundation
import MPITesting
import Testing

/// `ddp-train`'s commands that show runs, as they are typed.
@Suite struct ReportCommandTests {
  private func withRun(_ body: (RunSandbox) async throws -> Void) async throws {
    let sandbox = try RunSandbox()
    defer { sandbox.remove() }
    try sandbox.file(
      "run/metrics.jsonl",
      """
      {"event": "step", "step": 10, "train_loss": 2.5}
      {"event": "step", "step": 20, "train_loss": 1.5}

      """)
    try sandbox.file("run/config.yaml", "seed: 1\n")
    try await body(sandbox)
  }

  @Test func `report writes a page into the run directory, or where it is told to`() async throws {
    try await withRun { sandbox in
      let result = try await sandbox.train(["report", "run"], ranks: 0)
      #expect(result.status == 0 && result.output.contains("run/report.html"))
      let page = try String(contentsOfFile: "\(sandbox.folder)/run/report.html", encoding: .utf8)
      #expect(page.contains("train_loss"))
      let other = try await sandbox.train(["report", "run", "run", "-o", "two.html"], ranks: 0)
      #expect(other.status == 0)
      #expect(FileManager.default.fileExists(atPath: "\(sandbox.folder)/two.html"))
      let missing = try await sandbox.train(["report", "none"], ranks: 0)
      #expect(missing.status == 1 && missing.errors.contains("there is no run folder none"))
      let unwritable = try await sandbox.train(["report", "run", "-o", "no/x.html"], ranks: 0)
      #expect(unwritable.status == 1 && unwritable.errors.contains("no/x.html cannot be written"))
    }
  }

  @Test func `plot draws as wide as 80 columns where there is no terminal`() async throws {
    try await withRun { sandbox in
      let result = try await sandbox.train(["plot", "run"], ranks: 0)
      #expect(result.status == 0 && result.output.contains("train_loss  last 1.5"))
      #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 80 })
      let csv = try await sandbox.train(["plot", "run", "--csv"], ranks: 0)
      #expect(csv.output.contains("run,step,train_loss"))
      let unknown = try await sandbox.train(["plot", "run", "--metric", "x"], ranks: 0)
      #expect(unknown.status == 1 && unknown.errors.contains("there is no metric x"))
    }
  }

  @Test func `versions and completions are the program's own`() async throws {
    try await withRun { sandbox in
      let version = try await sandbox.train(["--version"], ranks: 0)
      #expect(version.status == 0 && version.output.contains("ddp-train 0."))
      for shell in ["bash", "zsh", "fish"] {
        let script = try await sandbox.train(["--generate-completion-script", shell], ranks: 0)
        #expect(script.status == 0 && script.output.contains("report"), "\(shell)")
      }
    }
  }
}
