import Datasets
import Training

/// Another loader's batches, with other contents.
final class MappedBatches<Content, Result>: BatchLoading {
  private let base: any BatchLoading<Content>
  private let map: (Batch<Content>) -> Batch<Result>

  init(_ base: any BatchLoading<Content>, _ map: @escaping (Batch<Content>) -> Batch<Result>) {
    (self.base, self.map) = (base, map)
  }

  var epoch: Int { base.epoch }
  var step: Int { base.step }
  var batchCount: Int { base.batchCount }
  var state: LoaderState { base.state }
  func restore(_ state: LoaderState) throws(DataError) { try base.restore(state) }
  func next() throws -> Batch<Result>? { try base.next().map(map) }
}
