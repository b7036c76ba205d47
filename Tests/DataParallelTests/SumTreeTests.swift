import DataParallel
import Testing

@Suite("The tree in which virtual workers are added up")
struct SumTreeTests {
  /// The sum as text, which tells the order.
  private func text(_ leaves: Int, cut into: [Range<Int>]) -> String? {
    let tree = SumTree(leaves: leaves)
    func add(_ left: String, _ right: String) -> String { "(\(left)+\(right))" }
    let parts = into.flatMap { range in
      tree.nodes(within: range).map { node in
        (
          node: node,
          value: SumTree(leaves: node.count).sum(
            node.map { leaf in
              (leaf - node.lowerBound..<leaf - node.lowerBound + 1, "\(leaf)")
            }, add) ?? ""
        )
      }
    }
    return tree.sum(parts, add)
  }

  @Test("is one order, however leaves are shared out", arguments: [1, 2, 3, 5, 6, 7, 8, 12, 24])
  func order(leaves: Int) {
    let whole = text(leaves, cut: [0..<leaves])
    #expect(whole != nil)
    for ranks in 1...leaves {
      let workers = VirtualWorkers(count: leaves, seed: 1)
      let shares = (0..<ranks).map { workers.owned(by: $0, of: ranks) }
      #expect(shares.flatMap { $0 } == Array(0..<leaves))
      #expect(shares.allSatisfy { !$0.isEmpty })
      #expect(text(leaves, cut: shares) == whole, "\(ranks) ranks")
    }
  }

  @Test("halves at powers of two, and gives ranks one sum each where they divide evenly")
  func shape() {
    #expect(text(8, cut: [0..<8]) == "(((0+1)+(2+3))+((4+5)+(6+7)))")
    #expect(text(6, cut: [0..<6]) == "(((0+1)+(2+3))+(4+5))")
    let tree = SumTree(leaves: 8)
    #expect(tree.nodes(within: 2..<4) == [2..<4])
    #expect(tree.nodes(within: 2..<5) == [2..<4, 4..<5])
    #expect(tree.nodes(within: 1..<7) == [1..<2, 2..<4, 4..<6, 6..<7])
  }
}
