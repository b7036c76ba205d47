import Foundation
import TensorTesting
import Testing
import Torus

/// Line 8 is the one to be named.
func multiplyWhatDoesNotFit() -> Tensor {
  Linear(3, 2)(Tensor.zeros(4, 5))
}

@Suite("A misuse says what and where")
struct FailureTests {
  @Test("the user's lines stand behind the message")
  func place() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      unsetenv("SWIFT_BACKTRACE")
      _ = multiplyWhatDoesNotFit()
    }
    #expect(says("linear: an input of [4, 5] does not fit a weight of [2, 3]", result))
    #if canImport(Runtime)
      #expect(says("FailureTests.swift:8\n", result))
      #expect(!says("Sources/NN/", result) && !says("Sources/Tensors/", result))
    #endif
  }

  @Test("what asks for more memory than there is is named, with the number of bytes")
  func memory() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      unsetenv("SWIFT_BACKTRACE")
      let row = Tensor.ones([1 << 26])
      _ = row.outer(row)
    }
    #expect(says("out of memory: 18014398509481984 bytes could not be allocated", result))
    #if canImport(Runtime)
      #expect(says("Tensor.outer: out of memory", result))
    #endif
  }

  @Test("SWIFT_BACKTRACE turns them off")
  func off() async {
    let result = await #expect(
      processExitsWith: .signal(SIGABRT), observing: [\.standardErrorContent]
    ) {
      setenv("SWIFT_BACKTRACE", "enable=no", 1)
      _ = multiplyWhatDoesNotFit()
    }
    #expect(says("linear: an input", result) && !says("FailureTests.swift", result))
  }
}
