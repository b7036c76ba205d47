import Foundation

/// The command line.
struct Options {
  static let usage = """
    usage: conformance KIND PATH [--strided] [--only NAME] [--seed N] [--count N]

    ops|modules|optimizers|schedulers|sampler|random|safetensors|models|tokenizers|calls|legacy|
    chat|hub|generation|processors|collators|metrics|schedules|trainer|
    sentence|real|lora|gguf
                  compare with the cases' answers
    derivatives   check first and second derivatives at the operators' cases by finite differences
    empties       call operators and modules with empty dimensions, in memory that was dirtied before
    fuzz          call operators with arguments changed at random: --count calls of each, by --seed
    """

  /// What the cases are about.
  let kind: String
  /// The folder or file with the cases.
  let path: URL
  /// Whether float inputs come as views that are not contiguous.
  var strided = false
  /// The only units to run: names, or their beginnings where they end in `*`. Empty: all.
  var only: [String] = []
  /// Of ``FuzzSuite``: what its random choices begin with, and the calls of each operator.
  var seed: UInt64 = 1
  var count = 8
  /// For the process that does the work: the unit and the case to go on from.
  var workerPosition: Position?

  /// What a supervising process passes on to its worker.
  let passedOn: [String]

  init(_ arguments: [String]) throws {
    var words = Array(arguments.dropFirst())
    var positional: [String] = []
    var kept: [String] = []
    while !words.isEmpty {
      let word = words.removeFirst()
      func value() throws -> String {
        guard !words.isEmpty else { throw RunnerError("\(word) needs a value") }
        return words.removeFirst()
      }
      switch word {
      case "--strided":
        strided = true
        kept.append(word)
      case "--only":
        only.append(try value())
        kept += [word, only[only.count - 1]]
      case "--seed", "--count":
        let text = try value()
        guard let number = UInt32(text) else { throw RunnerError("\(word) \(text): no number") }
        if word == "--seed" { seed = UInt64(number) } else { count = Int(number) }
        kept += [word, text]
      case "--worker":
        let unit = try value()
        guard let index = Int(try value()) else { throw RunnerError("--worker NAME INDEX") }
        workerPosition = Position(unit: unit, index: index)
      default:
        guard !word.hasPrefix("-") else { throw RunnerError("unknown option \(word)") }
        positional.append(word)
        kept.append(word)
      }
    }
    guard positional.count == 2 else { throw RunnerError("a kind and a path are expected") }
    kind = positional[0]
    path = URL(fileURLWithPath: positional[1])
    passedOn = kept
  }

  /// Whether a unit is among those asked for.
  func selects(_ unit: String) -> Bool {
    only.isEmpty
      || only.contains {
        $0.hasSuffix("*") ? unit.hasPrefix($0.dropLast()) : unit == $0
      }
  }
}

/// A place in a suite: a unit's name and the index of a case in it.
struct Position {
  let unit: String
  let index: Int
}

/// Something about the cases or the command line that the runner cannot go on with.
struct RunnerError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
