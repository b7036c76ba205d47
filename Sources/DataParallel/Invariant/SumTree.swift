/// The order in which what virtual workers computed is added up: a binary tree over them that is the same
/// whatever rank has which of its leaves.
///
/// A node covers consecutive leaves. It is the sum of its two halves, of which the left one has as many
/// leaves as the largest power of two below the node's number. So a rank with consecutive leaves can add up
/// every subtree that is wholly its own, and ranks exchange these sums alone: one each where leaves divide
/// evenly by a power of two.
package struct SumTree: Equatable, Sendable {
  /// How many leaves there are.
  package let leaves: Int

  /// A tree over so many leaves.
  package init(leaves: Int) { self.leaves = leaves }

  /// Where the left half of a node ends; nil for a leaf.
  static func middle(of node: Range<Int>) -> Int? {
    guard node.count > 1 else { return nil }
    return node.lowerBound + 1 << (Int.bitWidth - 1 - (node.count - 1).leadingZeroBitCount)
  }

  /// The largest nodes that lie within some leaves, from left to right.
  package func nodes(within leaves: Range<Int>) -> [Range<Int>] {
    nodes(within: leaves, under: whole)
  }

  private var whole: Range<Int> { 0..<leaves }

  private func nodes(within leaves: Range<Int>, under node: Range<Int>) -> [Range<Int>] {
    if node.isEmpty || !node.overlaps(leaves) { return [] }
    if node.clamped(to: leaves) == node { return [node] }
    guard let middle = Self.middle(of: node) else { return [] }
    return nodes(within: leaves, under: node.lowerBound..<middle)
      + nodes(within: leaves, under: middle..<node.upperBound)
  }

  /// Whether two neighbours are the halves of one node.
  func joins(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
    var node = whole
    while let middle = Self.middle(of: node) {
      if node.lowerBound..<middle == left { return middle..<node.upperBound == right }
      node = left.lowerBound < middle ? node.lowerBound..<middle : middle..<node.upperBound
    }
    return false
  }

  /// Adds values of neighbouring nodes that cover all leaves, in the order of the tree.
  package func sum<Value>(
    _ values: [(node: Range<Int>, value: Value)], _ add: (Value, Value) -> Value
  )
    -> Value?
  {
    var stack: [(node: Range<Int>, value: Value)] = []
    for value in values { push(value, onto: &stack, add) }
    return stack.count == 1 ? stack[0].value : nil
  }

  /// Puts a node's value on a stack of those to its left, and joins what makes a node together.
  func push<Value>(
    _ value: (node: Range<Int>, value: Value), onto stack: inout [(node: Range<Int>, value: Value)],
    _ add: (_ left: Value, _ right: Value) -> Value
  ) {
    var top = value
    while let left = stack.last, joins(left.node, top.node) {
      stack.removeLast()
      top = (left.node.lowerBound..<top.node.upperBound, add(left.value, top.value))
    }
    stack.append(top)
  }
}
