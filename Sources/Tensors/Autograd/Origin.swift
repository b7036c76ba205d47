import Foundation

#if canImport(Runtime)
  import Runtime

  /// The calls that led to an operation: addresses when it is recorded, names, files and lines only
  /// where somebody reads them.
  struct Origin: CustomStringConvertible {
    private let calls: Backtrace?

    init() { calls = try? Backtrace.capture(limit: 64) }

    /// `function at file:line` of the innermost calls outside of this module.
    var description: String {
      let frames = calls?.symbolicated()?.frames ?? []
      let places = frames.compactMap { frame -> String? in
        guard let symbol = frame.symbol, let place = symbol.sourceLocation,
          place.line > 0, !place.path.contains(Origin.ownFolder)
        else { return nil }
        return "\(symbol.name) at \(place.path):\(place.line)"
      }
      return places.isEmpty
        ? "a place that the program keeps no line numbers of"
        : places.prefix(Origin.shown).joined(separator: "\n  ")
    }

    /// Where this module's sources lie below a package, whose own path debuggers may leave out.
    private static let ownFolder = "Sources/Tensors/"

    private static let shown = 4
  }
#else
  /// The calls that led to an operation, by their symbols: this toolchain knows no lines.
  struct Origin: CustomStringConvertible {
    let description: String

    init() {
      let frames = Thread.callStackSymbols.filter { !$0.contains("7Tensors") }
      description = frames.prefix(4).joined(separator: "\n  ")
    }
  }
#endif
