import Tensors

/// Runs a body and returns what its time went into, by operation and by the layers of a model.
///
/// ```swift
/// let (_, profile) = profile(model) {
///   F.crossEntropy(model(x), y).backward()
///   optimizer.step()
/// }
/// print(profile)
/// ```
///
/// A layer's row holds what it computes itself, without the layers below it, forward and backward; the
/// model's own row has the name `(model)`.
/// - Parameters:
///   - model: The model whose layers are told apart.
///   - body: What is timed.
public func profile<Result, E: Error>(
  _ model: Module, _ body: () throws(E) -> Result
) throws(E) -> (result: Result, profile: Profile) {
  let recorder = ProfileRecorder()
  let result = try recorder.recording(model, body)
  return (result, recorder.finish())
}

extension ProfileRecorder {
  /// Runs a body and collects what it computes, by a model's layers, too.
  package func recording<Result, E: Error>(
    _ model: Module, _ body: () throws(E) -> Result
  ) throws(E) -> Result {
    let stack = LayerStack(self)
    let handles = model.namedModules().flatMap { name, module -> [HookHandle] in
      guard let module = module as? any Hookable else { return [] }
      return stack.watch(module, name.isEmpty ? "(model)" : name)
    }
    defer { for handle in handles { handle.remove() } }
    return try recording(body)
  }
}

/// The layers whose passes are under way.
private final class LayerStack {
  private let recorder: ProfileRecorder
  private var names: [String] = []

  init(_ recorder: ProfileRecorder) { self.recorder = recorder }

  func watch(_ module: some Hookable, _ name: String) -> [HookHandle] {
    [
      module.registerForwardPreHook { [self] (_: Module, _: [Tensor]) -> Void in
        names.append(name)
        recorder.layer = name
      },
      module.registerForwardHook { [self] (_: Module, _: [Tensor], _: Tensor) -> Void in
        _ = names.popLast()
        recorder.layer = names.last
      },
    ]
  }
}
