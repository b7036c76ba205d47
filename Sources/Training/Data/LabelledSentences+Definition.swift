import Datasets
import Foundation
import Models
import Settings
import Tensors

extension DataDefinition {
  /// `labelled-text`: sentences with labels, in batches of similar length.
  static let labelledText = DataDefinition(
    "labelled-text", "sentences with labels", LabelledTextOptions.self,
    judged: { _, other, context in
      let vocabulary: Vocabulary = try other.artifact("vocabulary.json")
      let classes = (other.records as? SentenceRecords)?.classes
      let sentences = try LabelledSentences(path: other.path, classCount: classes)
      return JudgedRecords(context.sentences(sentences, vocabulary))
    }
  ) { options, context in
    func file(_ name: String) -> String {
      name.utf8.first == UInt8(ascii: "/")
        ? name : "\(context.files.resolve(options.path))/\(name)"
    }
    let training = try LabelledSentences(path: file(options.train))
    var plan = try context.plan(training.fingerprint, path: training.path)
    plan.order = .lengthBuckets
    // Every rank counts the words of its own records; the counts meet.
    let own = context.ownShares.flatMap { plan.ownedRecords(rank: $0) }
    let counts = try training.countWords(in: own).summed {
      try context.group.allGather($0, label: "word counts")
    }
    let vocabulary = Vocabulary(
      counts: counts, minimumCount: options.minCount, maximumSize: options.vocabulary)
    func heldOut(_ name: String) throws -> RunData.Loader {
      context.sentences(
        try LabelledSentences(path: file(name), classCount: training.classCount), vocabulary)
    }
    var data = RunData(
      SentenceRecords(vocabulary: vocabulary.count, classes: training.classCount), plan: plan,
      training: context.trainingLoader(
        training.encoded(by: vocabulary), plan, lengths: training.lengths,
        collate: RunContext.collate),
      heldOut: try heldOut(options.test),
      contents: try context.contents(
        of: [options.train, options.validation, options.test].compactMap { $0 }.map(file)))
    data.validation = try options.validation.map(heldOut)
    data.trainingInOrder = { context.sentences(training, vocabulary) }
    data.artifacts = [("vocabulary.json", try JSONEncoder().encode(vocabulary))]
    return data
  }
}

extension RunContext {
  /// Sentences to judge by, in batches of similar length.
  fileprivate func sentences(
    _ sentences: LabelledSentences, _ vocabulary: Vocabulary
  ) -> RunData.Loader {
    let batches = LengthBucketSampler(
      lengths: sentences.lengths, batchSize: max(128, shareCount), shuffle: false, seed: 0)
    return evaluationLoader(sentences.encoded(by: vocabulary), batches, collate: Self.collate)
  }

  fileprivate static func collate(_ records: [LabelledSentence]) -> [Tensor] {
    let batch = Collate.sentences(records)
    return [batch.tokens, batch.lengths, batch.labels]
  }
}

/// Keys of `labelled-text`: files with a label and a sentence on each line.
public struct LabelledTextOptions: ConfigurationSection {
  /// The folder.
  public var path = ""
  /// The training sentences' file in it.
  public var train = "train.txt"
  /// The file by which a run is judged while it goes on; nil for none.
  public var validation: String? = "dev.txt"
  /// The file by which the finished run is judged.
  public var test = "test.txt"
  /// The most words that the vocabulary keeps.
  public var vocabulary = 20_000
  /// How often a word must occur in the training sentences to be kept.
  public var minCount = 2
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, required: true, "the folder that holds the files"),
    Field(path: "train", \.train, "the training sentences' file"),
    Field(path: "validation", \.validation, "the file judged by during the run"),
    Field(path: "test", \.test, "the file judged by at the end"),
    Field("vocabulary", \.vocabulary, in: .count(), "the most words that are kept"),
    Field("min_count", \.minCount, in: .count(), "how often a word must occur to be kept"),
  ]
}
