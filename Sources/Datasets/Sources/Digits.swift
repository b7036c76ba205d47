import Archives
import CDigits
import Foundation

/// The 1,797 handwritten digits of 8 × 8 pixels that come with the package.
///
/// UCI "Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, CC BY 4.0. Pixels 0
/// to 16 become 0 to 1. The same reader takes any file in this form: 64 pixels and a label a line.
public struct Digits: ImageDataset, Sendable {
  /// `[1, 8, 8]`.
  public let imageShape = [1, 8, 8]
  /// 10.
  public let classCount = 10
  /// What the source looks like.
  public let fingerprint: SourceFingerprint
  private let images: [LabelledImage]

  /// How many records are held out by default.
  public static let heldOutCount = 360

  /// Reads the digits that come with the package.
  public init() throws(DataError) {
    let name = "digits.csv.gz"
    let packed = Data(bytes: torus_digits, count: torus_digits_size)
    let text: Data
    do {
      text = try Gzip.decompress(packed)
    } catch {
      throw DataError(.malformed, path: name, "\(error)", remedy: "Build the package again")
    }
    try self.init(CSVFile(text: text, path: name), bytes: packed.count)
  }

  /// Reads digits from a file.
  /// - Throws: ``DataError`` where a line has not 65 whole numbers, a pixel is above 16 or a label
  ///   above 9.
  public init(path: String) throws(DataError) {
    try self.init(CSVFile(path: path), bytes: SourceFile.size(of: path))
  }

  private init(_ file: CSVFile, bytes: Int) throws(DataError) {
    var images: [LabelledImage] = []
    images.reserveCapacity(file.count)
    for index in 0..<file.count {
      let numbers = try file.numbers(index)
      func reject(_ problem: DataError.Problem, _ message: String) -> DataError {
        DataError(
          problem, path: file.path, at: "line \(file.line(of: index))", message,
          remedy: "A line holds 64 pixels from 0 to 16 and a digit from 0 to 9")
      }
      guard numbers.count == 65 else {
        throw reject(.malformed, "there are \(numbers.count) numbers, not 65")
      }
      if let broken = numbers.first(where: { $0 != $0.rounded() }) {
        throw reject(.malformed, "\(broken) is no whole number")
      }
      if let pixel = numbers.dropLast().first(where: { $0 < 0 || $0 > 16 }) {
        throw reject(.outOfRange, "the pixel \(Self.words(pixel)) is out of range")
      }
      guard numbers[64] >= 0, numbers[64] <= 9 else {
        throw reject(.outOfRange, "the label \(Self.words(numbers[64])) is out of range")
      }
      images.append(
        LabelledImage(pixels: numbers.dropLast().map { Float($0) / 16 }, label: Int(numbers[64])))
    }
    self.images = images
    fingerprint = SourceFingerprint(
      records: images.count,
      files: [SourceFingerprint.File(name: SourceFile.name(of: file.path), bytes: bytes)])
  }

  /// A whole number without a fraction, where `Int` holds it.
  private static func words(_ number: Double) -> String {
    Int(exactly: number).map(String.init) ?? "\(number)"
  }

  /// The number of digits.
  public var count: Int { images.count }

  /// The digit at `index`.
  public subscript(index: Int) -> LabelledImage { images[index] }

  /// Divides the digits into those to train on and those held out, which are the first `heldOut`
  /// of a permutation of `seed`.
  /// - Throws: ``DataError`` where nothing would be left to train on.
  public func split(
    heldOut: Int = heldOutCount, seed: UInt64
  ) throws(DataError) -> (training: Subset<Digits>, heldOut: Subset<Digits>) {
    guard heldOut > 0, heldOut < count else {
      throw DataError(
        .tooSmall, path: fingerprint.files[0].name,
        "\(heldOut) of \(count) records cannot be held out",
        remedy: "Hold out at least one record and fewer than all")
    }
    let generator = IndexGenerator(seed: seed)
    let order = generator.permutation(count)
    return (
      Subset(self, indices: Array(order.dropFirst(heldOut))),
      Subset(self, indices: Array(order.prefix(heldOut)))
    )
  }
}
