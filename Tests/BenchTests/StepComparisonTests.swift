import Base
import Foundation
import Testing
import ddp_bench

/// Steps beside a peer's: who answers, who does not, and what is made of it.
@Suite("Comparisons of steps")
struct StepComparisonTests {
  private func peer(_ script: String) throws -> StepProcess {
    try StepProcess(
      "the peer", URL(fileURLWithPath: "/bin/sh"), ["-c", script], threads: 1)
  }

  @Test("a model is measured, counted and profiled")
  func measured() throws {
    var benchmark = try #require(StepBenchmark.make("mlp_sgd"))
    var times = benchmark.measure(seconds: 0.01)
    let line = times.json("mlp_sgd", threads: 1, precision: .f32)
    let value = try JSONParser.parse(Array(line.utf8))
    #expect(value["model"]?.string == "mlp_sgd" && (value["steps"]?.int ?? 0) >= 5)
    #expect(value["efficiency"] == nil)
    times.efficiency = 0.75
    #expect(times.json("mlp_sgd", threads: 2, precision: .f32).contains(#""efficiency": 0.75"#))
    let median = try #require(value["median_s"]?.double)
    let gflops = try #require(value["gflops"]?.double)
    // Three times the forward pass: 2 · 64 · (784 · 128 + 128 · 10).
    #expect(abs(gflops * median * 1e9 / 39_026_688 - 1) < 0.02)
    let parts = ["forward", "backward", "optimizer"].compactMap { value[$0]?.double }
    #expect(parts.count == 3 && abs(parts.reduce(0, +) - 1) < 0.001)
    #expect(benchmark.profile(steps: 1).contains("cross_entropy"))
    #expect(StepBenchmark.make("vgg") == nil)
    #expect(StepModels.all.count == 9)
  }

  @Test("a peer answers every question, and ratios are medians over the rounds")
  func rounds() throws {
    let peer = try peer(
      #"n=0; while read s; do n=$((n + 1)); echo "{\"median_s\": 0.$n, \"peak_mb\": $n}"; done"#)
    var row = StepComparison(name: "gptb", threads: 2, precision: .bf16)
    for ours in [0.05, 0.05, 0.1] {
      let mine = JSONValue.object([
        .init(name: "median_s", value: .number("\(ours)")),
        .init(name: "peak_mb", value: .number("7")),
      ])
      row.add(mine, try peer.measure(seconds: 0.5))
    }
    // 0.1 / 0.05, 0.2 / 0.05 and 0.3 / 0.1.
    #expect(abs(row.ratio - 3) < 1e-9)
    #expect(row.row.hasPrefix("| gptb | bf16 | 2 | 50.00 | 200.00 | 3.00 |"))
    #expect(row.row.hasSuffix("| 7 / 3 |"))
    #expect(StepComparison.summary(of: [row]).contains("bf16, 2 threads: 3.00 times as fast"))
    #expect((try? JSONParser.parse(Array(row.json.utf8)))?["rounds"]?.int == 3)
  }

  @Test("losses may be as far from PyTorch's as its own of mixed precision are, twice")
  func losses() throws {
    func comparison(_ ours: [Double], _ theirs: [Double], _ exact: [Double]?) -> LossComparison {
      LossComparison(
        name: "gptb", precision: exact == nil ? .f32 : .bf16, ours: ours, theirs: theirs,
        exact: exact)
    }
    #expect(comparison([2, 1.00009], [2, 1], nil).isWithin)
    #expect(!comparison([2, 1.00011], [2, 1], nil).isWithin)
    #expect(!comparison([2], [2, 1], nil).isWithin)
    #expect(!comparison([2, .nan], [2, 1], nil).isWithin)
    // PyTorch's other kernels end a hundredth away.
    var chaotic = comparison([2, 1.019], [2, 1], nil)
    #expect(!chaotic.isWithin)
    chaotic.plain = [2, 1.01]
    #expect(chaotic.isWithin)
    chaotic.plain = [2, 1.009]
    #expect(!chaotic.isWithin)
    chaotic.plain = []
    #expect(!chaotic.isWithin)
    // PyTorch's own is a hundredth away.
    #expect(comparison([2, 1.019], [2, 1.01], [2, 1]).isWithin)
    #expect(!comparison([2, 1.021], [2, 1.01], [2, 1]).isWithin)
    let benchmark = try #require(StepBenchmark.make("mlp_adam"))
    let losses = benchmark.losses(steps: 3)
    #expect(losses.count == 3 && losses[2] < losses[0] && losses[0] < 3)
  }

  @Test(
    "a peer that ends or says something else is a failure that names it",
    arguments: [("exit 3", "ended with code 3"), ("read s; echo hello", "\"hello\"")])
  func failures(script: String, message: String) throws {
    let peer = try peer(script)
    let failure = try #require(throws: StepProcess.Failure.self) {
      _ = try peer.measure(seconds: 0.1)
    }
    #expect(failure.description.contains(message) && failure.description.contains("the peer"))
  }
}
