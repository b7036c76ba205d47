import Datasets
import Settings

/// Keys of `data.transforms`: how training images are changed at random, and all of them normalized.
///
/// The order is torchvision's: crop, flip, RandAugment, color, normalization, erasing. Draws follow from
/// the seed, the epoch and the image, whoever reads it.
public struct ImageTransformOptions: ConfigurationSection {
  /// Pixels of zeros around a training image, of which a part of the old size is taken; 0 for none.
  public var cropPadding = 0
  /// Which shares of its area a random part of a training image has, in the size of the images; none for
  /// no random parts.
  public var resizedCrop: [Double] = []
  /// How often a training image is mirrored.
  public var flip = 0.0
  /// Changes at random and their magnitude (`RandAugment`); none for no changes.
  public var randAugment: [Int] = []
  /// By how much brightness, contrast, saturation and hue change (`ColorJitter`); none for not at all.
  public var colorJitter: [Double] = []
  /// What each channel has less, by whose deviation it is divided; none for numbers from 0 to 1.
  public var mean: [Double] = [], std: [Double] = []
  /// How often a random rectangle of a training image is erased.
  public var erase = 0.0

  /// No changes.
  public init() {}

  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(
      "crop_padding", \.cropPadding, in: .between(0, 10_000),
      "zeros around a training image, of which a random part is taken"),
    Field(
      "resized_crop", \.resizedCrop, in: .above(0, upTo: 1),
      "least and largest share of the area that random parts have, as [0.08, 1]"),
    Field("flip", \.flip, in: .between(0, 1), "how often a training image is mirrored"),
    Field(
      "rand_augment", \.randAugment, in: .between(0, 30), "changes and their magnitude, as [2, 9]"),
    Field(
      "color_jitter", \.colorJitter, in: .between(0, 100),
      "changes of brightness, contrast, saturation, hue, as [0.4, 0.4, 0.4, 0.1]"),
    Field("mean", \.mean, "what is taken from each channel, or from all, of 0 to 1"),
    Field("std", \.std, in: .above(0), "what each channel is then divided by"),
    Field("erase", \.erase, in: .between(0, 1), "how often a random rectangle is erased"),
  ]

  /// Lists of other lengths than they need.
  public var conflicts: [(key: String, problem: String, remedy: String)] {
    func count(_ key: String, _ given: Int, _ example: String) -> (String, String, String) {
      (key, "\(given) numbers were given", "set it as in \(example), or to [] for none")
    }
    var conflicts: [(key: String, problem: String, remedy: String)] = []
    if !resizedCrop.isEmpty, resizedCrop.count != 2 || resizedCrop[0] > resizedCrop[1] {
      conflicts.append(
        (
          "resized_crop", "it is no least and largest share",
          "set it as in [0.08, 1], or to [] for none"
        ))
    }
    if !randAugment.isEmpty, randAugment.count != 2 {
      conflicts.append(count("rand_augment", randAugment.count, "[2, 9]"))
    }
    if !colorJitter.isEmpty, colorJitter.count != 4 {
      conflicts.append(count("color_jitter", colorJitter.count, "[0.4, 0.4, 0.4, 0.1]"))
    } else if colorJitter.count == 4, colorJitter[3] > 0.5 {
      conflicts.append(
        ("color_jitter", "the hue turns by at most 0.5", "set its last number lower"))
    }
    if mean.count != std.count || ![0, 1, 3].contains(mean.count) {
      conflicts.append(
        (
          "std", "\(mean.count) means and \(std.count) deviations do not make one for each channel",
          "give three of each, one of each, or none"
        ))
    }
    return conflicts
  }

  /// What images go through that are judged by, behind what gives them their size.
  private var normalize: [any ImageTransform] {
    mean.isEmpty ? [] : [Normalize(mean: mean, std: std)]
  }

  /// The transforms of images to judge by.
  /// - Parameter sizing: What gives them their size.
  func judged(_ sizing: [any ImageTransform] = []) -> Compose { Compose(sizing + normalize) }

  /// The transforms of training images.
  /// - Parameters:
  ///   - size: Rows and columns of the result.
  ///   - sizing: What gives them their size where no random part does.
  func training(_ size: Int, _ sizing: [any ImageTransform] = []) -> Compose {
    var transforms = sizing
    if resizedCrop.count == 2 {
      transforms = [RandomResizedCrop(size, scale: resizedCrop[0]...resizedCrop[1])]
    }
    if cropPadding > 0 { transforms.append(RandomCrop(size, padding: cropPadding)) }
    if flip > 0 { transforms.append(RandomHorizontalFlip(p: flip)) }
    if randAugment.count == 2 {
      transforms.append(RandAugment(numOps: randAugment[0], magnitude: randAugment[1]))
    }
    if colorJitter.count == 4 {
      transforms.append(
        ColorJitter(
          brightness: colorJitter[0], contrast: colorJitter[1], saturation: colorJitter[2],
          hue: colorJitter[3]))
    }
    transforms += normalize
    if erase > 0 { transforms.append(RandomErasing(p: erase)) }
    return Compose(transforms)
  }
}
