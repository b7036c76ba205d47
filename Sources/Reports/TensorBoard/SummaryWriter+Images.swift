import Tensors

extension SummaryWriter {
  /// Adds a picture.
  /// - Parameters:
  ///   - tag: What it is called.
  ///   - image: Values from 0 to 255 where they are `uint8`, else from 0 to 1; what lies outside is
  ///     clipped, and NaN is black.
  ///   - globalStep: The step that it belongs to.
  ///   - walltime: Seconds since 1970; by default now.
  ///   - dataformats: What the dimensions are: `CHW`, `HWC`, `HW`; or with several pictures, `NCHW`
  ///     or `NHWC`, which stand in rows of eight. There are 1, 3 or 4 channels, of several pictures
  ///     1 or 3.
  public func addImage(
    _ tag: String, _ image: Tensor, globalStep: Int? = nil, walltime: Double? = nil,
    dataformats: String = "CHW"
  ) throws(SummaryWriterError) {
    let picture = Picture(image, dataformats.uppercased())
    try add(.image(tag, picture.png), globalStep, walltime)
  }

  /// Adds several pictures as one, in rows of eight.
  /// - Parameters:
  ///   - tag: What it is called.
  ///   - images: As in ``addImage(_:_:globalStep:walltime:dataformats:)``.
  ///   - globalStep: The step that it belongs to.
  ///   - walltime: Seconds since 1970; by default now.
  ///   - dataformats: What the dimensions are: `NCHW` or `NHWC`.
  public func addImages(
    _ tag: String, _ images: Tensor, globalStep: Int? = nil, walltime: Double? = nil,
    dataformats: String = "NCHW"
  ) throws(SummaryWriterError) {
    try addImage(
      tag, images, globalStep: globalStep, walltime: walltime, dataformats: dataformats)
  }
}

/// A tensor as pixels.
private struct Picture {
  private var pixels: [UInt8]
  private let height: Int
  private let width: Int
  private let channels: Int

  var png: PNGImage { PNGImage(pixels, height: height, width: width, channels: channels) }

  init(_ image: Tensor, _ format: String) {
    require(
      ["CHW", "HWC", "HW", "WH", "NCHW", "NHWC"].contains(format), "addImage",
      "dataformats are CHW, HWC, HW, WH, NCHW or NHWC, and \(format) was given")
    require(
      image.shape.count == format.count, "addImage",
      "an image of shape \(image.shape) where dataformats are \(format)")
    let sizes = Dictionary(uniqueKeysWithValues: zip(format, image.shape))
    let (pictures, sources) = (sizes["N"] ?? 1, sizes["C"] ?? 1)
    let (rows, columns) = (sizes["H"] ?? 0, sizes["W"] ?? 0)
    let isGrid = sizes["N"] != nil
    require(
      [1, 3, isGrid ? 3 : 4].contains(sources), "addImage",
      "an image of \(sources) channels; there can be 1, 3\(isGrid ? "" : " or 4")")
    require(
      pictures > 0 && rows > 0 && columns > 0, "addImage",
      "an image of shape \(image.shape) is empty")
    // How far two neighbours along each dimension lie apart.
    var steps: [Character: Int] = [:]
    var step = 1
    for (name, size) in zip(format, image.shape).reversed() {
      steps[name] = step
      step *= size
    }
    let across = min(pictures, 8)
    let down = (pictures + across - 1) / across
    (height, width, channels) = (rows * down, columns * across, sources == 4 ? 4 : 3)
    let values = image.array(of: Float.self)
    let scale: Float = image.dtype == .uint8 ? 1 : 255
    pixels = [UInt8](repeating: 0, count: height * width * channels)
    for picture in 0..<pictures {
      for row in 0..<rows {
        let start =
          ((picture / across * rows + row) * width + picture % across * columns) * channels
        for column in 0..<columns {
          for channel in 0..<channels {
            let source =
              picture * (steps["N"] ?? 0) + row * (steps["H"] ?? 0) + column * (steps["W"] ?? 0)
              + (sources == 1 ? 0 : channel * (steps["C"] ?? 0))
            let value = values[source] * scale
            pixels[start + column * channels + channel] =
              value.isNaN ? 0 : UInt8(min(max(value, 0), 255))
          }
        }
      }
    }
  }
}
