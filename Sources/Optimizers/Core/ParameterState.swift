import NN
import Tensors

/// What an optimizer remembers of one parameter (`optimizer.state[p]`): tensors such as running
/// averages, and numbers such as the steps made.
///
/// Entries have PyTorch's names. There are few of them, so finding one is a short walk. Those that
/// ``Optimizer/stateFormat`` keeps in fewer bits are read as copies.
public final class ParameterState {
  /// A tensor as it is kept.
  enum Content {
    case plain(Tensor)
    case compact(CompactTensor)

    var tensor: Tensor {
      switch self {
      case .plain(let tensor): tensor
      case .compact(let tensor): tensor.read()
      }
    }

    /// What a rule works on that sees a range of the parameter's numbers, or all of them.
    func part(_ range: Range<Int>?, of count: Int) -> Tensor {
      switch self {
      case .plain(let tensor):
        guard let range, tensor.count == count else { return tensor }
        return tensor.reshaped([count]).sliced(from: range.lowerBound, to: range.upperBound)
      case .compact(let tensor): return range.map { tensor.read($0) } ?? tensor.read()
      }
    }
  }

  private(set) var entries: [(name: String, content: Content)] = []
  /// The other values.
  public private(set) var values: [(name: String, value: OptionValue)] = []

  /// The memory of a parameter that has not been stepped yet.
  public init() {}

  /// The tensors in the order in which they came to be.
  public var tensors: [(name: String, tensor: Tensor)] {
    entries.map { ($0.name, $0.content.tensor) }
  }

  /// A tensor by name; setting nil forgets it.
  public subscript(name: String) -> Tensor? {
    get { content(name)?.tensor }
    set { self[content: name] = newValue.map { .plain($0) } }
  }

  private func content(_ name: String) -> Content? { entries.first { $0.name == name }?.content }

  private subscript(content name: String) -> Content? {
    get { content(name) }
    set {
      switch (entries.firstIndex { $0.name == name }, newValue) {
      case (let place?, let content?): entries[place].content = content
      case (let place?, nil): entries.remove(at: place)
      case (nil, let content?): entries.append((name, content))
      case (nil, nil): break
      }
    }
  }

  /// A tensor by name, made at its first use.
  public func tensor(_ name: String, else initial: () -> Tensor) -> Tensor {
    if let tensor = self[name] { return tensor }
    let tensor = initial()
    entries.append((name, .plain(tensor)))
    return tensor
  }

  /// A tensor of a parameter's shape and dtype by name, zeros at its first use.
  public func zeros(_ name: String, like parameter: Parameter) -> Tensor {
    tensor(name) { .zeros(like: parameter.value) }
  }

  /// A value that is no tensor; setting nil forgets it.
  public subscript(value name: String) -> OptionValue? {
    get { values.first { $0.name == name }?.value }
    set {
      switch (values.firstIndex { $0.name == name }, newValue) {
      case (let place?, let value?): values[place].value = value
      case (let place?, nil): values.remove(at: place)
      case (nil, let value?): values.append((name, value))
      case (nil, nil): break
      }
    }
  }

  /// The memory of the tensors.
  package var byteCount: Int {
    entries.reduce(0) { sum, entry in
      switch entry.content {
      case .plain(let tensor): sum + tensor.count * tensor.dtype.size
      case .compact(let tensor): sum + tensor.byteCount
      }
    }
  }

  /// Forgets everything.
  package func removeAll() {
    entries = []
    values = []
  }

  /// Counts a step and gives its number, 1 at the first.
  public func countStep() -> Int {
    let step = (self[value: "step"]?.int ?? 0) + 1
    self[value: "step"] = .int(step)
    return step
  }
}

/// Entries in fewer bits.
extension ParameterState {
  /// Keeps all entries in a format, rounded to the nearest, which changes nothing that was in it before.
  package func compact(_ format: StateFormat) {
    for entry in entries {
      guard case .plain(let tensor) = entry.content,
        let compact = format.compacted(entry.name, shape: tensor.shape, tensor.dtype)
      else { continue }
      compact.write(tensor, from: 0, .nearest)
      self[content: entry.name] = .compact(compact)
    }
  }

  /// Brings entries that were kept in another format into this one.
  func convert(to format: StateFormat) {
    var isOther = false
    for entry in entries {
      guard case .compact(let tensor) = entry.content, tensor.format != format else { continue }
      self[content: entry.name] = .plain(tensor.read())
      isOther = true
    }
    if isOther { compact(format) }
  }

  /// Takes over what a rule has made of an entry.
  /// - Parameters:
  ///   - part: The entry, or the numbers of a range of it.
  ///   - range: The numbers that the rule saw; nil for all.
  ///   - shape: The parameter's shape.
  ///   - draws: The rounding of entries that are rounded by draws.
  func keep(
    _ name: String, _ part: Tensor, _ range: Range<Int>?, shape: [Int], _ format: StateFormat,
    draws: Kernel.CompactRounding
  ) {
    let range = part.count == range?.count ? range : nil
    let (start, shape) = (range?.lowerBound ?? 0, range == nil ? part.shape : shape)
    if self[content: name] == nil {
      let compact = format.compacted(name, shape: shape, part.dtype)
      self[content: name] =
        compact.map { .compact($0) }
        ?? .plain(range == nil ? part : .zeros(shape, dtype: part.dtype))
    }
    switch self[content: name] {
    case .compact(let compact): compact.write(part, from: start, compact.isDrawn ? draws : .nearest)
    case .plain(let tensor):
      if let range {
        tensor.reshaped([tensor.count]).sliced(from: range.lowerBound, to: range.upperBound)
          .copyInPlace(part)
      } else {
        self[content: name] = .plain(part)
      }
    case nil: break
    }
  }
}
