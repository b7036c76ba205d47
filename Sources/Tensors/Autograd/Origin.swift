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
      let places = places(outside: ["Tensors"])
      return places.isEmpty
        ? "a place that the program keeps no line numbers of" : places.joined(separator: "\n  ")
    }

    /// `function at file:line` of the four innermost calls outside of some rooms.
    /// - Parameter rooms: Folders of `Sources`, by which they are found below a package whose own path
    ///   debuggers may leave out.
    func places(outside rooms: [String]) -> [String] {
      let folders = rooms.map { "Sources/\($0)/" }
      let places = (calls?.symbolicated()?.frames ?? []).compactMap { frame -> String? in
        guard let symbol = frame.symbol, let place = symbol.sourceLocation, place.line > 0,
          !folders.contains(where: place.path.contains)
        else { return nil }
        return "\(symbol.name) at \(place.path):\(place.line)"
      }
      return Array(places.prefix(4))
    }

    /// What of this module was called from outside of it, such as `Tensor.matmul`, by the symbols' own names; in a
    /// backward pass the operation whose gradient is computed.
    var called: String? {
      var name: String?
      for symbol in (calls?.symbolicated()?.frames ?? []).compactMap(\.symbol) {
        let swift = symbol.rawName.hasPrefix("$s") ? symbol.rawName.dropFirst(2) : ""
        // Closures of the standard library and C stand between.
        guard swift.first?.isNumber == true else { continue }
        guard swift.hasPrefix("7Tensors") else { break }
        let words = symbol.name.prefix { $0 != "(" }.split(separator: " ")
        guard let word = words.last.map(String.init) else { continue }
        if word.hasSuffix(".gradient") { return "the gradient of \(word.dropLast(9))" }
        name = word
      }
      return name
    }
  }
#else
  /// The calls that led to an operation, by their symbols: this toolchain knows no lines.
  struct Origin: CustomStringConvertible {
    let description: String

    /// None: symbols name no operations.
    var called: String? { nil }

    /// None: symbols name no rooms.
    func places(outside rooms: [String]) -> [String] { [] }

    init() {
      let frames = Thread.callStackSymbols.filter { !$0.contains("7Tensors") }
      description = frames.prefix(4).joined(separator: "\n  ")
    }
  }
#endif
