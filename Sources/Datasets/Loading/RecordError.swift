/// What a dataset threw while a loader read one of its records, with the record's index.
public struct RecordError: Error, CustomStringConvertible {
  /// The record's index in the dataset.
  public let index: Int
  /// The number of the epoch, counted from 0.
  public let epoch: Int
  /// What the dataset threw.
  public let underlying: any Error

  /// Describes a record that could not be read.
  public init(index: Int, epoch: Int, underlying: any Error) {
    (self.index, self.epoch, self.underlying) = (index, epoch, underlying)
  }

  /// `record 17 of epoch 0: …`
  public var description: String { "record \(index) of epoch \(epoch): \(underlying)" }
}
