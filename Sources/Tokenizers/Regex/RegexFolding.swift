/// What case that does not matter makes of a pattern, as Oniguruma reads it: letters that stand beside
/// each other are also the letter that folds to them, as `ss` is ß and `ffi` is ﬃ, and such a letter
/// is also what it folds to.
enum RegexFolding {
  /// The pattern in which folded letters and classes are plain sets and choices.
  ///
  /// A look behind takes letters one by one.
  static func expanded(_ node: RegexNode, isBehind: Bool = false) -> RegexNode {
    switch node {
    case .empty, .set, .anchor: node
    case .folded(let letter): letters([letter], isBehind)
    case .foldedClass(let set): choices(of: set)
    case .sequence(let nodes): sequence(nodes, isBehind)
    case .alternation(let choices): .alternation(choices.map { expanded($0, isBehind: isBehind) })
    case .capture(let body): expanded(body, isBehind: isBehind)
    case .atomic(let body): .atomic(expanded(body, isBehind: isBehind))
    case .look(let body, let looksBehind, let isNegative):
      .look(
        expanded(body, isBehind: isBehind || looksBehind), isBehind: looksBehind,
        isNegative: isNegative)
    case .loop(let body, let minimum, let maximum, let kind):
      .loop(
        loopBody(body, isOpen: minimum < 2 && maximum == nil, isBehind), minimum: minimum,
        maximum: maximum, kind)
    }
  }

  /// A body that any number of turns may take needs no choice whose letters it takes one by one.
  private static func loopBody(_ body: RegexNode, isOpen: Bool, _ isBehind: Bool) -> RegexNode {
    if isOpen, case .foldedClass(let set) = body { return choices(of: set, but: set) }
    return expanded(body, isBehind: isBehind)
  }

  private static func sequence(_ nodes: [RegexNode], _ isBehind: Bool) -> RegexNode {
    var result: [RegexNode] = []
    var run: [UInt32] = []
    func endRun() {
      if !run.isEmpty { result.append(letters(run, isBehind)) }
      run = []
    }
    for node in flat(nodes) {
      if case .folded(let letter) = node {
        run.append(letter)
      } else {
        endRun()
        result.append(expanded(node, isBehind: isBehind))
      }
    }
    endRun()
    return result.count == 1 ? result[0] : .sequence(result)
  }

  /// Nodes without the groups that only hold them together.
  private static func flat(_ nodes: [RegexNode]) -> [RegexNode] {
    nodes.flatMap { node -> [RegexNode] in
      switch node {
      case .sequence(let inner): return flat(inner)
      case .empty: return []
      default: return [node]
      }
    }
  }

  /// Letters in a row: from each place the most that a letter folds to.
  private static func letters(_ run: [UInt32], _ isBehind: Bool) -> RegexNode {
    var result: [RegexNode] = []
    var place = 0
    while place < run.count {
      var taken = 1
      var node = single(run[place])
      if !isBehind {
        let count = [3, 2].first { count in
          place + count <= run.count && !characters(run[place..<(place + count)]).isEmpty
        }
        if let count {
          let part = run[place..<(place + count)]
          taken = count
          node = .alternation([.set(set(characters(part))), .sequence(part.map(single))])
        } else if let folds = CaseForms.several(of: run[place]) {
          node = .alternation([single(run[place]), .sequence(folds.map(single))])
        }
      }
      result.append(node)
      place += taken
    }
    return result.count == 1 ? result[0] : .sequence(result)
  }

  private static func characters(_ letters: ArraySlice<UInt32>) -> [UInt32] {
    CaseForms.characters(foldingTo: letters.map(CaseForms.folded))
  }

  /// A class, or what its members fold to where those are several letters that are not all in
  /// another set.
  private static func choices(of set: ScalarSet, but other: ScalarSet? = nil) -> RegexNode {
    var choices: [RegexNode] = [.set(set)]
    var seen: Set<[UInt32]> = []
    for (character, folds) in CaseForms.severalFolds where set.contains(character) {
      if let other, folds.allSatisfy(other.contains) { continue }
      if seen.insert(folds).inserted { choices.append(.sequence(folds.map(single))) }
    }
    return choices.count == 1 ? choices[0] : .alternation(choices)
  }

  private static func single(_ letter: UInt32) -> RegexNode {
    var set = ScalarSet(letter...letter)
    set.ignoresCase = true
    return .set(set.compiled())
  }

  private static func set(_ letters: [UInt32]) -> ScalarSet {
    var set = ScalarSet()
    set.ranges = letters.map { $0...$0 }
    return set.compiled()
  }
}
