import Foundation
import Optimizers
import Testing

@Suite("Option values")
struct OptionValueTests {
  @Test("JSON gives every number back bit for bit, infinities too")
  func roundTrip() throws {
    let numbers: [Double] = [
      0.1, 1.0 / 3, .leastNonzeroMagnitude, 1e308, -0.0, .infinity, -.infinity,
    ]
    let value = OptionValue.object([
      "numbers": .doubles(numbers), "betas": [0.9, 0.999], "step": 7, "name": nil, "on": true,
    ])
    let read = try JSONDecoder().decode(OptionValue.self, from: JSONEncoder().encode(value))
    let back = try #require(read.object?["numbers"]?.doubles)
    #expect(back.map(\.bitPattern) == numbers.map(\.bitPattern))
    #expect(read.object?["step"]?.int == 7)
    #expect(read.object?["name"]?.isNull == true)
    #expect(read.object?["on"]?.bool == true)
  }
}
