import Collectives
import NN
import Optimizers
import Tensors

/// The parameters of a model of which each rank keeps its part only (ZeRO stage 3).
///
/// A unit's whole memory is brought here when one of its parameters is asked for its value, or a gradient
/// that reads one is due, whichever operation that is. So ranks that run the same program gather the same units
/// in the same order, and a unit needs no hooks. Two units are there at a time, counting one that is
/// under way: the next one, by the order of the pass before, is gathered while the present one is computed
/// with.
final class FullyShardedParameters {
  /// Units that may be there at a time.
  static let limit = 2

  let units: [ParameterUnit]
  private let unitOf: [ObjectIdentifier: Int]
  private let group: ProcessGroup
  /// The units that are there or under way, the one used last at the end.
  private var present: [Int] = []
  /// Passes, and whole models, that are under way.
  private var passes = 0
  private var wholes = 0
  private var orders: [Phase: UnitOrder] = [:]
  /// What was asked for last, and what the forward pass is: a part of it may record nothing.
  private var phase: Phase?
  private var passPhase = Phase.training
  private(set) var gathers = 0

  /// What units are asked for in: each has an order of its own.
  private enum Phase { case training, evaluation, backward }

  init(
    _ trained: [NamedParameter], _ layout: ShardLayout, frozen: [NamedParameter],
    _ plan: ShardUnits,
    _ group: ProcessGroup, share: ([NamedParameter]) throws -> Void,
    take: (ShardLayout.Piece, Tensor) -> Void
  ) throws {
    self.group = group
    units = plan.names.map { ParameterUnit($0, group) }
    unitOf = Dictionary(
      uniqueKeysWithValues: units.enumerated().map { (ObjectIdentifier($1), $0) })
    Self.separate((trained + frozen).map(\.parameter))
    func place(
      _ named: [NamedParameter], _ layout: ShardLayout, _ take: (ShardLayout.Piece, Tensor) -> Void
    ) throws {
      let (parameters, names) = (named.map(\.parameter), named.map(\.name))
      for bucket in layout.buckets {
        let unit = units[plan.unit(of: parameters[bucket.positions[0]])]
        try share(bucket.positions.map { named[$0] })
        let own = unit.take(bucket, parameters, names: names, in: self)
        for piece in bucket.pieces where piece.rank == group.rank {
          let start = piece.offset - bucket.start(of: group.rank)
          take(piece, own.sliced(from: start, to: start + piece.range.count))
        }
      }
    }
    try place(trained, layout, take)
    let rest = frozen.map(\.parameter)
    try place(
      frozen,
      ShardLayout(rest, ranks: group.size, unit: .element, buckets: plan.buckets(rest))
    ) { _, _ in }
  }

  /// Gives each parameter memory that no other one shares.
  private static func separate(_ parameters: [Parameter]) {
    var seen = Set<ObjectIdentifier>()
    for parameter in parameters
    where !seen.insert(ObjectIdentifier(parameter.exclusiveStorage())).inserted {
      parameter.hold(noGrad { parameter.value.detach().clone() })
      seen.insert(ObjectIdentifier(parameter.exclusiveStorage()))
    }
  }

  /// The bytes of this rank's parts.
  var shareByteCount: Int { units.reduce(0) { $0 + $1.shareByteCount } }

  /// The bytes of the two largest units, which are there at a time.
  var presentByteCount: Int {
    units.map(\.byteCount).sorted(by: >).prefix(Self.limit).reduce(0, +)
  }

  /// Whether values may be asked for.
  var isOpen: Bool { passes > 0 || wholes > 0 || BackwardObservers.isWalking }

  // MARK: Passes

  /// Runs a forward pass, in which units come and go. What it used last stays for the walk back, if there
  /// is to be one.
  func pass<Result>(_ body: () throws -> Result) throws -> Result {
    passes += 1
    if passes == 1 { (phase, passPhase) = (nil, isGradEnabled ? .training : .evaluation) }
    defer {
      passes -= 1
      if passes == 0 && wholes == 0 && !isGradEnabled { ending { try leave(atMost: 0) } }
    }
    return try body()
  }

