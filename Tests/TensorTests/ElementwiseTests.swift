import Foundation
import Testing
import Torus

@Suite("Elementwise functions")
struct ElementwiseTests {
  /// A function of one tensor with the interval on which its derivatives are checked and two values,
  /// as `torch.<name>` gives them in float64.
  struct UnaryRow: CustomTestStringConvertible, Sendable {
    let name: String
    let domain: ClosedRange<Double>
    let golden: [(x: Double, y: Double)]
    let function: @Sendable (Tensor) -> Tensor
    var testDescription: String { name }
  }

  static let unary: [UnaryRow] = [
    UnaryRow(name: "exp", domain: -2...2, golden: [(0.5, 1.6487212707001282)]) { $0.exp() },
    UnaryRow(name: "tanh", domain: -2...2, golden: [(0.5, 0.46211715726000973)]) { $0.tanh() },
  ]

  @Test("values are PyTorch's", arguments: unary)
  func values(row: UnaryRow) {
    for (x, y) in row.golden {
      let got = row.function(Tensor(x, dtype: .float64)).item()
      #expect(abs(got - y) <= 1e-12 * max(1, abs(y)), "\(row.name)(\(x)) is \(got), not \(y)")
    }
  }

  @Test("gradients and second derivatives are central differences", arguments: unary)
  func gradients(row: UnaryRow) {
    let x = spread([7], from: row.domain.lowerBound, to: row.domain.upperBound)
    let check = GradientCheck()
    #expect(check.worstError(of: [x]) { row.function($0[0]) } < 1e-6)
    #expect(check.worstSecondError(of: [x]) { row.function($0[0]) } < 1e-5)
  }
}
