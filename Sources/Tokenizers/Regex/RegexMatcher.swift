/// Runs a pattern over UTF-8 by backtracking.
///
/// A pattern that backtracks much is run again with a memory of the places that failed, so that the
/// time stays within the product of the pattern's and the text's lengths.
final class RegexMatcher: Sendable {
  /// A set, with what matters for most code points in one place.
  private struct FlatSet {
    let low: UInt64
    let high: UInt64
    let categories: UInt32
    let properties: UInt32
    let isInverted: Bool
    /// The place in ``sets`` to ask where that is not all, else −1.
    let whole: Int
  }

  private let program: RegexProgram
  private let flat: [FlatSet]
  private let sets: [ScalarSet]
  /// Whether a match may begin with a byte, or be empty before it.
  private let first: [Bool]

  init(_ pattern: String) throws(RegexError) {
    program = try RegexProgram(pattern)
    sets = program.sets
    first = program.firstBytes()
    flat = sets.enumerated().map { index, set in
      FlatSet(
        low: set.ascii.low, high: set.ascii.high, categories: set.categories,
        properties: set.properties, isInverted: set.isInverted, whole: set.isPlain ? -1 : index)
    }
  }

  /// What is tried when a way fails.
  fileprivate struct Choice {
    var pc: Int32
    /// −1: `position` is a register's old value. −2 or less is a plain choice; else the loop may
    /// give back code points down to here.
    var lowest: Int
    var position: Int
  }

  /// What one search needs besides the pattern.
  final class State {
    fileprivate var choices: [Choice] = []
    fileprivate var registers: [Int]
    fileprivate var failed: Set<UInt64>?
    fileprivate var steps = 0

    fileprivate init(registers: Int) { self.registers = Array(repeating: -1, count: registers) }
  }

  /// Finds the matches of a text one after the other, none within another.
  ///
  /// An empty match right behind a match is none, as in the reference.
  func matches(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, _ body: (Int, Int) -> Void
  ) {
    let state = State(registers: program.registers)
    var from = range.lowerBound
    var lastEnd = -1
    while from <= range.upperBound {
      guard let (start, end) = search(p, range, from: from, state) else { return }
      if start == end && lastEnd == end {
        from = start < range.upperBound ? start + UTF8Reader.length(p[start]) : start + 1
        continue
      }
      body(start, end)
      from = end
      lastEnd = end
    }
  }

  private func search(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, from: Int, _ state: State
  ) -> (Int, Int)? {
    var start = from
    while start <= range.upperBound {
      if start < range.upperBound, !first[Int(p[start])] {
        start += 1
        continue
      }
      if let end = match(p, range, at: start, state) { return (start, end) }
      start += start < range.upperBound ? UTF8Reader.length(p[start]) : 1
    }
    return nil
  }

  /// The end of the match that begins at a position, or nil.
  func match(
    _ p: UnsafePointer<UInt8>, _ range: Range<Int>, at start: Int, _ state: State
  ) -> Int? {
    program.instructions.withUnsafeBufferPointer { code in
      flat.withUnsafeBufferPointer { flat in
        var run = Run(p: p, range: range, code: code, flat: flat, sets: sets, state: state)
        run.state.steps = 0
        run.state.failed = nil
        var end = run.run(pc: 0, at: start, limit: Run.patience)
        if run.gaveUp {
          run.gaveUp = false
          run.state.failed = []
          end = run.run(pc: 0, at: start, limit: .max)
        }
        run.state.choices.removeAll(keepingCapacity: true)
        return end
      }
    }
  }

  private struct Run {
    /// Steps before the memory of failures is worth its cost.
    static let patience = 20_000

    let p: UnsafePointer<UInt8>
    let range: Range<Int>
    let code: UnsafeBufferPointer<RegexProgram.Instruction>
    let flat: UnsafeBufferPointer<FlatSet>
    let sets: [ScalarSet]
    let state: State
    var gaveUp = false

    @inline(__always)
    private func holds(_ set: Int, _ c: UInt32) -> Bool {
      let one = flat[set]
      if c < 64 { return one.low >> UInt64(c) & 1 != 0 }
      if c < 128 { return one.high >> UInt64(c & 63) & 1 != 0 }
      if one.whole >= 0 { return sets[one.whole].contains(c) }
      let point = CodePoint(c)
      return (point.isIn(one.categories) || point.has(one.properties)) != one.isInverted
    }

