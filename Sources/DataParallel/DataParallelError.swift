/// What data parallelism was asked for and cannot do.
public enum DataParallelError: Error, CustomStringConvertible {
  /// Options that make no sense.
  case options(String)
  /// A bucket plan that does not fit the model.
  case plan(String)
  /// Names that the model does not have.
  case unknownNames([String], known: [String])
  /// A second communication hook.
  case secondHook(present: String, refused: String)
  /// A rank ran out of data where that ends training.
  case earlyTermination(ranks: [Int])
  /// Parts that cannot work together.
  case unsupported(String)

  /// What was wrong, and what to do.
  public var description: String {
    switch self {
    case .options(let reason), .unsupported(let reason): reason
    case .plan(let reason):
      "\(reason); a bucket plan names every parameter of its model exactly once"
    case .unknownNames(let names, let known):
      "the model has no \(names.sorted().joined(separator: ", ")); it has "
        + known.joined(separator: ", ")
    case .secondHook(let present, let refused):
      "\(refused) cannot be registered: the model has the communication hook \(present) already, and "
        + "there is one per model"
    case .earlyTermination(let ranks):
      "rank \(ranks.map(String.init).joined(separator: ", ")) ran out of data while others had more; "
        + "give every rank as many batches, or let Join shadow the missing ones"
    }
  }
}
