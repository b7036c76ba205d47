/// The candidate a misspelt name most likely meant, or nil where none is close.
///
/// Close is an edit distance of at most a third of the name's length (two for short names), with
/// neighbours swapped counting as one edit (optimal string alignment).
package func nearestName(to name: String, among candidates: [String]) -> String? {
  let limit = max(2, name.count / 3)
  return
    candidates
    .map { ($0, editDistance(name, $0)) }
    .filter { $0.1 <= limit && $0.1 < name.count }
    .min { $0.1 < $1.1 }?.0
}

/// The fewest insertions, deletions, substitutions and swaps of neighbours between two strings.
///
/// - Complexity: O(*a* · *b*) time, three rows of memory.
package func editDistance(_ a: String, _ b: String) -> Int {
  let a = Array(a.unicodeScalars)
  let b = Array(b.unicodeScalars)
  var beforeLast: [Int] = []
  var last = Array(0...b.count)
  for i in a.indices {
    var row = [i + 1]
    for j in b.indices {
      let substituted = last[j] + (a[i] == b[j] ? 0 : 1)
      var best = min(substituted, last[j + 1] + 1, row[j] + 1)
      if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
        best = min(best, beforeLast[j - 1] + 1)
      }
      row.append(best)
    }
    beforeLast = last
    last = row
  }
  return last[b.count]
}
