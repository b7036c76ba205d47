import Tensors

extension Layer {
  /// What the model consists of and what a pass of an input costs, layer by layer (Keras'
  /// `model.summary`, torchinfo's `summary`).
  ///
  /// The pass runs without gradients and in evaluation mode; modes are as before afterwards.
  public func summary(_ input: Tensor) -> ModelSummary {
    summary { model in _ = model(input) }
  }
}

/// What a module of any signature can be asked.
public protocol Summarizable: Module {}

extension Module: Summarizable {}

extension Summarizable {
  /// What the model consists of and what a pass costs, for a model of any signature:
  /// `model.summary { _ = $0(words, lengths: lengths) }`.
  ///
  /// The pass runs without gradients and in evaluation mode; modes are as before afterwards.
  /// - Parameter pass: A forward pass of the model that it is handed.
  public func summary(_ pass: (Self) throws -> Void) rethrows -> ModelSummary {
    let recorder = SummaryRecorder(self)
    let modes = modules().map { ($0, $0.isTraining) }
    defer {
      recorder.finish()
      for (module, isTraining) in modes { module.setMode(isTraining) }
    }
    eval()
    try noGrad { try watchOperations(recorder.note) { try pass(self) } }
    return recorder.summary
  }
}

/// Fills in a summary while a pass runs.
private final class SummaryRecorder {
  private(set) var summary: ModelSummary
  private var places: [ObjectIdentifier: Int] = [:]
  private var isLeaf: [Bool] = []
  private var handles: [HookHandle] = []
  /// The modules whose pass is under way, the innermost last.
  private var stack: [Int] = [0]

  init(_ model: Module) {
    var seen = Set<ObjectIdentifier>()
    var rows: [ModelSummary.Row] = []
    let modules = model.namedModules()
    for (name, module) in modules {
      let own = module.ownParameters.map(\.parameter).filter {
        seen.insert(ObjectIdentifier($0)).inserted
      }
      let above = modules.filter { $0.name.isEmpty ? !name.isEmpty : name.hasPrefix($0.name + ".") }
      places[ObjectIdentifier(module)] = rows.count
      rows.append(
        ModelSummary.Row(
          name: name, type: "\(type(of: module))", depth: above.count,
          parameters: own.reduce(0) { $0 + $1.count },
          trained: own.reduce(0) { $0 + ($1.requiresGrad ? $1.count : 0) },
          bytes: own.reduce(0) { $0 + $1.count * $1.dtype.size }))
      isLeaf.append(module.namedChildren().isEmpty)
    }
    summary = ModelSummary(
      rows: rows,
      bufferBytes: model.namedBuffers().reduce(0) {
        $0 + $1.buffer.value.count * $1.buffer.value.dtype.size
      })
    for (_, module) in modules where module is any Hookable {
      handles.append(module.registerForwardPreHook { [weak self] in self?.enter($0, $1) })
      handles.append(module.registerForwardHook { [weak self] in self?.leave($0, $2) })
    }
  }

  func finish() { for handle in handles { handle.remove() } }

  private func enter(_ module: Module, _ inputs: [Tensor]) {
    stack.append(places[ObjectIdentifier(module)] ?? 0)
  }

  private func leave(_ module: Module, _ output: Tensor) {
    let place = stack.count > 1 ? stack.removeLast() : 0
    summary.rows[place].calls += 1
    if summary.rows[place].outputShape == nil { summary.rows[place].outputShape = output.shape }
    if isLeaf[place] { summary.outputBytes += output.count * output.dtype.size }
  }

  func note(_ operation: TracedOperation) {
    summary.rows[stack.last ?? 0].multiplyAdds += operation.multiplyAdds
  }
}
