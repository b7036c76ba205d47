import Tensors

/// Hooks around a module's forward and backward pass.
///
/// They run when the module is called, `layer(x)`, not when its `forward` is. Without hooks a call
/// costs one comparison more.
extension Module {
  /// Has a closure see, and perhaps replace, the inputs before each forward pass
  /// (`register_forward_pre_hook`).
  /// - Parameter hook: Told the module and the tensors that it was called with; what it returns, unless
  ///   nil, takes their place.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerForwardPreHook(
    _ hook: @escaping (_ module: Module, _ inputs: [Tensor]) -> [Tensor]?
  ) -> HookHandle {
    register(\.before, hook)
  }

  /// Has a closure see the inputs before each forward pass.
  @discardableResult
  public func registerForwardPreHook(
    _ hook: @escaping (_ module: Module, _ inputs: [Tensor]) -> Void
  ) -> HookHandle {
    register(\.before) { module, inputs in
      hook(module, inputs)
      return nil
    }
  }

  /// Has a closure see, and perhaps replace, the output after each forward pass
  /// (`register_forward_hook`).
  ///
  /// ```swift
  /// var features: [String: Tensor] = [:]
  /// let handle = model.fc1.registerForwardHook { _, _, output in features["fc1"] = output.detach() }
  /// _ = model(x)
  /// handle.remove()
  /// ```
  /// - Parameter hook: Told the module, the tensors that it was called with, and its output: of a module
  ///   that returns more than one thing the first. What it returns, unless nil, takes the output's
  ///   place.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerForwardHook(
    _ hook: @escaping (_ module: Module, _ inputs: [Tensor], _ output: Tensor) -> Tensor?
  ) -> HookHandle {
    register(\.after, hook)
  }

  /// Has a closure see the output after each forward pass.
  @discardableResult
  public func registerForwardHook(
    _ hook: @escaping (_ module: Module, _ inputs: [Tensor], _ output: Tensor) -> Void
  ) -> HookHandle {
    register(\.after) { module, inputs, output in
      hook(module, inputs, output)
      return nil
    }
  }

  /// Has a closure see, and perhaps replace, the gradients of the inputs whenever a backward pass has
  /// computed them (`register_full_backward_hook`).
  ///
  /// Where no input requires a gradient, it is called when the output's gradient is there.
  /// - Parameter hook: Told the module, its inputs' gradients (nil where an input wants none) and its
  ///   output's; what it returns, unless nil, takes the place of the inputs' gradients.
  /// - Returns: A handle that removes the hook.
  @discardableResult
  public func registerFullBackwardHook(
    _ hook:
      @escaping (_ module: Module, _ gradInputs: [Tensor?], _ gradOutputs: [Tensor?]) ->
      [Tensor?]?
  ) -> HookHandle {
    register(\.backward, hook)
  }

  /// Has a closure see the gradients of inputs and output.
  @discardableResult
  public func registerFullBackwardHook(
    _ hook: @escaping (_ module: Module, _ gradInputs: [Tensor?], _ gradOutputs: [Tensor?]) -> Void
  ) -> HookHandle {
    register(\.backward) { module, inputs, outputs in
      hook(module, inputs, outputs)
      return nil
    }
  }

  private func register<Hook>(
    _ list: ReferenceWritableKeyPath<ModuleHooks, HookList<Hook>>, _ hook: Hook
  ) -> HookHandle {
    require(
      self is any Hookable, "\(type(of: self))",
      "its calls run no hooks: adopt Layer and define forward(_:) in place of callAsFunction, or adopt "
        + "Hookable and run the forward pass inside withHooks")
    let hooks = self.hooks ?? ModuleHooks()
    let id = hooks[keyPath: list].add(hook)
    self.hooks = hooks
    return HookHandle { [weak self] in
      guard let hooks = self?.hooks else { return }
      hooks[keyPath: list].remove(id)
      if hooks.isEmpty { self?.hooks = nil }
    }
  }
}
