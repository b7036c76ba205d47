/// The dictionary at the beginning of a `.npy` file: a Python literal of three entries.
struct NumpyHeader {
  let descr: String
  let isColumnMajor: Bool
  let shape: [Int]

  /// The type without its byte order.
  var code: String {
    descr.first.map { "<>|=".contains($0) } == true ? String(descr.dropFirst()) : descr
  }
  var isBigEndian: Bool { descr.hasPrefix(">") }

  init?(_ text: String) {
    guard let descr = text.firstMatch(of: /'descr'\s*:\s*(?:'([^']*)'|(\[[^\]]*\]))/),
      let order = text.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/),
      let shape = text.firstMatch(of: /'shape'\s*:\s*\(([0-9,\sL]*)\)/)
    else { return nil }
    self.descr = String(descr.1 ?? descr.2 ?? "")
    isColumnMajor = order.1 == "True"
    let parts = shape.1.split(separator: ",").map { $0.filter(\.isNumber) }.filter { !$0.isEmpty }
    let sizes = parts.compactMap { Int($0) }
    guard sizes.count == parts.count else { return nil }
    self.shape = sizes
  }
}
