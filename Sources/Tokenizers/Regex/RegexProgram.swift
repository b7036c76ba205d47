/// A pattern as instructions for ``RegexMatcher``.
struct RegexProgram: Sendable {
  enum Instruction: Sendable {
    case set(Int)
    /// Takes as many of a set as there are, at least `minimum`, at most `maximum`; gives them back
    /// one by one unless it is possessive.
    case setLoop(Int, minimum: Int, maximum: Int, isPossessive: Bool)
    /// Goes on at the next instruction, and where that fails at the given one.
    case split(Int)
    /// Goes on at the given one, and where that fails at the next.
    case splitLazily(Int)
    case jump(Int)
    case anchor(RegexAnchor)
    /// Looks at what begins at the next instruction and ends with `accept`; goes on at `end`.
    case look(steps: Int?, isNegative: Bool, end: Int)
    case atomic(end: Int)
    /// Remembers where a turn of a loop began, and ends the loop after a turn that took nothing.
    case turnBegins(Int)
    case turnEnds(Int)
    case accept
  }

  private(set) var instructions: [Instruction] = []
  private(set) var sets: [ScalarSet] = []
  private(set) var registers = 0
  private let pattern: String

  init(_ pattern: String) throws(RegexError) {
    self.pattern = pattern
    try emit(try RegexParser.parse(pattern))
    instructions.append(.accept)
  }

  private static let longest = 20_000

  private mutating func add(_ instruction: Instruction) throws(RegexError) -> Int {
    guard instructions.count < Self.longest else {
      throw RegexError(pattern: pattern, problem: "it is too long")
    }
    instructions.append(instruction)
    return instructions.count - 1
  }

  private mutating func index(of set: ScalarSet) -> Int {
    sets.append(set)
    return sets.count - 1
  }

  private mutating func emit(_ node: RegexNode) throws(RegexError) {
    switch node {
    case .empty: break
    case .set(let set), .foldedClass(let set): _ = try add(.set(index(of: set)))
    case .folded(let letter):
      _ = try add(.set(index(of: ScalarSet(letter...letter).compiled())))
    case .capture(let body): try emit(body)
    case .sequence(let nodes): for node in nodes { try emit(node) }
    case .alternation(let choices): try emit(choices: choices)
    case .loop(let body, let minimum, let maximum, let kind):
      try emit(loop: body, minimum, maximum, kind)
    case .atomic(let body):
      let at = try add(.accept)
      try emit(body)
      _ = try add(.accept)
      instructions[at] = .atomic(end: instructions.count)
    case .anchor(let anchor): _ = try add(.anchor(anchor))
    case .look(let body, let isBehind, let isNegative):
      try emit(look: body, isBehind, isNegative)
    }
  }

  private mutating func emit(choices: [RegexNode]) throws(RegexError) {
    var ends: [Int] = []
    for (number, choice) in choices.enumerated() {
      if number == choices.count - 1 {
        try emit(choice)
      } else {
        let at = try add(.accept)
        try emit(choice)
        ends.append(try add(.accept))
        instructions[at] = .split(instructions.count)
      }
    }
    for end in ends { instructions[end] = .jump(instructions.count) }
  }

  private mutating func emit(
    look body: RegexNode, _ isBehind: Bool, _ isNegative: Bool
  ) throws(RegexError) {
    var body = body
    if isBehind, case .alternation(let choices) = body {
      // Each choice has its own width: (?<=a|bc) is (?:(?<=a)|(?<=bc)).
      let looks = choices.map { RegexNode.look($0, isBehind: true, isNegative: isNegative) }
      return try emit(isNegative ? .sequence(looks) : .alternation(looks))
    }
    var steps: Int?
    if isBehind {
      guard let width = Self.width(body) else {
        throw RegexError(pattern: pattern, problem: "a look behind of variable width")
      }
      steps = width
      body = .sequence([body])
    }
    let at = try add(.accept)
    try emit(body)
    _ = try add(.accept)
    instructions[at] = .look(steps: steps, isNegative: isNegative, end: instructions.count)
  }

  /// The number of code points that a node matches, where it is always the same.
  private static func width(_ node: RegexNode) -> Int? {
    switch node {
    case .empty, .anchor, .look: return 0
    case .set, .folded, .foldedClass: return 1
    case .atomic(let body), .capture(let body): return width(body)
    case .sequence(let nodes):
      var total = 0
      for node in nodes {
        guard let one = width(node) else { return nil }
        total += one
      }
      return total
    case .alternation(let choices):
      let widths = Set(choices.map { width($0) })
      return widths.count == 1 ? widths.first ?? nil : nil
    case .loop(let body, let minimum, let maximum, _):
      return minimum == maximum ? width(body).map { $0 * minimum } : nil
    }
  }

  private mutating func emit(
    loop body: RegexNode, _ minimum: Int, _ maximum: Int?, _ kind: RegexLoopKind
  ) throws(RegexError) {
    if case .set(let set) = body, kind != .lazy {
      _ = try add(
        .setLoop(
          index(of: set), minimum: minimum, maximum: maximum ?? .max,
          isPossessive: kind == .possessive))
      return
    }
    if kind == .possessive {
      return try emit(.atomic(.loop(body, minimum: minimum, maximum: maximum, .greedy)))
    }
    for _ in 0..<minimum { try emit(body) }
    if let maximum {
      var splits: [Int] = []
      for _ in minimum..<max(minimum, maximum) {
        splits.append(try add(.accept))
        try emit(body)
      }
      for at in splits {
        instructions[at] =
          kind == .lazy ? .splitLazily(instructions.count) : .split(instructions.count)
      }
      return
    }
    let register = registers
    registers += 1
    let at = try add(.accept)
    _ = try add(.turnBegins(register))
    try emit(body)
    _ = try add(.turnEnds(register))
    _ = try add(.jump(at))
    instructions[at] =
      kind == .lazy ? .splitLazily(instructions.count) : .split(instructions.count)
  }

  /// Whether a match may begin with each byte, or be empty before it.
  func firstBytes() -> [Bool] {
    var result = [Bool](repeating: false, count: 256)
    // Within a code point no match begins.
    let leads = (0..<256).filter { $0 < 0x80 || $0 >= 0xc0 }
    var seen: Set<Int> = []
    var open = [0]
    while let pc = open.popLast() {
      guard seen.insert(pc).inserted else { continue }
      switch instructions[pc] {
      case .set(let set): add(set, to: &result)
      case .setLoop(let set, let minimum, _, _):
        add(set, to: &result)
        if minimum == 0 { open.append(pc + 1) }
      case .split(let other), .splitLazily(let other): open += [pc + 1, other]
      case .jump(let target): open.append(target)
      case .anchor, .turnBegins: open.append(pc + 1)
      case .turnEnds: open += [pc + 1, pc + 2]
      case .look(_, _, let end): open.append(end)
      case .atomic, .accept:
        for byte in leads { result[byte] = true }
      }
    }
    return result
  }

  private func add(_ set: Int, to result: inout [Bool]) {
    for byte in 0..<256 where byte < 0x80 ? sets[set].contains(UInt32(byte)) : byte >= 0xc0 {
      result[byte] = true
    }
  }
}
