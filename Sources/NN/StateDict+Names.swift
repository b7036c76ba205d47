import Tensors

/// States of which names are changed or left out; tensors are shared, not copied.
extension StateDict {
  /// Each name as `body` makes it; what it makes nil is left out. Of equal names the last one counts.
  public func renamed(_ body: (String) throws -> String?) rethrows -> StateDict {
    StateDict(
      try compactMap { entry in try body(entry.name).map { ($0, entry.tensor) } })
  }

  /// The entries for which `isIncluded` says so.
  public func filtered(
    _ isIncluded: (_ name: String, _ tensor: Tensor) throws -> Bool
  ) rethrows -> StateDict {
    StateDict(try filter { try isIncluded($0.name, $0.tensor) }.map { ($0.name, $0.tensor) })
  }

  /// Each name behind a prefix: `prefixed("encoder.")`.
  public func prefixed(_ prefix: String) -> StateDict { renamed { prefix + $0 } }

  /// The entries whose names begin with a prefix, without it: `dropping(prefix: "module.")` of what
  /// PyTorch's `DistributedDataParallel` saved.
  ///
  /// Names are compared by their bytes.
  public func dropping(prefix: String) -> StateDict {
    renamed { name in
      guard name.utf8.starts(with: prefix.utf8) else { return nil }
      return String(decoding: name.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
    }
  }
}
