import Collectives
import Testing

/// What every rank of a world does in one test; run on threads and under mpirun alike. The names are
/// those of PyTorch's distributed tests where there is a counterpart.
struct Scenario: CustomTestStringConvertible, Sendable {
  let name: String
  let body: @Sendable (World) throws -> Void

  var testDescription: String { name }

  init(_ name: String, _ body: @escaping @Sendable (World) throws -> Void) {
    self.name = name
    self.body = body
  }

  static let all =
    groups + barriers + reductions + movements + messages + objects + works + outstanding
}

/// A broken expectation, thrown so that the rank that meets it ends the others' waiting.
struct Broken: Error, CustomStringConvertible {
  let description: String
}

func expect(
  _ condition: Bool, _ message: @autoclosure () -> String = "", line: Int = #line,
  file: String = #fileID
) throws {
  if !condition { throw Broken(description: "\(file):\(line): \(message())") }
}

func expectEqual<Value: Equatable>(
  _ left: Value, _ right: Value, line: Int = #line, file: String = #fileID
) throws {
  try expect(left == right, "\(left) is not \(right)", line: line, file: file)
}

/// The error that `body` must throw.
@discardableResult
func expectError(
  _ words: String..., line: Int = #line, file: String = #fileID, from body: () throws -> Void
) throws -> CollectiveError {
  do {
    try body()
  } catch let error as CollectiveError {
    for word in words {
      try expect(
        error.description.contains(word), "\(error) does not say \(word)", line: line, file: file)
    }
    return error
  }
  throw Broken(description: "\(file):\(line): nothing was thrown")
}
