import Collectives
import DataParallel
import Datasets
import Models
import NN
import Tensors

/// What a trainer needs to do the work of virtual workers.
package struct VirtualWork {
  package let workers: VirtualWorkers
  /// Those whose work this rank does.
  package let owned: Range<Int>
  package let gradients: GradientSums
  package let buffers: BufferChanges
  private let group: ProcessGroup?

  /// - Throws: ``TrainingError/tooManyRanks(_:workers:)`` where a rank would have nothing to do.
  package init(
    _ workers: VirtualWorkers, _ model: Module, _ group: ProcessGroup?
  ) throws(TrainingError) {
    let size = group?.size ?? 1
    guard size <= workers.count else { throw .tooManyRanks(size, workers: workers.count) }
    self.workers = workers
    self.group = group
    owned = workers.owned(by: group?.rank ?? 0, of: size)
    gradients = GradientSums(
      model.parameters().filter(\.requiresGrad), workers, owned: owned)
    buffers = BufferChanges(model)
  }

  /// The vectors of all workers, in their order, from those of this rank's. They have one length.
  package func gathered(_ own: [[Double]], label: String) throws -> [[Double]] {
    try gathered(own, with: [], label: label).vectors
  }

  /// The vectors of all workers, in their order, and the sums over ranks of whole numbers that travel with them.
  private func gathered(
    _ own: [[Double]], with counts: [Double], label: String
  ) throws -> (vectors: [[Double]], counts: [Double]) {
    guard let group else { return (own, counts) }
    let length = own[0].count
    // Numbers that every other rank leaves at 0 are summed without rounding, whatever the order.
    var flat = [Double](repeating: 0, count: workers.count * length)
    let start = owned.lowerBound * length
    flat.replaceSubrange(start..<start + own.count * length, with: own.joined())
    let all = try group.allReduce(flat + counts, label: label)
    return (
      (0..<workers.count).map { Array(all[$0 * length..<($0 + 1) * length]) },
      Array(all[flat.count...])
    )
  }

  /// The sum of all workers' vectors, in their order, and the sums over ranks of whole numbers.
  package func sum(
    _ own: [[Double]], with counts: [Double] = [], label: String
  ) throws -> (sum: [Double], counts: [Double]) {
    let all = try gathered(own, with: counts, label: label)
    return (all.vectors.dropFirst().reduce(all.vectors[0]) { zip($0, $1).map(+) }, all.counts)
  }
}

extension Trainer {
  /// Forward and backward passes of this rank's virtual workers, one after another, with the figures and
  /// requests of all ranks: the same bits on any number of ranks.
  package func gradients(
    of batch: Batch<[BatchPart<Content>]>, _ requests: [Bool], _ work: VirtualWork
  ) throws -> (figures: Figures, requests: [Bool]) {
    let parts = batch.content
    guard parts.count == work.owned.count else { throw TrainingError.noVirtualLoader(parts.count) }
    let counts = try parts.map { part in try targets?.count(part.content, records: part.count) }
    let globalTargets = try globalTargets(counts.reduce(0) { $0 + ($1 ?? 0) }, of: batch)
    var sums: [FigureSums] = []
    work.gradients.begin()
    work.buffers.begin()
    for (index, part) in parts.enumerated() {
      work.workers.beginDraws(step: step, worker: work.owned.lowerBound + index)
      work.buffers.beginWorker()
      let walk = { [self] in
        let output = try during(.forward) {
          let output = try self.output(of: part.content)
          var sum = FigureSums(countsTargets: targets != nil)
          sum.add(output, records: part.count, targets: counts[index])
          sums.append(sum)
          return output
        }
        // What was added up is the mean over the global batch: nothing is divided by the ranks.
        let whole = try globalTargets?.value()
        let weight =
          whole.map { part.count == 0 ? 0 : 1 / Double(max(1, $0)) }
          ?? Double(part.count) / Double(batch.globalCount)
        try during(.backward) { scaler.scale(output.loss * weight).backward() }
      }
      if index < parts.count - 1 {
        try parallel?.noSync(walk) ?? walk()
        work.gradients.take()
      } else {
        try walk()
        if parallel == nil { work.gradients.finish() }
      }
      work.buffers.take(weight: Double(part.count) / Double(batch.globalCount))
    }
    return try during(.collective, named: "agreement") {
      let own = requests.map { $0 ? 1.0 : 0 } + work.buffers.flags
      let (figures, flags) = try work.sum(sums.map(\.vector), with: own, label: "figures")
      let told = flags.map { $0 > 0 }
      try work.buffers.finish(Array(told.dropFirst(requests.count))) {
        try work.gathered($0, label: "buffers")
      }
      return (
        sums[0].figures(figures) ?? sums[0].empty(figures), Array(told.prefix(requests.count))
      )
    }
  }
}
