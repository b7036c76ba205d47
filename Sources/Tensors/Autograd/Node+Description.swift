/// The graph as one can look at it.
extension Node: CustomStringConvertible {
  /// The nodes that made this node's inputs; nil where an input requires no gradient
  /// (`next_functions`).
  public var inputNodes: [Node?] { (0..<inputCount).map { edge($0)?.node } }

  /// The name with the shapes: `mul([2, 3], [3]) → [2, 3]`.
  public var description: String {
    let arguments = inputs.map { "\($0.shape)" }.joined(separator: ", ")
    let results = (0..<outputCount).map { "\(outputShape($0))" }.joined(separator: ", ")
    return "\(name)(\(arguments)) → \(results)"
  }

  /// The graph behind this node as an indented tree, to a depth.
  public func tree(depth: Int = 8) -> String {
    var lines: [String] = []
    func visit(_ node: Node, _ level: Int) {
      lines.append(String(repeating: "  ", count: level) + node.description)
      guard level < depth else { return }
      for case let input? in node.inputNodes { visit(input, level + 1) }
    }
    visit(self, 0)
    return lines.joined(separator: "\n")
  }
}
