import Foundation
import Synchronization

/// Tells when an attempt that has fewer workers or hosts than it may have is to end, so that the next one has
/// more.
final class Growth: Sendable {
  /// Seconds between two questions to hosts that did not answer, at least.
  private static let rest = 5.0

  private struct Questions {
    var isAsking = false
    var askedAt = -Double.infinity
    var answered: String?
  }

  /// Seconds from the attempt's start.
  private let after: Double
  /// Whether hosts that are there run fewer workers than they may.
  private let isShort: Bool
  private let missing: [HostEntry]
  private let probe: HostProbe
  private let questions = Mutex(Questions())

  /// - Parameters:
  ///   - after: Seconds that the attempt runs in any case.
  ///   - isShort: Whether hosts that are there run fewer workers than they may.
  ///   - missing: The hosts without which the attempt runs.
  init(after: Double, isShort: Bool, missing: [HostEntry], probe: HostProbe) {
    self.after = after
    self.isShort = isShort
    self.missing = missing
    self.probe = probe
  }

  /// Why the attempt is to end now; nil where it is to go on. Hosts are asked meanwhile, and those that do
  /// not answer are asked again.
  ///
  /// - Parameter seconds: How long the attempt has run.
  func reason(after seconds: Double) -> String? {
    guard seconds >= after else { return nil }
    if isShort { return "some workers were given up" }
    guard !missing.isEmpty else { return nil }
    return questions.withLock { questions in
      if let host = questions.answered { return "host \(host) answers" }
      if !questions.isAsking, seconds - questions.askedAt >= max(Self.rest, after) {
        questions.isAsking = true
        questions.askedAt = seconds
        Thread.detachNewThread { self.ask() }
      }
      return nil
    }
  }

  private func ask() {
    let answers = probe.ask(missing)
    let answered = zip(missing, answers).first { _, answer in
      if case .cores = answer { true } else { false }
    }
    questions.withLock {
      $0.isAsking = false
      $0.answered = answered?.0.name
    }
  }
}
