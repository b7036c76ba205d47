import Base
import Foundation

/// A hyper-parameter's value.
public enum HParam: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByFloatLiteral,
  ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral
{
  /// A number.
  case number(Double)
  /// A text.
  case text(String)
  /// True or false.
  case flag(Bool)

  /// A text.
  public init(stringLiteral value: String) { self = .text(value) }
  /// A number.
  public init(floatLiteral value: Double) { self = .number(value) }
  /// A number.
  public init(integerLiteral value: Int) { self = .number(Double(value)) }
  /// True or false.
  public init(booleanLiteral value: Bool) { self = .flag(value) }

  /// `api.proto`'s number of the type.
  fileprivate var type: Int {
    switch self {
    case .text: 1
    case .flag: 2
    case .number: 3
    }
  }

  /// Fills a `google.protobuf.Value`.
  fileprivate func write(_ writer: inout ProtoWriter) {
    switch self {
    case .number(let value): writer.double(2, value)
    case .text(let value): writer.string(3, value)
    case .flag(let value): writer.flag(4, value)
    }
  }
}

extension SummaryWriter {
  /// Adds what a run was told and how well it did, for TensorBoard's table of runs.
  ///
  /// It is written to a file of its own below ``logDir``, as one run among those to be compared.
  /// - Parameters:
  ///   - hparams: Each hyper-parameter by its name.
  ///   - metrics: Each result by its tag, which no `addScalar` of
  ///     another run should have.
  ///   - domainDiscrete: All values that a hyper-parameter can have.
  ///   - runName: The folder below ``logDir``; by default the time in seconds since 1970.
  ///   - globalStep: The step that it belongs to.
  ///   - walltime: Seconds since 1970; by default now.
  public func addHParams(
    _ hparams: [String: HParam], _ metrics: [String: Double],
    domainDiscrete: [String: [HParam]] = [:], runName: String? = nil, globalStep: Int? = nil,
    walltime: Double? = nil
  ) throws {
    let now = walltime ?? Date().timeIntervalSince1970
    let names = hparams.inKeyOrder
    let tags = metrics.inKeyOrder
    let experiment = ProtoWriter.message {
      $0.message(2) { experiment in
        for (name, value) in names {
          experiment.message(4) {
            $0.string(1, name)
            $0.integer(4, value.type)
            guard let domain = domainDiscrete[name] else { return }
            $0.message(5) { list in for value in domain { list.message(1) { value.write(&$0) } } }
          }
        }
        for (tag, _) in tags { experiment.message(5) { $0.message(1) { $0.string(2, tag) } } }
      }
    }
    let start = ProtoWriter.message {
      $0.message(3) { start in
        for (name, value) in names {
          start.message(1) {
            $0.string(1, name)
            $0.message(2) { value.write(&$0) }
          }
        }
      }
    }
    // The status is "success".
    let end = ProtoWriter.message { $0.message(4) { $0.integer(1, 1) } }
    let writer = try SummaryWriter(logDir: "\(logDir)/\(runName ?? "\(now)")")
    for (tag, content) in [
      ("experiment", experiment), ("session_start_info", start),
      ("session_end_info", end),
    ] {
      try writer.add(.plugin("_hparams_/\(tag)", "hparams", content), globalStep, now)
    }
    for (tag, value) in tags {
      try writer.addScalar(tag, value, globalStep: globalStep, walltime: now)
    }
    try writer.close()
  }
}
