import NN

/// What a ``CommunicationHook`` remembers between passes, as a checkpoint keeps it.
///
/// A run that goes on with the same ranks hands each of them its whole state back, and goes on bit for
/// bit. With other ranks ``own`` is left out, since nobody can tell whose it would be.
public struct HookState {
  /// Numbers that are alike on all ranks, such as passes.
  public var counts: [String: Int] = [:]
  /// Tensors that are alike on all ranks.
  public var shared = StateDict()
  /// Tensors that are this rank's alone, such as what it lost by compression.
  public var own = StateDict()

  /// Nothing remembered.
  public init() {}
}
