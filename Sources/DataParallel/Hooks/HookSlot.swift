/// The one communication hook of a model: the user's, or that of ``DataParallelOptions/reduceDtype``.
struct HookSlot {
  private(set) var hook: (any CommunicationHook)?
  private var isRegistered = false

  init(_ options: DataParallelOptions) {
    hook = options.reduceDtype.map {
      CompressionHook($0, over: AllReduceHook(algorithm: options.algorithm))
    }
  }

  /// Takes the user's hook.
  /// - Throws: ``DataParallelError/secondHook(present:refused:)`` where there is one, or
  ///   ``DataParallelError/unsupported(_:)`` beside a reduce type.
  mutating func register(_ hook: any CommunicationHook) throws(DataParallelError) {
    if let present = self.hook {
      guard !isRegistered else {
        throw .secondHook(present: present.name, refused: hook.name)
      }
      throw .unsupported(
        "\(hook.name) cannot be registered where reduceDtype is set: wrap it in a CompressionHook")
    }
    self.hook = hook
    isRegistered = true
  }
}
