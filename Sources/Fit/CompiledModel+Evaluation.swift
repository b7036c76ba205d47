import Datasets
import NN
import Tensors
import Training

extension CompiledModel {
  /// The loss and the metrics of records, each judged once (Keras' `evaluate`). Blocks until all ranks
  /// have called it.
  /// - Returns: Figures by name: `figures["accuracy"]`.
  public func evaluate(_ x: Tensor, _ y: Tensor, batchSize: Int = 32) -> Figures {
    evaluate([x], [y], batchSize: batchSize)
  }

  /// The same for a model of several inputs or outputs.
  public func evaluate(_ x: [Tensor], _ y: [Tensor], batchSize: Int = 32) -> Figures {
    let loader = loader(
      FitData(x, y, "evaluate"), batchSize, shuffle: false, seed: 0)
    return stopping("evaluate") { try judge(loader) }
  }

  /// The loss and the metrics of a loader's records.
  /// - Throws: What data and collectives throw.
  public func evaluate(_ loader: any BatchLoading<(Tensor, Tensor)>) throws -> Figures {
    try judge(pairs(loader))
  }

  /// The loss and the metrics of virtual workers' shares, as a ``Training/VirtualLoader`` reads them.
  /// - Throws: What data and collectives throw.
  public func evaluate(
    _ loader: any BatchLoading<[BatchPart<(Tensor, Tensor)>]>
  ) throws -> Figures {
    try judge(pairs(loader))
  }

  /// The model's outputs for records, in their order, without gradients and in evaluation mode (Keras'
  /// `predict`). With a group each rank computes a share, and all have the whole; blocks until all ranks
  /// have called it.
  public func predict(_ x: Tensor, batchSize: Int = 32) -> Tensor {
    predict([x], batchSize: batchSize)[0]
  }

  /// The same for a model of several inputs or outputs: a tensor for each output.
  public func predict(_ x: [Tensor], batchSize: Int = 32) -> [Tensor] {
    require(batchSize > 0, "predict", "a batch of \(batchSize) records is none")
    let data = FitData(x, [], "predict")
    let modes = model.modules().map { ($0, $0.isTraining) }
    defer { for (module, isTraining) in modes { module.setMode(isTraining) } }
    model.eval()
    return noGrad {
      stopping("predict") {
        let shares = ownShares(of: data.count)
        let own = shares[0].lowerBound..<shares[shares.count - 1].upperBound
        var parts: [[Tensor]] = []
        // A rank without records computes one, to know the outputs' shapes.
        for rows in own.isEmpty ? [0..<1] : shares {
          for start in stride(from: rows.lowerBound, to: rows.upperBound, by: batchSize) {
            let end = min(start + batchSize, rows.upperBound)
            let outputs = try forward(data.inputs.map { $0.sliced(from: start, to: end) })
            for output in outputs {
              require(
                output.rank > 0 && output.size(0) == end - start, "predict",
                "the model makes \(output.shape) of \(end - start) records, and a row for each is expected"
              )
            }
            parts.append(outputs)
          }
        }
        let outputs = parts[0].indices.map { index in Tensor.cat(parts.map { $0[index] }) }
        guard let group else { return outputs }
        return try outputs.map { output in
          let mine = own.isEmpty ? output.sliced(from: 0, to: 0) : output
          let all = try group.allGather(
            mine.to(.float64).array(of: Double.self), label: "predictions")
          return Tensor(all.flatMap { $0 }, dtype: output.dtype)
            .reshaped([data.count] + output.shape.dropFirst())
        }
      }
    }
  }

  /// The records that this rank computes, one after another: its share, or those of its virtual workers.
  private func ownShares(of count: Int) -> [Range<Int>] {
    let (rank, size) = (group?.rank ?? 0, group?.size ?? 1)
    guard let workers = trainer.options.virtualWorkers else {
      return [blockRange(count: count, rank: rank, worldSize: size)]
    }
    return workers.owned(by: rank, of: size).map {
      blockRange(count: count, rank: $0, worldSize: workers.count)
    }
  }
}
