#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Polls eagerly for a while, then sleeps between polls, longer the longer nothing moves.
struct Backoff {
  /// Nanoseconds without headway before the first sleep.
  let patience: UInt64
  /// A sleep lasts at most this part of the time without headway, so that what is waited for is
  /// noticed late by that part at most, and at least 20 µs.
  let share: UInt64
  private var still: UInt64 = 0

  init(patience: UInt64, share: UInt64 = 20) {
    self.patience = patience
    self.share = share
  }

  mutating func pause(moved: Bool, now: UInt64) {
    if moved || still == 0 {
      still = now
      if moved { return }
    }
    let stillness = now &- still
    guard stillness >= patience else { return }
    usleep(UInt32(min(max(stillness / share / 1000, 20), 1000)))
  }
}