  /// Runs a body while all values are there. What it writes is kept, each rank its part of it.
  func whole<Result>(_ body: () throws -> Result) throws -> Result {
    wholes += 1
    defer {
      wholes -= 1
      if wholes == 0 && passes == 0 { ending { try leave(atMost: 0, keepsChanges: true) } }
    }
    for index in units.indices where units[index].state == .away {
      units[index].start()
      present.append(index)
    }
    for unit in units { try unit.finish() }
    return try body()
  }

  /// Calls a body with each unit while its values are there, one unit after the other.
  func eachUnit(_ body: (ParameterUnit) throws -> Void) throws {
    // Where all are there, nobody else is asked.
    guard wholes == 0 else { return try units.forEach(body) }
    try leave(atMost: 0)
    wholes += 1
    defer { wholes -= 1 }
    for (index, unit) in units.enumerated() {
      present.append(index)
      unit.start()
      try unit.finish()
      try body(unit)
      try leave(atMost: 0, keepsChanges: true)
    }
  }

  /// The optimizer has changed this rank's parts: nothing that is there counts any more.
  func changed() throws {
    try leave(atMost: 0)
    for unit in units { unit.raiseVersions() }
  }

  /// Gives everything up at a walk's end.
  func walkEnded() throws {
    if wholes == 0 { try leave(atMost: 0) }
  }

  // MARK: Coming and going

  /// A unit is about to be read, at a moment at which memory may go.
  func willRead(_ unit: ParameterUnit) {
    guard isOpen, let index = unitOf[ObjectIdentifier(unit)] else { return }
    if present.last == index, unit.state == .here, phase == currentPhase { return }
    ending {
      let next = expected(after: index)
      group.helpAlong()
      if wholes == 0 {
        try leave(atMost: unit.state == .away ? Self.limit - 1 : Self.limit, keeping: index)
      }
      try bring(index)
      guard wholes == 0, let next, next != index, units[next].state == .away else { return }
      try leave(atMost: Self.limit - 1, keeping: index)
      gathers += 1
      units[next].start()
      present.insert(next, at: 0)
    }
  }

  /// A unit is read now: it comes, and nothing goes.
  func need(_ unit: ParameterUnit) {
    guard unit.state != .here, let index = unitOf[ObjectIdentifier(unit)] else { return }
    ending {
      _ = expected(after: index)
      try bring(index)
    }
  }

  /// Brings a unit here, which then is the one used last.
  private func bring(_ index: Int) throws {
    if units[index].state == .away {
      gathers += 1
      units[index].start()
    }
    present.removeAll { $0 == index }
    present.append(index)
    try units[index].finish()
  }

  /// Gives up those that were used longest ago.
  private func leave(atMost count: Int, keeping kept: Int? = nil, keepsChanges: Bool = false) throws
  {
    while present.count > count {
      guard let place = present.firstIndex(where: { $0 != kept }) else { return }
      let index = present.remove(at: place)
      try units[index].drop(keepsChanges: keepsChanges)
    }
  }

  private var currentPhase: Phase {
    BackwardObservers.isWalking ? .backward : passPhase
  }

  /// Notes that a unit is asked for, and says which one came next the last time.
  private func expected(after index: Int) -> Int? {
    let now = currentPhase
    if phase != now {
      phase = now
      orders[now, default: UnitOrder()].begin()
    }
    return orders[now, default: UnitOrder()].next(after: index)
  }

  /// Ends the job where a collective fails: whoever reads a value cannot be told.
  private func ending(_ body: () throws -> Void) {
    do { try body() } catch { group.end(error, during: "gathering parameters") }
  }
}

/// The order in which a kind of pass asked for units, by which the next one's are foreseen.
struct UnitOrder {
  private var known: [Int] = []
  private var asked: [Int] = []
  private var place = 0

  /// A pass begins.
  mutating func begin() {
    if !asked.isEmpty { known = asked }
    asked = []
    place = 0
  }

  /// Notes a unit, and gives the one that came after it in the pass before; nil where none did.
  mutating func next(after unit: Int) -> Int? {
    if asked.last != unit {
      asked.append(unit)
      if let found = known[min(place, known.count)...].firstIndex(of: unit) { place = found + 1 }
    }
    return place < known.count ? known[place] : nil
  }
}
