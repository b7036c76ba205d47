import Tensors

/// Layers one after the other (`torch.nn.Sequential`); names are `0`, `1`, … or those given.
///
/// ```swift
/// let model = Sequential(Linear(784, 128), ReLU(), Lambda { $0 * 2 }, Linear(128, 10))
/// let named = Sequential(["fc1": Linear(784, 128), "act": ReLU()])
/// named.append(Linear(128, 10), named: "fc2")
/// named["fc1", as: Linear.self].weight.shape       // [128, 784]
/// ```
public final class Sequential: Module, Layer {
  private var entries: ModuleEntries<any Layer>

  /// Layers in order.
  public init(_ layers: any Layer...) { entries = ModuleEntries(layers) }

  /// Layers in order, from a list.
  public init(_ layers: [any Layer]) { entries = ModuleEntries(layers) }

  /// Named layers in order (`OrderedDict`). Names are not empty, have no dots and are there once.
  public init(_ layers: KeyValuePairs<String, any Layer>) {
    entries = ModuleEntries(layers.map { ($0.key, $0.value) }, of: "Sequential")
  }

  /// The layers in order. One in another's place keeps its name; more or fewer layers are numbered anew.
  public var layers: [any Layer] {
    get { entries.elements }
    set { entries.elements = newValue }
  }

  /// The layers stand directly below the sequence's own name.
  public override class var stateNames: [String: String] { ["entries": ""] }

  /// Every layer's output is the next one's input.
  public func forward(_ x: Tensor) -> Tensor { entries.elements.reduce(x) { $1($0) } }

  /// Adds a layer behind the others, by default under its number.
  @discardableResult
  public func append(_ layer: any Layer, named name: String? = nil) -> Self {
    entries.append(layer, name, of: "Sequential.append")
    return self
  }

  /// Adds a function behind the others, by default under its number.
  @discardableResult
  public func append(
    named name: String? = nil, _ function: @escaping (Tensor) -> Tensor
  ) -> Self {
    append(Lambda(function), named: name)
  }

  /// Adds the layers of a list behind the others.
  @discardableResult
  public func extend(_ layers: some Sequence<any Layer>) -> Self {
    for layer in layers { append(layer) }
    return self
  }

  /// Inserts a layer before a position.
  public func insert(_ layer: any Layer, at index: Int) { entries.insert(layer, at: index) }

  /// Takes the layer at a position away.
  @discardableResult
  public func remove(at index: Int) -> any Layer { entries.remove(at: index) }

  /// The number of layers.
  public var count: Int { entries.elements.count }

  /// The layer at a position; stops where there is none.
  public subscript(index: Int) -> any Layer {
    get { entries.element(index, of: "Sequential") }
    set { entries.replace(index, by: newValue, of: "Sequential") }
  }

  /// The layer at a position as what it is: `model[0, as: Linear.self].weight`.
  public subscript<Wanted>(index: Int, as type: Wanted.Type) -> Wanted {
    typed(self[index], as: type, "Sequential[\(index)]")
  }

  /// The layer of a name; nil where there is none.
  public subscript(name: String) -> (any Layer)? {
    entries.place(name).map { entries.elements[$0] }
  }

  /// The layer of a name as what it is: `model["fc1", as: Linear.self].weight`. Stops where there is none, or it is
  /// something else.
  public subscript<Wanted>(name: String, as type: Wanted.Type) -> Wanted {
    guard let layer = self[name] else {
      fail("Sequential", "there is no layer \"\(name)\" among \(entries.names)")
    }
    return typed(layer, as: type, "Sequential[\"\(name)\"]")
  }

  /// Some of the layers, which they share: `model[0..<2]`.
  public subscript(range: some RangeExpression<Int>) -> Sequential {
    Sequential(Array(entries.elements[range.relative(to: entries.elements)]))
  }
}
