/// An image with its class.
public struct LabelledImage: Sendable, Equatable {
  /// The pixels in rows from the top, channel after channel, from 0 to 1.
  public var pixels: [Float]
  /// The class, counted from 0.
  public var label: Int

  /// An image with its class.
  public init(pixels: [Float], label: Int) {
    self.pixels = pixels
    self.label = label
  }
}

/// A dataset of labelled images of one size.
public protocol ImageDataset: Dataset where Element == LabelledImage {
  /// The size of an image: `[channels, height, width]`.
  var imageShape: [Int] { get }
  /// The number of classes.
  var classCount: Int { get }
  /// What the source looks like, for the shard plan.
  var fingerprint: SourceFingerprint { get }
}
