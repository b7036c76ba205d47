import Tensors
import Testing

@Suite struct PostponedDrawTests {
  @Test(arguments: [DType.float32, .float64, .float16, .bfloat16])
  func `numbers that are drawn later are those of their place, and the generator goes on`(
    dtype: DType
  ) {
    for count in [0, 1, 15, 16, 17, 100, 623, 624, 625, 1000, 1248, 3001] {
      for before in [0, 1, 622, 623, 624] {
        for isNormal in [false, true] {
          let (plain, later) = (Generator(seed: 9), Generator(seed: 9))
          for _ in 0..<before { #expect(plain.next32() == later.next32()) }
          let draw: PostponedDraw? =
            isNormal
            ? .normal([count], mean: 0.5, std: 2, dtype: dtype, generator: later)
            : .uniform([count], from: -1, to: 3, dtype: dtype, generator: later)
          guard let draw else {
            // So few normal numbers are drawn one by one, in pairs.
            #expect(isNormal && count < 16)
            #expect(plain.state == later.state)
            continue
          }
          let expected: Tensor =
            isNormal
            ? .normal([count], mean: 0.5, std: 2, dtype: dtype, generator: plain)
            : .uniform([count], from: -1, to: 3, dtype: dtype, generator: plain)
          #expect(plain.state == later.state, "\(count) of \(dtype) after \(before)")
          for _ in 0..<2 {
            let same = draw.numbers().withBytes { a in
              expected.withBytes { b in a.elementsEqual(b) }
            }
            #expect(same, "\(count) of \(dtype) after \(before)")
          }
        }
      }
    }
  }
}
