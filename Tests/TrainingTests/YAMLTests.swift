import Foundation
import Optimizers
import Settings
import Testing
import Training

@Suite struct YAMLTests {
  private func node(_ yaml: String) throws -> ConfigurationNode {
    try ConfigurationNode(yaml: yaml, path: "job.yaml")
  }

  private func inline(_ yaml: String) throws -> String {
    try node(yaml).yaml.split(separator: "\n").map { $0.drop { $0 == " " } }
      .joined(separator: "; ")
  }

  @Test(arguments: [
    // A section, a list of them of which the earlier counts, and own keys, which always count.
    ("x-a: &a {p: 1, q: 2}\nm: {<<: *a}", "m:; p: 1; q: 2"),
    ("x-a: &a {p: 1, q: 2}\nm: {q: 3, <<: *a}", "m:; p: 1; q: 3"),
    ("x-a: &a {p: 1}\nx-b: &b {p: 2, q: 2}\nm: {<<: [*a, *b]}", "m:; p: 1; q: 2"),
    ("x-a: &a {p: 1}\nx-b: &b {<<: *a, q: 2}\nm:\n  <<: *b\n  r: 3", "m:; p: 1; q: 2; r: 3"),
    ("m: {<<: {p: 1}}", "m:; p: 1"),
    // A merge is not deep.
    ("x-a: &a {p: {s: 1, t: 2}}\nm: {<<: *a, p: {s: 3}}", "m:; p:; s: 3"),
    // In quotes it is a key like any other.
    ("m: {\"<<\": 1}", "m:; <<: 1"),
    // At the top, where anchors lie.
    (".a: &a {steps: 3}\n<<: *a\nseed: 1", "steps: 3; seed: 1"),
  ])
  func `merge keys are what they name`(yaml: String, expected: String) throws {
    #expect(try inline(yaml) == expected)
  }

  @Test func `keys at the top that begin with x- or a dot are there for anchors`() throws {
    let run = try RunConfiguration(
      reading: node(
        """
        .defaults: &small
          batch_size: 8
          optimizer: &adam {name: adam, lr: 1e-2}
        x-notes: {anything: [goes, 1]}
        <<: *small
        model: digits-cnn
        data: digits
        optimizer: {<<: *adam, lr: 1e-3}
        """))
    #expect(run.batchSize == 8)
    #expect(try run.optimizer.options(AdamOptions.self).lr == 1e-3)
    #expect {
      try RunConfiguration(reading: node("model: digits-cnn\ndata: {name: digits, x-a: 1}"))
    } throws: { "\($0)".contains("unknown key data.x-a") }
  }

  @Test(arguments: ["<<: 3", "<<: [1]", "m: {<<: text}", "<<: [{a: 1}, 2]"])
  func `a merge of anything else is refused`(yaml: String) {
    #expect { try node(yaml) } throws: { "\($0)".contains("<< takes a section") }
  }

  /// Nine levels of nine aliases each: 387 million values in a few hundred bytes.
  private func bomb(_ level: (_ name: String, _ aliases: [String]) -> String) -> String {
    var text = "x0: &x0 {k: v}\n"
    for index in 1...9 {
      text += level("x\(index)", [String](repeating: "*x\(index - 1)", count: 9)) + "\n"
    }
    return text
  }

  @Test func `aliases that stand for too much are refused at once`() {
    let bombs = [
      bomb { "\($0): &\($0) [\($1.joined(separator: ", "))]" },
      bomb { name, aliases in
        "\(name): &\(name) {"
          + aliases.enumerated().map { "k\($0.offset): \($0.element)" }.joined(separator: ", ")
          + "}"
      },
      // Merge keys are no way around.
      bomb { name, aliases in
        "\(name): &\(name) {<<: [\(aliases.joined(separator: ", "))], \(name)k: 1}"
      },
    ]
    for bomb in bombs {
      #expect { try node(bomb) } throws: { "\($0)".contains("stands for more than 100000 values") }
    }
    let keys = bomb { "\($0): &\($0) [\($1.joined(separator: ", "))]" } + "? *x9\n: 1\n*x9 : 2\n"
    #expect { try node(keys) } throws: { "\($0)".contains("a key must be a word") }
  }

  @Test func `what lies too deep or is too long is refused`() {
    let deep = String(repeating: "[", count: 150) + String(repeating: "]", count: 150)
    #expect { try node("a: \(deep)") } throws: { "\($0)".contains("100 deep") }
    let deeper = String(repeating: "[", count: 200_000)
    #expect(throws: ConfigurationError.self) { try node("a: \(deeper)") }
    let long = "a: \(String(repeating: "b", count: 2 << 20))"
    #expect { try node(long) } throws: { "\($0)".contains("more than the 1048576") }
  }
}
