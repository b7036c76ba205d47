import Tensors

/// Modules in order, named by their numbers (`torch.nn.ModuleList`).
///
/// ```swift
/// let blocks = ModuleList((0..<4).map { _ in Linear(8, 8) })
/// for block in blocks { x = block(x).relu() }
/// ```
///
/// An array as a module's property does the same; a list is a module itself, with hooks below it, and is
/// changed in place. Layers of several kinds are a `ModuleList<any Layer>`.
public final class ModuleList<Element>: Module, RandomAccessCollection, MutableCollection,
  RepeatingModules
{
  private var entries: ModuleEntries<Element>

  /// Modules of one class, or of classes with a common one.
  public init(_ modules: [Element] = []) where Element: Module { entries = ModuleEntries(modules) }

  /// Modules of one class, or of classes with a common one.
  public init(_ modules: Element...) where Element: Module { entries = ModuleEntries(modules) }

  /// Layers of any kind.
  public init(_ layers: [any Layer] = []) where Element == any Layer {
    entries = ModuleEntries(layers)
  }

  /// The modules stand directly below the list's own name.
  public override class var stateNames: [String: String] { ["entries": ""] }

  /// Adds a module behind the others.
  public func append(_ module: Element) { entries.append(module, of: "ModuleList.append") }

  /// Adds the modules of a list behind the others.
  public func extend(_ modules: some Sequence<Element>) { for module in modules { append(module) } }

  /// Inserts a module before a position; those after it are numbered anew.
  public func insert(_ module: Element, at index: Int) { entries.insert(module, at: index) }

  /// Takes the module at a position away; those after it are numbered anew.
  @discardableResult
  public func remove(at index: Int) -> Element { entries.remove(at: index) }

  /// The position of the first module.
  public var startIndex: Int { 0 }
  /// The position past the last module.
  public var endIndex: Int { entries.elements.count }

  /// The module at a position; stops where there is none.
  public subscript(position: Int) -> Element {
    get { entries.element(position, of: "ModuleList") }
    set { entries.replace(position, by: newValue, of: "ModuleList") }
  }
}
