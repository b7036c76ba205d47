extension Tensor {
  /// Sums of products by Einstein's convention (`torch.einsum`).
  ///
  /// `Tensor.einsum("bij,bjk->bik", a, b)`: each operand's dimensions get a letter; letters that do
  /// not stand behind the arrow are summed over. A letter twice in one operand takes its diagonal;
  /// `...` stands for any number of dimensions, which broadcast. Without an arrow the result has the
  /// letters that occur once, in alphabetical order, behind the dimensions of `...`. A dimension of
  /// size 1 broadcasts. Operands are multiplied from left to right, as matrices where sums allow;
  /// sums of integers without a product are `int64`.
  public static func einsum(_ equation: String, _ operands: Tensor...) -> Tensor {
    einsum(equation, operands)
  }

  /// Sums of products by Einstein's convention (`torch.einsum`), of a list of operands.
  public static func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
    let plan = Equation(equation, operands)
    var terms = zip(operands, plan.operands).map { Term($0, labels: $1) }
    var result = terms.removeFirst()
    while !terms.isEmpty {
      let next = terms.removeFirst()
      result = result.product(next, keeping: Set(terms.flatMap(\.labels) + plan.output))
    }
    return result.arranged(plan.output)
  }
}

/// An equation with every dimension named: letters by their code, the dimensions of `...` by -1, -2,
/// … counted from the last.
private struct Equation {
  var operands: [[Int]] = []
  let output: [Int]

  init(_ text: String, _ tensors: [Tensor]) {
    let plain = text.filter { $0 != " " }
    let sides = plain.split(separator: ">", omittingEmptySubsequences: false)
    let arrow = sides.count == 2 && sides[0].hasSuffix("-")
    require(
      arrow || sides.count == 1, "einsum", "more than one arrow, or half of one, in \"\(text)\"")
    let terms = (arrow ? sides[0].dropLast() : sides[0])
      .split(separator: ",", omittingEmptySubsequences: false)
    require(
      terms.count == tensors.count, "einsum",
      "\"\(text)\" has \(terms.count) operands, but \(tensors.count) tensors were given")
    for (term, tensor) in zip(terms, tensors) {
      let named = Equation.labels(term, ellipsis: nil, text)
      let missing = tensor.rank - named.filter { $0 != Equation.ellipsis }.count
      require(
        named.contains(Equation.ellipsis) ? missing >= 0 : missing == 0, "einsum",
        "\"\(term)\" in \"\(text)\" does not name the dimensions of \(tensor.shape)")
      operands.append(Equation.labels(term, ellipsis: missing, text))
    }
    let all = operands.flatMap(\.self)
    let covered = all.min().map { Swift.max(0, -$0) } ?? 0
    if arrow {
      output = Equation.labels(sides[1], ellipsis: covered, text)
      require(
        Set(output).count == output.count && Set(output).isSubset(of: all), "einsum",
        "the result of \"\(text)\" repeats a letter, or names one that no operand has")
    } else {
      let once = Set(all).filter { label in label > 0 && all.count { $0 == label } == 1 }
      output = (0..<covered).map { $0 - covered } + once.sorted()
    }
  }

  /// What stands for `...` until its number of dimensions is known.
  private static let ellipsis = 0

  /// The labels of one term, with so many in place of `...`, or one 0 where that is not known.
  private static func labels(
    _ term: Substring, ellipsis count: Int?, _ text: String
  ) -> [Int] {
    var labels: [Int] = []
    var rest = term
    while let letter = rest.first {
      if rest.hasPrefix("...") {
        labels += count.map { count in (0..<count).map { $0 - count } } ?? [ellipsis]
        rest = rest.dropFirst(3)
        continue
      }
      guard letter.isASCII && letter.isLetter, let code = letter.asciiValue else {
        fail("einsum", "\"\(letter)\" in \"\(text)\" is neither a letter nor \"...\"")
      }
      labels.append(Int(code))
      rest = rest.dropFirst()
    }
    return labels
  }
}

