import Torus

/// Tells kinds of sentences apart by an LSTM over words, with a training loop of its own over any number of
/// workers: `TextClassifier TRAIN TEST`, files of a label and a sentence on each line.
@main
enum Program {
  static func main() throws {
    let files = Array(CommandLine.arguments.dropFirst())
    guard files.count == 2 else { return print("usage: TextClassifier TRAIN TEST") }
    try World.run { world in try train(files[0], files[1], world) }
  }

  static func train(_ trainFile: String, _ testFile: String, _ world: World) throws {
    let training = try LabelledSentences(path: trainFile)
    let test = try LabelledSentences(path: testFile, classCount: training.classCount)
    let vocabulary = Vocabulary(
      counts: training.countWords(in: [0..<training.count]), minimumCount: 2)

    manualSeed(1)
    let model = try DistributedDataParallel(
      SentenceNet(words: vocabulary.count, classes: training.classCount), group: world.group)
    let optimizer = AdamW(model.module.parameters(), lr: 3e-3)
    manualSeed(UInt64(100 + world.rank))  // each worker's dropout is its own

    // Batches of sentences of similar length, of which every worker takes its share.
    let loader = DataLoader(
      training.encoded(by: vocabulary),
      batches: LengthBucketSampler(lengths: training.lengths, batchSize: 64, seed: 1),
      rank: world.rank, worldSize: world.size
    ) { Collate.sentences($0) }
    for epoch in 1...3 {
      model.train()
      var (sum, steps) = (0.0, 0)
      while let batch = try loader.next() {
        let (tokens, lengths, labels) = (
          batch.content.tokens, batch.content.lengths, batch.content.labels
        )
        let loss = F.crossEntropy(try model { $0(tokens, lengths: lengths) }, labels)
        optimizer.zeroGrad()
        // Shares of the last batch may differ in size: each sentence counts the same.
        (loss * batch.weight(worldSize: world.size)).backward()
        clipGradNorm(model.module.parameters(), maxNorm: 5)
        optimizer.step()
        sum += loss.item()
        steps += 1
      }
      let accuracy = try accuracy(model.module, test.encoded(by: vocabulary), test.lengths, world)
      if world.rank == 0 {
        print("epoch \(epoch): loss \(sum / Double(steps)), accuracy \(accuracy)")
      }
    }
    if world.rank == 0 { try save(["model": model.module.stateDict()], to: "sentences.pth") }
  }

  /// The share of sentences whose class is found, over all workers.
  static func accuracy(
    _ model: SentenceNet, _ sentences: some Dataset<LabelledSentence>, _ lengths: [Int],
    _ world: World
  ) throws -> Double {
    model.eval()
    let loader = DataLoader(
      sentences,
      batches: LengthBucketSampler(lengths: lengths, batchSize: 128, shuffle: false, seed: 0),
      rank: world.rank, worldSize: world.size
    ) { Collate.sentences($0) }
    var (right, count) = (0, 0)
    while let batch = try loader.next() {
      // A stand-in, where a small batch had nothing for this worker.
      guard batch.count > 0 else { continue }
      let logits = noGrad { model(batch.content.tokens, lengths: batch.content.lengths) }
      right += (logits.argmax(dim: 1) .== batch.content.labels).sum().item(Int.self)
      count += batch.count
    }
    let sums = try world.group.allReduce([right, count])
    return Double(sums[0]) / Double(max(1, sums[1]))
  }
}
