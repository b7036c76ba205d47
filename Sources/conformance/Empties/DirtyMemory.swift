import Tensors

/// Memory in which a result that nobody wrote shows.
enum DirtyMemory {
  /// The sizes in elements of four bytes: each class of small blocks, to 16 KiB.
  private static let sizes: [Int] = {
    var sizes = [16, 32, 48, 64]
    for doubling in 6..<12 {
      for step in 1...4 { sizes.append((1 << doubling) + step << (doubling - 2)) }
    }
    return sizes
  }()
  private static let copies = 12

  /// Fills blocks of many sizes with a large number and with NaN and gives them back, so that they
  /// are handed out next.
  static func spread() {
    for size in sizes {
      var blocks: [Tensor] = []
      for index in 0..<copies {
        blocks.append(.full([size], index % 3 == 0 ? Double.nan : 3e38, dtype: .float32))
      }
      blocks.removeAll()
    }
  }
}
