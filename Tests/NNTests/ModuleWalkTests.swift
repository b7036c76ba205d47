import Foundation
import NN
import Optimizers
import TensorTesting
import Tensors
import Testing

/// Where layers may stand in a module, and what ends every walk through it.
@Suite("Finding a module's parameters")
struct ModuleWalkTests {
  struct Pair {
    let inner = Linear(2, 2, bias: false)
    let scale = 3
  }

  enum Head {
    case dense(Linear)
    case split(left: Linear, right: Linear)
    case none
  }

  final class Holder {
    let inner = Linear(2, 2, bias: false)
    var again: Holder?
  }

  final class Containers: Module {
    let pair = (Linear(2, 2, bias: false), Linear(2, 2, bias: false))
    let named = (query: Linear(2, 2, bias: false), width: 2)
    let byWidth = [10: Linear(2, 2, bias: false), 9: Linear(2, 2, bias: false)]
    let byName = ["de": Linear(2, 2, bias: false)]
    let block = Pair()
    let blocks = [Pair(), Pair()]
    let head = Head.dense(Linear(2, 2, bias: false))
    let split = Head.split(left: Linear(2, 2, bias: false), right: Linear(2, 2, bias: false))
    let empty = Head.none
    let holder = Holder()
    lazy var later = Linear(2, 2, bias: false)
    let numbers = [1.0, 2.0]
    let closure = { (x: Tensor) in x }

    override init() {
      super.init()
      holder.again = holder
      _ = later
    }
  }

  /// Properties of which only the value tells whether there are layers in them.
  class Choices: Module {
    var head = Head.none
    var act: any Layer = ReLU()
    var extra: Linear?
    var more: [Linear] = []
    var anything: Any = 3
    let width: Int? = nil
  }

  final class Deep: Choices {
    let last = Linear(2, 2, bias: false)
    static override var stateNames: [String: String] { ["extra": "side", "last": "out"] }
  }

  final class Told: Module, CustomReflectable {
    let hidden = Linear(2, 2, bias: false)
    let shown = Linear(2, 2, bias: false)
    var customMirror: Mirror { Mirror(self, children: ["shown": shown]) }
  }