/// A tensor whose dimensions have names.
private struct Term {
  var tensor: Tensor
  var labels: [Int]

  /// Names that occur twice take the diagonal.
  init(_ tensor: Tensor, labels: [Int]) {
    self.tensor = tensor
    self.labels = labels
    while let second = self.labels.indices.first(where: {
      self.labels[..<$0].contains(self.labels[$0])
    }),
      let first = self.labels.firstIndex(of: self.labels[second])
    {
      let sizes = (self.tensor.shape[first], self.tensor.shape[second])
      require(
        sizes.0 == sizes.1, "einsum", "a letter names dimensions of \(sizes.0) and \(sizes.1)")
      self.tensor = self.tensor.diagonal(dim1: first, dim2: second)
      self.labels.remove(at: second)
      self.labels.append(self.labels.remove(at: first))
    }
  }

  func size(_ label: Int) -> Int? { labels.firstIndex(of: label).map { tensor.shape[$0] } }

  /// Without the dimensions that are not in `kept`: they are summed over.
  func summed(keeping kept: Set<Int>) -> Term {
    let dims = labels.indices.filter { !kept.contains(labels[$0]) }
    if dims.isEmpty { return self }
    return Term(
      tensor.sum(dims: dims), labels: labels.filter(kept.contains))
  }

  /// Without dimensions of size 1 that the other term has larger: they broadcast.
  private func narrowed(beside other: Term) -> Term {
    let dims = labels.indices.filter {
      tensor.shape[$0] == 1 && (other.size(labels[$0]) ?? 1) != 1
    }
    return Term(
      tensor.squeezed(dims), labels: labels.indices.filter { !dims.contains($0) }.map { labels[$0] }
    )
  }

  /// The product, summed over the dimensions that nobody keeps.
  func product(_ other: Term, keeping kept: Set<Int>) -> Term {
    var (a, b) = (narrowed(beside: other), other.narrowed(beside: self))
    for label in a.labels {
      let (mine, theirs) = (a.size(label) ?? 1, b.size(label) ?? a.size(label) ?? 1)
      require(mine == theirs, "einsum", "a letter names dimensions of \(mine) and \(theirs)")
    }
    a = a.summed(keeping: kept.union(b.labels))
    b = b.summed(keeping: kept.union(a.labels))
    let common = a.labels.filter(b.labels.contains)
    let batch = common.filter(kept.contains)
    let inner = common.filter { !kept.contains($0) }
    let left = a.labels.filter { !common.contains($0) }
    let right = b.labels.filter { !common.contains($0) }
    if inner.isEmpty {
      let labels = batch + left + right
      return Term(a.spread(labels) * b.spread(labels), labels: labels)
    }
    func sizes(_ term: Term, _ labels: [Int]) -> [Int] { labels.compactMap(term.size) }
    func grouped(_ term: Term, _ groups: [[Int]]) -> Tensor {
      term.arranged(groups.flatMap(\.self)).reshaped(groups.map { sizes(term, $0).reduce(1, *) })
    }
    let dtype = a.tensor.dtype.promoted(with: b.tensor.dtype)
    let product = grouped(a, [batch, left, inner]).to(dtype)
      .matmul(grouped(b, [batch, inner, right]).to(dtype))
    return Term(
      product.reshaped(sizes(a, batch + left) + sizes(b, right)), labels: batch + left + right)
  }

  /// The dimensions in an order, with size 1 for names that this term lacks.
  private func spread(_ order: [Int]) -> Tensor {
    let mine = order.filter(labels.contains)
    return arranged(mine).reshaped(order.map { size($0) ?? 1 })
  }

  /// The dimensions in an order, the others summed over.
  func arranged(_ order: [Int]) -> Tensor {
    let term = summed(keeping: Set(order))
    return term.tensor.permuted(order.compactMap { term.labels.firstIndex(of: $0) })
  }
}
