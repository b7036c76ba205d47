import Base
import Datasets
import Foundation
import Tensors

/// The data sources: a line each.
let dataRegistry: [Maker<RunContext, WorkloadData>] = [
  Maker("digits", "the handwritten digits that the project ships", DigitsOptions.self) {
    options, context in
    let digits = try options.path.map { try Digits(path: $0) } ?? Digits()
    let (training, heldOut) = try digits.split(
      heldOut: options.heldOut, seed: UInt64(options.heldOutSeed))
    return try images(
      training: training, heldOut: heldOut, shape: digits.imageShape, classes: digits.classCount,
      source: SourceFingerprint(
        records: training.count,
        files: digits.fingerprint.files.map {
          .init(name: $0.name, bytes: $0.bytes)
        }), path: options.path ?? "digits",
      contents: try DataContents(onHostsOf: context.group) { DataContents(digits) }, context)
  },
  Maker("idx", "MNIST or Fashion-MNIST files", IDXOptions.self) { options, context in
    let training = try IDXImages(folder: options.path, split: .train)
    let heldOut = try IDXImages(folder: options.path, split: .test)
    return try images(
      training: training, heldOut: heldOut, shape: training.imageShape,
      classes: training.classCount, source: training.fingerprint, path: options.path,
      contents: try context.contents(
        of: (training.fingerprint.files + heldOut.fingerprint.files).map {
          "\(options.path)/\($0.name)"
        }), context)
  },
  Maker("text", "characters of a text", TextOptions.self) { options, context in
    try characters(options, context)
  },
  Maker("labelled-text", "sentences with labels", LabelledTextOptions.self) { options, context in
    try sentences(options, context)
  },
]

/// Images of one size: `[N, channels, height, width]` and labels `[N]`.
private func images<Training: Dataset & Sendable, HeldOut: Dataset>(
  training: Training, heldOut: HeldOut, shape: [Int], classes: Int, source: SourceFingerprint,
  path: String, contents: DataContents, _ context: RunContext
) throws -> WorkloadData
where Training.Element == LabelledImage, HeldOut.Element == LabelledImage {
  let plan = try context.plan(source, path: path)
  let collate: ([LabelledImage]) -> Workload.Content = { records in
    [
      Tensor(records.flatMap(\.pixels), shape: [records.count] + shape),
      Tensor(records.map(\.label)),
    ]
  }
  return WorkloadData(
    kind: .images(shape: shape, classes: classes),
    training: context.trainingLoader(training, plan.batches, collate: collate), validation: nil,
    heldOut: context.judgingLoader(heldOut, batchSize: 256, collate: collate), plan: plan,
    contents: contents, isJudgedByLoss: false)
}

/// Windows of a text: numbers of characters `[N, T]` and of those that follow `[N, T]`.
private func characters(_ options: TextOptions, _ context: RunContext) throws -> WorkloadData {
  let path = context.files.resolve(options.path)
  let corpus = try context.madeOnce("text corpus") {
    let corpus = try TextCorpus(scanning: path, extensions: options.extensions)
    if let leftOut = corpus.leftOut {
      StandardStream.error.print("ddp-train: \(path): left out are \(leftOut)")
    }
    return corpus
  }
  // Every rank counts its share of the files; the counts meet.
  let mine = corpus.files.indices.filter { $0 % context.worldSize == context.rank }
  let counts = try corpus.countCharacters(in: mine).summed {
    try context.group.allGather($0, label: "character counts")
  }
  let vocabulary = CharacterVocabulary(counts: counts)
  let share = 1 - options.heldOut
  let training = try TextContexts(
    corpus, .training, contextLength: options.context, trainingShare: share,
    vocabulary: vocabulary)
  let heldOut = try TextContexts(
    corpus, .validation, contextLength: options.context, trainingShare: share,
    vocabulary: vocabulary)
  let plan = try context.plan(training.fingerprint, path: path, lastBatch: .drop)
  let collate: ([TextContext]) -> Workload.Content = { records in
    let shape = [records.count, options.context]
    return [
      Tensor(records.flatMap(\.inputs), shape: shape),
      Tensor(records.flatMap(\.targets), shape: shape),
    ]
  }
  return WorkloadData(
    kind: .characters(vocabulary: vocabulary.count, context: options.context),
    training: context.trainingLoader(training, plan.batches, collate: collate), validation: nil,
    heldOut: context.judgingLoader(heldOut, batchSize: 48, collate: collate), plan: plan,
    contents: try context.contents(
      of: corpus.files.map { corpus.folder.isEmpty ? $0.name : "\(corpus.folder)/\($0.name)" }),
    isJudgedByLoss: true,
    artifacts: [("vocabulary.json", try JSONEncoder().encode(vocabulary))])
}

/// Sentences by length: word numbers `[N, T]` padded with 0, lengths `[N]`, labels `[N]`.
private func sentences(
  _ options: LabelledTextOptions, _ context: RunContext
) throws -> WorkloadData {
  func file(_ name: String) -> String {
    name.utf8.first == UInt8(ascii: "/")
      ? name : "\(context.files.resolve(options.path))/\(name)"
  }
  let training = try LabelledSentences(path: file(options.train))
  let plan = try context.plan(training.fingerprint, path: training.path)
  // Every rank counts the words of its own records; the counts meet.
  let counts = try training.countWords(in: plan.ownedRecords(rank: context.rank)).summed {
    try context.group.allGather($0, label: "word counts")
  }
  let vocabulary = Vocabulary(
    counts: counts, minimumCount: options.minCount, maximumSize: options.vocabulary)
  let collate: ([LabelledSentence]) -> Workload.Content = { records in
    let longest = records.map(\.tokens.count).max() ?? 0
    let padded = records.flatMap {
      $0.tokens + [Int](repeating: Vocabulary.padding, count: longest - $0.tokens.count)
    }
    return [
      Tensor(padded, shape: [records.count, longest]), Tensor(records.map(\.tokens.count)),
      Tensor(records.map(\.label)),
    ]
  }
  func judged(_ name: String) throws -> Workload.Loader {
    let sentences = try LabelledSentences(path: file(name), classCount: training.classCount)
    let batches = LengthBucketSampler(
      lengths: sentences.lengths, batchSize: max(128, context.worldSize), shuffle: false, seed: 0)
    return context.judgingLoader(sentences.encoded(by: vocabulary), batches, collate: collate)
  }
  let batches = LengthBucketSampler(
    lengths: training.lengths, batchSize: context.configuration.batchSize,
    seed: UInt64(context.configuration.seed))
  return WorkloadData(
    kind: .sentences(vocabulary: vocabulary.count, classes: training.classCount),
    training: context.trainingLoader(
      training.encoded(by: vocabulary), batches, collate: collate),
    validation: try options.validation.map(judged), heldOut: try judged(options.test), plan: plan,
    contents: try context.contents(
      of: [options.train, options.validation, options.test].compactMap { $0 }.map(file)),
    isJudgedByLoss: false,
    artifacts: [("vocabulary.json", try JSONEncoder().encode(vocabulary))])
}
