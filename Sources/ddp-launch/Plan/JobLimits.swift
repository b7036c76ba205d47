/// The largest job that is taken for one: a number beyond is a mistake, and is refused where it is read,
/// so that sums and products of such numbers stay small.
package enum JobLimits {
  /// Workers on one host.
  package static let workersPerHost = 1 << 16
  /// Hosts of a job.
  package static let hosts = 1 << 16
  /// Workers of a job.
  package static let workers = 1 << 20

  /// A number of workers on one host; nil where the text is none, or is beyond any host.
  package static func workersPerHost(_ text: some StringProtocol) -> Int? {
    guard let count = Int(text), (1...workersPerHost).contains(count) else { return nil }
    return count
  }
}