    /// Runs from an instruction to the `accept` that ends its part.
    /// - Returns: Where it ended, or nil.
    mutating func run(pc first: Int, at start: Int, limit: Int) -> Int? {
      let bottom = state.choices.count
      var pc = first
      var i = start
      while true {
        state.steps &+= 1
        if state.steps > limit {
          gaveUp = true
          return nil
        }
        var isAlive = true
        switch code[pc] {
        case .accept:
          state.choices.removeLast(state.choices.count - bottom)
          return i
        case .set(let set):
          if i < range.upperBound {
            let (c, length) = UTF8Reader.read(p, i)
            isAlive = holds(set, c)
            i += length
          } else {
            isAlive = false
          }
          pc += 1
        case .setLoop(let set, let minimum, let maximum, let isPossessive):
          var count = 0
          var lowest = i
          while count < maximum, i < range.upperBound {
            let (c, length) = UTF8Reader.read(p, i)
            guard holds(set, c) else { break }
            i += length
            count += 1
            if count == minimum { lowest = i }
          }
          pc += 1
          if count < minimum {
            isAlive = false
          } else if !isPossessive, i > lowest {
            state.choices.append(Choice(pc: Int32(pc), lowest: lowest, position: i))
          }
        case .split(let other):
          state.choices.append(Choice(pc: Int32(other), lowest: -2, position: i))
          pc += 1
        case .splitLazily(let other):
          state.choices.append(Choice(pc: Int32(pc + 1), lowest: -2, position: i))
          pc = other
        case .jump(let target): pc = target
        case .anchor(let anchor):
          isAlive = isAt(anchor, i)
          pc += 1
        case .look(let steps, let isNegative, let end):
          isAlive = look(pc + 1, i, steps, limit) != isNegative
          if gaveUp { return nil }
          pc = end
        case .atomic(let end):
          if let reached = sub(pc + 1, i, limit) { i = reached } else { isAlive = false }
          if gaveUp { return nil }
          pc = end
        case .turnBegins(let register):
          state.choices.append(
            Choice(pc: Int32(register), lowest: -1, position: state.registers[register]))
          state.registers[register] = i
          pc += 1
        case .turnEnds(let register):
          // Behind the jump back to the loop's head stands what follows the loop.
          pc += state.registers[register] == i ? 2 : 1
        }
        if isAlive { continue }
        guard let next = goBack(bottom) else { return nil }
        (pc, i) = next
      }
    }

    /// Takes the last choice that was left open.
    private mutating func goBack(_ bottom: Int) -> (Int, Int)? {
      while state.choices.count > bottom {
        let last = state.choices.count - 1
        let choice = state.choices[last]
        if choice.lowest == -1 {
          state.registers[Int(choice.pc)] = choice.position
          state.choices.removeLast()
          continue
        }
        var position = choice.position
        if choice.lowest >= 0 {
          position -= UTF8Reader.readBackward(p, position).length
          if position > choice.lowest {
            state.choices[last].position = position
          } else {
            state.choices.removeLast()
          }
        } else {
          state.choices.removeLast()
        }
        if state.failed != nil {
          let key = UInt64(UInt32(choice.pc)) << 40 | UInt64(position)
          guard state.failed?.insert(key).inserted == true else { continue }
        }
        return (Int(choice.pc), position)
      }
      return nil
    }

    /// Runs a part on its own; what fails in it is remembered for it alone.
    private mutating func sub(_ pc: Int, _ i: Int, _ limit: Int) -> Int? {
      let saved = state.failed
      if saved != nil { state.failed = [] }
      defer { state.failed = saved }
      return run(pc: pc, at: i, limit: limit)
    }

    private mutating func look(_ pc: Int, _ i: Int, _ steps: Int?, _ limit: Int) -> Bool {
      guard let steps else { return sub(pc, i, limit) != nil }
      var from = i
      for _ in 0..<steps {
        guard from > range.lowerBound else { return false }
        from -= UTF8Reader.readBackward(p, from).length
      }
      return sub(pc, from, limit) == i
    }

    private func isWord(before i: Int) -> Bool {
      i > range.lowerBound
        && CodePoint(UTF8Reader.readBackward(p, i).value).has(CodePoint.wordInPattern)
    }

    private func isAt(_ anchor: RegexAnchor, _ i: Int) -> Bool {
      switch anchor {
      case .textStart: return i == range.lowerBound
      case .textEnd: return i == range.upperBound
      case .textEndOrLastNewline:
        return i == range.upperBound || i + 1 == range.upperBound && p[i] == 10
      case .lineStart:
        return i == range.lowerBound || p[i - 1] == 10 && i < range.upperBound
      case .lineEnd: return i == range.upperBound || p[i] == 10
      case .wordBoundary, .noWordBoundary:
        let after =
          i < range.upperBound
          && CodePoint(UTF8Reader.read(p, i).value).has(CodePoint.wordInPattern)
        return (isWord(before: i) != after) == (anchor == .wordBoundary)
      }
    }
  }
}
