import Settings
import Testing

@Suite("Registries of what configurations name")
struct RegistryTests {
  private struct Shape: Registrable {
    static let registry = Registry<Shape>("shape", [.square])
    static let square = Shape("square", sides: 4)
    let variant: Variant
    let sides: Int

    init(_ name: String, sides: Int) {
      variant = Variant(name, "\(sides) sides", NoOptions.self)
      self.sides = sides
    }
  }

  @Test("an entry that is added is found, and one of the same name takes its place")
  func adding() throws {
    let registry = Registry<Shape>("shape", [.square])
    registry.register(Shape("triangle", sides: 3))
    registry.register(Shape("square", sides: 5))
    #expect(registry.entries.map(\.name) == ["square", "triangle"])
    #expect(registry["square"]?.sides == 5 && registry["circle"] == nil)
    #expect(try registry.entry(for: Selection("triangle", NoOptions())).sides == 3)
  }

  @Test("a name that is not there gets the nearest one and all that there are")
  func unknown() {
    let error = #expect(throws: ConfigurationError.self) {
      try Shape.registry.entry(for: Selection("sqare", NoOptions()))
    }
    #expect(
      error
        == .unknownChoice(
          "shape", .unwritten, given: "sqare", nearest: "square", known: ["square"]))
  }
}
