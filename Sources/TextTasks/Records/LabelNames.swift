import Base

/// The names of a task's classes, in the order of their numbers.
public struct LabelNames: Sendable, Equatable {
  /// The names.
  public let names: [String]
  private let numbers: [String: Int]

  /// Names in their order.
  public init(_ names: [String]) {
    self.names = names
    numbers = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
  }

  /// The names that occur: where all are whole numbers from 0 on, every number up to the largest, else
  /// the names in the order of their code points.
  public init(occurring texts: some Sequence<String>) {
    let distinct = Set(texts)
    let numbers = distinct.compactMap { text in Int(text).flatMap { "\($0)" == text ? $0 : nil } }
    if numbers.count == distinct.count, let most = numbers.max(), (numbers.min() ?? -1) >= 0,
      most < 100_000
    {
      self.init((0...most).map(String.init))
    } else {
      self.init(distinct.sortedByBytes())
    }
  }

  /// The number of classes.
  public var count: Int { names.count }

  /// The number of a class.
  public subscript(name: String) -> Int? { numbers[name] }
}
