import Foundation

/// Reads JPEG images by libturbojpeg, which is opened when the first one is read: a program builds and runs
/// without it as long as it reads none.
enum JPEGLibrary {
  private typealias Begin = @convention(c) () -> OpaquePointer?
  private typealias End = @convention(c) (OpaquePointer?) -> Int32
  private typealias Header =
    @convention(c) (
      OpaquePointer?, UnsafePointer<UInt8>?, UInt, UnsafeMutablePointer<Int32>,
      UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>
    ) -> Int32
  private typealias Decompress =
    @convention(c) (
      OpaquePointer?, UnsafePointer<UInt8>?, UInt, UnsafeMutablePointer<UInt8>?, Int32, Int32,
      Int32,
      Int32, Int32
    ) -> Int32
  private typealias Words = @convention(c) () -> UnsafePointer<CChar>?

  private struct Functions: Sendable {
    let begin: Begin
    let end: End
    let header: Header
    let decompress: Decompress
    let words: Words
  }

  /// Whether the library is there.
  static var isInstalled: Bool { functions != nil }

  private static let functions: Functions? = {
    let names = [
      "libturbojpeg.so.0", "libturbojpeg.so", "libturbojpeg.dylib", "libturbojpeg.0.dylib",
    ]
    guard let library = names.lazy.compactMap({ dlopen($0, RTLD_NOW | RTLD_LOCAL) }).first else {
      return nil
    }
    func find<Function>(_ name: String, as type: Function.Type) -> Function? {
      dlsym(library, name).map { unsafeBitCast($0, to: type) }
    }
    guard
      let begin = find("tjInitDecompress", as: Begin.self),
      let end = find("tjDestroy", as: End.self),
      let header = find("tjDecompressHeader3", as: Header.self),
      let decompress = find("tjDecompress2", as: Decompress.self),
      let words = find("tjGetErrorStr", as: Words.self)
    else { return nil }
    return Functions(begin: begin, end: end, header: header, decompress: decompress, words: words)
  }()

  /// What the library calls its formats of pixels: `TJPF_RGB`, `TJPF_GRAY`.
  private static let (rgb, gray): (Int32, Int32) = (0, 6)
  /// `TJCS_GRAY`, a file with brightness alone.
  private static let grayFile: Int32 = 2

  static func read(_ bytes: [UInt8], path: String) throws(DataError) -> PixelImage {
    guard let library = functions else {
      throw DataError(
        .unreadable, path: path, "JPEG images need libturbojpeg, which is not installed",
        remedy: "Run apt-get install libturbojpeg0 (brew install jpeg-turbo), or convert to PNG")
    }
    func fault(_ message: String) -> DataError {
      DataError(.malformed, path: path, message, remedy: "Copy or write the image again")
    }
    func reason() -> String { library.words().map { String(cString: $0) } ?? "it is damaged" }
    guard let decoder = library.begin() else { throw fault(reason()) }
    defer { _ = library.end(decoder) }
    var (width, height, subsampling, colors) = (Int32(0), Int32(0), Int32(0), Int32(0))
    let size = UInt(bytes.count)
    guard
      library.header(decoder, bytes, size, &width, &height, &subsampling, &colors) == 0,
      width > 0, height > 0, Int(height) <= PixelImage.maximumPixels / Int(width)
    else { throw fault("the JPEG header cannot be read: \(reason())") }
    let channels = colors == grayFile ? 1 : 3
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * channels)
    let status = library.decompress(
      decoder, bytes, size, &pixels, width, 0, height, channels == 1 ? gray : rgb, 0)
    // A warning also gives −1; an image whose end is missing is damaged all the same.
    guard status == 0 else { throw fault("the JPEG image cannot be read: \(reason())") }
    return PixelImage(width: Int(width), height: Int(height), channels: channels, bytes: pixels)
  }
}