  @Test("each object of a class is looked at by itself")
  func objects() {
    func layer() -> Linear { Linear(2, 2, bias: false) }
    func names(_ model: Module) -> [String] { model.namedParameters().map(\.name) }
    let (empty, full) = (Deep(), Deep())
    #expect(names(empty) == ["out.weight"])
    full.head = .dense(layer())
    full.act = layer()
    full.extra = layer()
    full.more = [layer(), layer()]
    full.anything = ["a": layer()]
    #expect(
      names(full) == [
        "head.dense.weight", "act.weight", "side.weight", "more.0.weight", "more.1.weight",
        "anything.a.weight", "out.weight",
      ])
    full.extra = nil
    full.more = []
    full.head = .none
    #expect(names(full) == ["act.weight", "anything.a.weight", "out.weight"])
    #expect(names(empty) == ["out.weight"] && names(Choices()) == [])
    #expect(names(Told()) == ["shown.weight"])
  }

  @Test("layers in tuples, dictionaries, structs, cases, objects and lazy properties are found")
  func containers() {
    let expected = [
      "pair.0.weight", "pair.1.weight", "named.query.weight", "by_width.9.weight",
      "by_width.10.weight", "by_name.de.weight", "block.inner.weight", "blocks.0.inner.weight",
      "blocks.1.inner.weight", "head.dense.weight", "split.split.left.weight",
      "split.split.right.weight", "holder.inner.weight", "later.weight",
    ]
    let model = Containers()
    #expect(model.namedParameters().map(\.name) == expected)
    #expect(model.stateDict().names == expected)
    #expect(model.parameters().count == expected.count)
  }

  final class Unmade: Module {
    lazy var fc = Linear(2, 2)
    lazy var blocks = [Linear(2, 2)]
  }

  final class Unordered: Module {
    struct Key: Hashable {
      let layer: Linear
      static func == (a: Key, b: Key) -> Bool { a.layer === b.layer }
      func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(layer)) }
    }
    let layers: Set<Key> = [Key(layer: Linear(2, 2))]
  }

  @Test("a lazy layer that has not been made is refused by name")
  func unmade() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Unmade().parameters() }
    #expect(says("Unmade.fc: has not been made yet", result))
    let list = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      let model = Unmade()
      _ = model.fc
      _ = model.stateDict()
    }
    #expect(says("Unmade.blocks: has not been made yet", list))
  }

  @Test("a set of layers is refused by name")
  func unordered() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) { _ = Unordered().stateDict() }
    #expect(says("Unordered.layers: is a set", result))
  }

  private func says(_ words: String, _ result: ExitTest.Result?) -> Bool {
    String(decoding: result?.standardErrorContent ?? [], as: UTF8.self).contains(words)
  }

  final class Child: Module {
    let fc = Linear(2, 2, bias: false)
    weak var parent: Family?
    var strong: Family?
    unowned var owner: Family
    var brother: Child?
    init(_ owner: Family) { self.owner = owner }
  }

  final class Family: Module {
    var first: Child?
    var second: Child?
    override init() {
      super.init()
      (first, second) = (Child(self), Child(self))
      first?.parent = self
      first?.strong = self
      first?.brother = second
      second?.brother = first
    }
  }

  @Test("a child that refers to its parent or its brother ends no walk and makes none endless")
  func cycles() {
    let family = Family()
    defer { family.first?.strong = nil }
    #expect(
      family.namedParameters().map(\.name) == ["first.fc.weight", "first.brother.fc.weight"])
    #expect(
      family.stateDict().names
        == ["first.fc.weight", "first.brother.fc.weight", "second.fc.weight"])
    #expect(family.modules().count == 5)
    #expect(family.description.contains("(brother): Child("))
    #expect(family.description.count < 400)
    family.eval()
    #expect(family.first?.isTraining == false && family.second?.fc.isTraining == false)
    family.train()
    // As in PyTorch, the one that two refer to is visited from both.
    var visits = 0
    family.apply { _ in visits += 1 }
    #expect(visits == 7 && family.namedChildren().map(\.name) == ["first", "second"])
    #expect(family.first?.parameters().count == 2)
  }

  final class Tied: Module {
    let encoder: Linear
    let decoder: Linear
    let head: Parameter
    override init() {
      encoder = Linear(2, 2, bias: false)
      decoder = encoder
      head = encoder.weight
    }
  }

  @Test("a shared module is found once, and state dicts keep all its names, as in PyTorch")
  func tied() throws {
    let model = Tied()
    #expect(model.namedParameters().map(\.name) == ["head"])
    #expect(model.namedModules().map(\.name) == ["", "encoder"])
    #expect(model.stateDict().names == ["head", "encoder.weight", "decoder.weight"])
    try model.load(model.stateDict())
  }

  @Test("a head that is given a table's weight has one parameter with it, under both names")
  func tiedHead() throws {
    let (table, head) = (Embedding(5, 3), Linear(3, 5, bias: false))
    head.weight = table.weight
    let model = Sequential(table, head)
    #expect(model.namedParameters().map(\.name) == ["0.weight"])
    #expect(model.stateDict().names == ["0.weight", "1.weight"])
    try model.load(["0.weight": Tensor.ones([5, 3])])
    #expect(head.weight.value.sum().item() == 15)

    model(Tensor([1, 2])).sum().backward()
    // Σᵢⱼ wⱼ·w_xᵢ: the head gives each row w₁ + w₂, and the table rows 1 and 2 the sum of all.
    let gradient = try #require(table.weight.grad)
    #expect(gradient.array(of: Float.self) == [2, 2, 2, 7, 7, 7, 7, 7, 7, 2, 2, 2, 2, 2, 2])
  }

  @Test("asking for parameters changes nothing; optimizers of named ones keep their names")
  func pure() {
    let model = Linear(2, 2, bias: false)
    _ = model.namedParameters()
    #expect(SGD(model.parameters(), lr: 0.1).groups[0].names == [nil])
    let named = SGD([ParameterGroup(model.namedParameters())], lr: 0.1)
    #expect(named.groups[0].names == ["weight"])
    #expect(SGD(model.parameters(), lr: 0.1).groups[0].names == ["weight"])
  }
}
