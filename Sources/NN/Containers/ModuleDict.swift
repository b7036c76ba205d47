import Tensors

/// Modules by name, in order of insertion (`torch.nn.ModuleDict`).
///
/// ```swift
/// let heads = ModuleDict<any Layer>(["topic": Linear(8, 3), "tone": Sequential(Linear(8, 2), Tanh())])
/// let y = heads["topic"]?(x)
/// ```
///
/// A dictionary as a module's property does the same, in the order of its keys; here the order is that of
/// insertion, as in PyTorch's state dicts.
public final class ModuleDict<Element>: Module, Sequence {
  private var entries: ModuleEntries<Element>

  /// Modules of one class, or of classes with a common one. Names are not empty, have no dots and are
  /// there once.
  public init(_ modules: KeyValuePairs<String, Element> = [:]) where Element: Module {
    entries = ModuleEntries(modules.map { ($0.key, $0.value) }, of: "ModuleDict")
  }

  /// Layers of any kind.
  public init(_ layers: KeyValuePairs<String, any Layer> = [:]) where Element == any Layer {
    entries = ModuleEntries(layers.map { ($0.key, $0.value) }, of: "ModuleDict")
  }

  /// The modules stand directly below the dictionary's own name.
  public override class var stateNames: [String: String] { ["entries": ""] }

  /// The module of a name; nil where there is none, for which PyTorch raises `KeyError`. Setting an existing name
  /// replaces the module in its place, setting a new one appends it, and nil takes it away.
  public subscript(name: String) -> Element? {
    get { entries.place(name).map { entries.elements[$0] } }
    set {
      switch (entries.place(name), newValue) {
      case (let place?, let module?): entries.elements[place] = module
      case (nil, let module?): entries.append(module, name, of: "ModuleDict")
      case (let place?, nil): _ = entries.remove(at: place)
      case (nil, nil): break
      }
    }
  }

  /// The module of a name as what it is: `heads["tone", as: Sequential.self]`. Stops where there is none, or it is
  /// something else.
  public subscript<Wanted>(name: String, as type: Wanted.Type) -> Wanted {
    guard let module = self[name] else {
      fail("ModuleDict", "there is no module \"\(name)\" among \(entries.names)")
    }
    return typed(module, as: type, "ModuleDict[\"\(name)\"]")
  }

  /// The names in order.
  public var keys: [String] { entries.names }
  /// The modules in order.
  public var values: [Element] { entries.elements }
  /// The number of modules.
  public var count: Int { entries.elements.count }

  /// The names with their modules, in order.
  public func makeIterator() -> AnyIterator<(key: String, value: Element)> {
    var rest = zip(entries.names, entries.elements).makeIterator()
    return AnyIterator { rest.next().map { (key: $0.0, value: $0.1) } }
  }
}
