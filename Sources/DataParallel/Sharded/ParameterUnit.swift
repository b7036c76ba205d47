import Collectives
import NN
import Tensors

/// Parameters whose memory comes and goes together: each rank keeps its part of it, and the whole is there
/// only while it is used.
final class ParameterUnit {
  /// Whether the whole is there.
  enum State {
    case away
    case underWay
    case here
  }

  /// What messages call it.
  let name: String
  private(set) var state = State.away
  private let group: ProcessGroup
  private var blocks: [Block] = []
  private var works: [Work] = []

  /// Parameters of one dtype, side by side.
  private struct Block {
    let bucket: ShardLayout.Bucket
    /// This rank's part.
    let share: Tensor
    let places: [ParameterPlace]
    /// All parts in rank order, while they are there.
    var whole: Tensor?
  }

  init(_ name: String, _ group: ProcessGroup) { (self.name, self.group) = (name, group) }

  /// The bytes of this rank's part.
  var shareByteCount: Int { blocks.reduce(0) { $0 + $1.share.count * $1.share.dtype.size } }

  /// The bytes of the whole.
  var byteCount: Int { blocks.reduce(0) { $0 + $1.bucket.count * $1.bucket.dtype.size } }

  /// The parameters' places.
  var places: [ParameterPlace] { blocks.flatMap(\.places) }

  /// Whether a parameter is one of the unit's.
  func holds(_ parameter: Parameter) -> Bool {
    (parameter.leaf.storage.source as? ParameterPlace)?.isIn(self) ?? false
  }

  /// This rank's parts of a parameter: the index of the first number, and the numbers.
  func parts(of place: ParameterPlace) -> [(start: Int, values: Tensor)] {
    let block = blocks[place.block]
    let start = block.bucket.start(of: group.rank)
    return block.bucket.pieces.filter { $0.position == place.position && $0.rank == group.rank }
      .map { piece in
        let first = piece.offset - start
        return (
          piece.range.lowerBound, block.share.sliced(from: first, to: first + piece.range.count)
        )
      }
  }

  /// Takes parameters in: keeps this rank's part of their values, and gives their memory up.
  /// - Returns: This rank's part.
  func take(
    _ bucket: ShardLayout.Bucket, _ parameters: [Parameter], names: [String],
    in store: FullyShardedParameters
  ) -> Tensor {
    let size = bucket.dtype.size
    let share = Tensor.zeros([bucket.counts[group.rank]], dtype: bucket.dtype)
    let start = bucket.start(of: group.rank)
    for piece in bucket.pieces where piece.rank == group.rank {
      share.copyBytes(
        to: (piece.offset - start) * size, from: parameters[piece.position].leaf.detach(),
        (piece.range.lowerBound * size)..<(piece.range.upperBound * size))
    }
    let places = bucket.positions.filter { parameters[$0].count > 0 }.map { position in
      ParameterPlace(
        parameters[position], names[position], self, store, block: blocks.count,
        position: position, offset: bucket.offset(of: position) * size)
    }
    blocks.append(Block(bucket: bucket, share: share, places: places))
    let kept = bucket.positions.map { parameters[$0] }.filter { $0.count > 0 }
    for (place, parameter) in zip(places, kept) { place.takeOver(parameter) }
    emptyCache()
    return share
  }

  /// Where a block's bytes lie; the whole must be there.
  func memory(of block: Int) -> UnsafeMutableRawPointer? { blocks[block].whole?.lentMemory }

  /// Begins to bring all ranks' parts here.
  func start() {
    state = .underWay
    for (index, block) in blocks.enumerated() {
      let whole = Tensor.uninitialized([block.bucket.count], block.bucket.dtype)
      let memory = (whole.storage, block.share.storage)
      let work = group.allGather(
        input: block.share.lentMemory, output: whole.lentMemory, counts: block.bucket.counts,
        dtype: block.bucket.dtype, label: "parameters of \(name)")
      work.onCompletion { _ in withExtendedLifetime(memory) {} }
      works.append(work)
      blocks[index].whole = whole
    }
  }

  /// Waits for what ``start()`` began.
  func finish() throws {
    guard state == .underWay else { return }
    for work in works { try work.wait() }
    works = []
    state = .here
    for block in blocks { for place in block.places { place.arrived() } }
  }

  /// Gives the memory of the whole up.
  /// - Parameter keepsChanges: Whether what was written is kept, by each rank of its part; else it stops with
  ///   the parameter's name.
  func drop(keepsChanges: Bool = false) throws {
    try finish()
    for index in blocks.indices {
      let block = blocks[index]
      guard let whole = block.whole else { continue }
      if let changed = block.places.first(where: \.isChanged) {
        guard keepsChanges else {
          fail(
            changed.name,
            "it was written in place while the fully sharded model computed, and what was written would be "
              + "lost; write it between steps, inside withFullParameters { … } on all ranks")
        }
        let size = block.bucket.dtype.size
        let start = block.bucket.start(of: group.rank) * size
        block.share.copyBytes(to: 0, from: whole, start..<(start + block.share.count * size))
      }
      blocks[index].whole = nil
    }
    state = .away
  }

  /// Tells the graph that the values are others now.
  func raiseVersions() {
    for block in blocks { for place in block.places { place.raiseVersion() } }
  }
}

/// Where one parameter's values lie in its unit.
final class ParameterPlace: StorageSource {
  /// The parameter's name.
  let name: String
  private let shape: [Int]
  /// The block of the unit, and the parameter's position in its bucket.
  let block: Int
  let position: Int
  private let offset: Int
  private weak var unit: ParameterUnit?
  private weak var store: FullyShardedParameters?
  private weak var storage: Storage?
  private var version: UInt32 = 0

  init(
    _ parameter: Parameter, _ name: String, _ unit: ParameterUnit, _ store: FullyShardedParameters,
    block: Int, position: Int, offset: Int
  ) {
    (self.name, self.unit, self.store) = (name, unit, store)
    (self.block, self.position, self.offset) = (block, position, offset)
    shape = parameter.shape
  }

  /// Takes the parameter's memory away.
  func takeOver(_ parameter: Parameter) {
    let storage = parameter.exclusiveStorage()
    storage.hand(over: self)
    self.storage = storage
  }

  /// This rank's parts of the values.
  var ownParts: [(start: Int, values: Tensor)] { unit?.parts(of: self) ?? [] }

  /// Whether it is in a unit.
  func isIn(_ unit: ParameterUnit) -> Bool { self.unit === unit }

  /// Whether somebody wrote the values since they arrived.
  var isChanged: Bool { storage.map { $0.version != version } ?? false }

  func arrived() { version = storage?.version ?? 0 }

  func raiseVersion() { storage?.version &+= 1 }

  func willRead() {
    if let unit { store?.willRead(unit) }
  }

  func memory(of storage: Storage) -> UnsafeMutableRawPointer {
    guard let unit, let store else {
      fail(
        name,
        "its values \(shape) were spread over ranks, and the data-parallel model that they belong to is gone; "
          + "keep the DistributedDataParallel and its optimizer as long as the model")
    }
    guard store.isOpen else {
      fail(
        name,
        "its values \(shape) are spread over the ranks; call the data-parallel model in place of its module, "
          + "or read and write them inside withFullParameters { … }, which all ranks call together")
    }
    store.need(unit)
    guard let start = unit.memory(of: block) else { fail(name, "its values are not there") }
    return start + offset
  }
}
