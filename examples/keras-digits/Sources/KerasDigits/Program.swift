import Torus

/// Handwritten digits by a convolutional network, as one would write it in Keras. Run it alone, or as
/// several workers under mpirun: each computes its share of every batch.
@main
enum Program {
  static func main() throws {
    try World.run { world in
      manualSeed(1)
      let digits = try Digits()
      let (training, heldOut) = try digits.split(heldOut: 360, seed: 0)
      let (x, y) = try tensors(training)
      let (xv, yv) = try tensors(heldOut)

      let model = Sequential(
        Conv2d(1, 32, 3, padding: 1), BatchNorm2d(32), ReLU(), MaxPool2d(2),
        Conv2d(32, 64, 3, padding: 1), BatchNorm2d(64), ReLU(), MaxPool2d(2),
        Flatten(), Linear(256, 128), ReLU(), Dropout(0.3), Linear(128, 10))
      let m = model.compile(
        optimizer: "adam", loss: .sparseCategoricalCrossEntropy, metrics: ["accuracy"],
        group: world.group)
      let history = m.fit(
        x, y, epochs: 8, validation: (xv, yv), batchSize: 32,
        callbacks: [.earlyStopping(patience: 3, restoreBestWeights: true)],
        verbose: world.rank == 0 ? .lines : .silent)

      let predicted = m.predict(xv).argmax(dim: 1)
      guard world.rank == 0 else { return }
      print(history.plot())
      print("accuracy:", (predicted .== yv).to(.float32).mean().item())
      try model.stateDict().save(safetensors: "digits.safetensors")
    }
  }

  /// Images `[N, 1, 8, 8]` and their classes `[N]`.
  static func tensors(_ records: some Dataset<LabelledImage>) throws -> (Tensor, Tensor) {
    let batch = Collate.images(try (0..<records.count).map { try records[$0] }, shape: [1, 8, 8])
    return (batch.images, batch.labels)
  }
}
