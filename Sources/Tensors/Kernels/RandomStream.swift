internal import CKernels

/// PyTorch's CPU generator: a Mersenne twister at a place of its sequence.
typealias RandomStream = torus_rng

extension RandomStream {
  /// The length of ``saved`` in bytes.
  static var byteCount: Int { Int(TORUS_RNG_BYTES) }

  /// Starts a seed's sequence.
  mutating func start(seed: UInt64) { torus_rng_seed(&self, seed) }

  /// The bytes of `torch.get_rng_state()`.
  var saved: [UInt8] {
    var stream = self
    return [UInt8](unsafeUninitializedCapacity: RandomStream.byteCount) { buffer, count in
      if let base = buffer.baseAddress { torus_rng_save(&stream, base) }
      count = RandomStream.byteCount
    }
  }

  /// Takes up a saved state; false where the bytes are none.
  mutating func load(_ bytes: [UInt8]) -> Bool { torus_rng_load(&self, bytes, bytes.count) }

  /// The next 32 random bits.
  mutating func next32() -> UInt32 { torus_rng_next32(&self) }
}
