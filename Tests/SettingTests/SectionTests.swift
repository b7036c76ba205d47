import Settings
import Testing

/// Sections of keys as whoever declares them sees them: reading, limits, errors and descriptions.
@Suite("Sections of keys")
struct SectionTests {
  private enum Colour: String, ConfigurationChoice { case red, green }

  private struct Inner: ConfigurationSection {
    var rate = 0.5
    init() {}
    static let fields: [Field<Self>] = [
      Field("rate", \.rate, in: .between(0, 1), "a share")
    ]
  }

  private struct Outer: ConfigurationSection {
    var count = 3
    var colour = Colour.red
    var names: [String] = []
    var inner = Inner()
    init() {}
    static let fields: [Field<Self>] = [
      Field("count", \.count, in: .count(), "how many"),
      Field("colour", \.colour, "which one"),
      Field("names", \.names, "of whom"),
      Field("inner", \.inner),
    ]
  }

  private func node(_ entries: [(String, ConfigurationNode)]) -> ConfigurationNode {
    ConfigurationNode(.section(entries.map { .init($0.0, $0.1) }))
  }
  private func scalar(_ text: String) -> ConfigurationNode { .init(.scalar(text, plain: true)) }

  @Test("what is read is what is written again")
  func round() throws {
    let given = node([
      ("count", scalar("7")), ("colour", scalar("green")),
      ("names", .init(.list([scalar("a"), scalar("b")]))),
      ("inner", node([("rate", scalar("0.25"))])),
    ])
    let section = try Outer(reading: given, at: "outer")
    #expect(section.count == 7 && section.colour == .green && section.names == ["a", "b"])
    #expect(section.inner.rate == 0.25)
    #expect(try Outer(reading: section.written, at: "outer") == section)
    #expect(try Outer(reading: node([]), at: "outer") == Outer())
  }

  @Test("errors name the key by its full path, what was given and what is allowed")
  func errors() {
    func message(_ key: String, _ value: ConfigurationNode) -> String {
      do {
        _ = try Outer(reading: node([(key, value)]), at: "outer")
        return ""
      } catch { return "\(error)" }
    }
    #expect(message("count", scalar("0")).contains("outer.count must be"))
    #expect(message("count", scalar("0")).contains("and 0 was given"))
    #expect(message("count", scalar("many")).contains("outer.count must be a whole number"))
    #expect(message("colour", scalar("blue")).contains("outer.colour"))
    #expect(message("inner", node([("rate", scalar("2"))])).contains("outer.inner.rate"))
    #expect(message("coulour", scalar("red")).contains("did you mean outer.colour?"))
  }

  @Test("descriptions hold every key with its default")
  func descriptions() {
    let keys = Outer.fields.flatMap { $0.describe(Outer(), "outer.\($0.name)") }
    #expect(
      keys.map(\.path) == ["outer.count", "outer.colour", "outer.names", "outer.inner.rate"])
    #expect(keys.map(\.standard) == ["3", "red", "[]", "0.5"])
    #expect(keys[0].help == "how many")
  }
}
