import Tensors

/// What the first synchronised pass showed, where all others were promised to be like it
/// (`static_graph`).
struct StaticGraph {
  private let isPromised: Bool
  /// The positions that this rank's first walk did not reach.
  private var unreached: [Int]?
  /// Which parameters any rank used; nil until a pass has told, and for good without the promise.
  private(set) var usedAnywhere: [Bool]?

  init(isPromised: Bool) { self.isPromised = isPromised }

  /// Keeps what this rank's first walk does not reach, and stops the process where a later one
  /// differs, naming the parameters.
  mutating func walkBegins(unreached: [Int], names: [String], rank: Int, pass: Int) {
    guard isPromised else { return }
    guard let first = self.unreached else { return self.unreached = unreached }
    guard first != unreached else { return }
    let lost = Set(unreached).subtracting(first).sorted().map { names[$0] }
    let gained = Set(first).subtracting(unreached).sorted().map { names[$0] }
    let changes = [
      lost.isEmpty ? nil : "it does not reach \(lost.joined(separator: ", "))",
      gained.isEmpty ? nil : "it reaches \(gained.joined(separator: ", "))",
    ].compactMap { $0 }
    fail(
      "backward",
      "rank \(rank), pass \(pass): the graph is not the first pass's, though isStaticGraph "
        + "promises it: \(changes.joined(separator: ", and ")); leave isStaticGraph off"
    )
  }

  /// Keeps what the first pass told of all ranks.
  mutating func passEnded(usedAnywhere: [Bool]) {
    if isPromised && self.usedAnywhere == nil { self.usedAnywhere = usedAnywhere }
  }
}
