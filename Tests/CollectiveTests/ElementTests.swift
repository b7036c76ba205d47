import CElements
import Collectives
import Testing

/// What Swift and C say of the same types.
@Suite("Element types")
struct ElementTests {
  @Test("Swift's types have C's numbers, sizes and names", arguments: DType.allCases)
  func rows(_ type: DType) {
    let number = Int32(type.rawValue)
    #expect(torus_element_size(number) == Int64(type.size))
    #expect(torus_dtype_name(number).map { String(cString: $0) } == type.shortName)
  }

  @Test("neither has a type that the other has not")
  func count() {
    #expect(DType.allCases.count == Int(TORUS_DTYPE_COUNT))
    #expect(torus_dtype_name(Int32(DType.allCases.count)).map { String(cString: $0) } == "?")
    #expect(torus_dtype_name(-1).map { String(cString: $0) } == "?")
  }
}
