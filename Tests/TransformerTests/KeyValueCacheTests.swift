import Tensors
import Testing
import Transformers

@Suite("Key-value caches")
struct KeyValueCacheTests {
  /// Keys whose numbers are their positions, and values ten times that.
  private func tokens(_ positions: Range<Int>, rows: Int = 1) -> (keys: Tensor, values: Tensor) {
    let line = Tensor(positions.map { Float($0) }).reshaped([1, 1, positions.count, 1])
    let rowNumbers = Tensor((0..<rows).map { Float(100 * $0) }).reshaped([rows, 1, 1, 1])
    let keys = line + rowNumbers
    return (keys, keys * 10)
  }

  private func append(
    _ positions: Range<Int>, to cache: KeyValueCache, rows: Int = 1
  ) -> [[Float]] {
    let new = tokens(positions, rows: rows)
    let held = cache.update(layer: 0, keys: new.keys, values: new.values)
    let (keys, values) = (held.keys.array(of: Float.self), held.values.array(of: Float.self))
    #expect(values == keys.map { 10 * $0 })
    let width = held.keys.shape[2]
    return (0..<rows).map { Array(keys[($0 * width)..<(($0 + 1) * width)]) }
  }

  @Test("a layer returns everything in order, beyond the memory it began with")
  func growth() {
    let cache = KeyValueCache(layers: 1, capacity: 2)
    var seen: [Float] = []
    for start in stride(from: 0, to: 300, by: 3) {
      seen += (start..<(start + 3)).map { Float($0) }
      #expect(append(start..<(start + 3), to: cache) == [seen])
    }
    #expect(cache.sequenceLength == 300)
  }

  @Test("a sliding window returns what the new tokens may see", arguments: [1, 2, 4, 7])
  func window(size: Int) {
    for prompt in [1, 3, 4, 9] {
      let cache = KeyValueCache(windows: [size])
      _ = append(0..<prompt, to: cache)
      for position in prompt..<60 {
        let held = append(position..<(position + 1), to: cache)
        let first = max(position - size + 1, 0)
        #expect(held == [(first...position).map { Float($0) }])
      }
    }
  }

  @Test("several tokens at once see a window before the first of them")
  func windowOfSeveral() {
    let cache = KeyValueCache(windows: [4])
    _ = append(0..<6, to: cache)
    #expect(append(6..<9, to: cache) == [[3, 4, 5, 6, 7, 8]])
    #expect(append(9..<10, to: cache) == [[6, 7, 8, 9]])
  }

  @Test("tokens that are taken back are overwritten", arguments: [nil, 3])
  func crop(window: Int?) {
    let cache = KeyValueCache(windows: [window], rollback: 8)
    _ = append(0..<10, to: cache)
    _ = append(10..<15, to: cache)
    cache.crop(to: 11)
    #expect(cache.sequenceLength == 11)
    let held = append(11..<12, to: cache)
    let first = window.map { 12 - $0 } ?? 0
    #expect(held == [(first..<12).map { Float($0) }])
  }

  @Test("rows are copied and swapped")
  func reorder() {
    let cache = KeyValueCache(layers: 1)
    _ = append(0..<2, to: cache, rows: 2)
    cache.reorder([1, 0, 1])
    let held = append(2..<3, to: cache, rows: 3)
    #expect(held.map { Array($0.prefix(2)) } == [[100, 101], [0, 1], [100, 101]])
  }

  @Test("an encoder's keys are made once and follow copied rows")
  func cross() {
    let cache = KeyValueCache(layers: 1)
    _ = append(0..<1, to: cache, rows: 2)
    var made = 0
    func encoder() -> Tensor {
      cache.cross(layer: 0) {
        made += 1
        return tokens(0..<2, rows: 2)
      }.keys
    }
    #expect(encoder().shape == [2, 1, 2, 1])
    cache.reorder([0, 0, 1, 1])
    #expect(encoder().array(of: Float.self) == [0, 1, 0, 1, 100, 101, 100, 101])
    #expect(made == 1)
  }
}
