import Base
import Datasets
import Foundation
import Models
import Settings
import Tensors

extension DataDefinition {
  /// `text`: windows of a text.
  static let text = DataDefinition(
    "text", "characters of a text", TextOptions.self,
    judged: { options, other, context in
      let corpus = try TextCorpus(scanning: other.path, extensions: options.extensions)
      let vocabulary: CharacterVocabulary = try other.artifact("vocabulary.json")
      // All of the text is judged by.
      let contexts = try TextContexts(
        corpus, .validation, contextLength: options.context, trainingShare: 0,
        vocabulary: vocabulary)
      return JudgedRecords(
        context.evaluationLoader(contexts, batchSize: 48, collate: RunContext.collate))
    }
  ) { options, context in
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
    func contexts(_ part: TextContexts.Part) throws -> TextContexts {
      try TextContexts(
        corpus, part, contextLength: options.context, trainingShare: 1 - options.heldOut,
        vocabulary: vocabulary)
    }
    let training = try contexts(.training)
    let plan = try context.plan(training.fingerprint, path: path, dropLast: true)
    var data = RunData(
      CharacterRecords(vocabulary: vocabulary.count, context: options.context), plan: plan,
      training: context.trainingLoader(training, plan, collate: RunContext.collate),
      heldOut: context.evaluationLoader(
        try contexts(.validation), batchSize: 48, collate: RunContext.collate),
      contents: try context.contents(
        of: corpus.files.map { corpus.folder.isEmpty ? $0.name : "\(corpus.folder)/\($0.name)" }))
    data.heldOutName = "validation"
    data.trainingInOrder = {
      context.evaluationLoader(training, batchSize: 48, collate: RunContext.collate)
    }
    data.artifacts = [("vocabulary.json", try JSONEncoder().encode(vocabulary))]
    return data
  }
}

extension RunContext {
  fileprivate static func collate(_ records: [TextContext]) -> [Tensor] {
    let batch = Collate.contexts(records)
    return [batch.inputs, batch.targets]
  }
}

/// Keys of `text`: characters of a file, or of all files with some extensions in a folder.
public struct TextOptions: ConfigurationSection {
  /// The file or folder.
  public var path = ""
  /// Which files of a folder are read.
  public var extensions = ["swift"]
  /// Characters that the model sees at once.
  public var context = 64
  /// Part of the text, at its end, held out for validation.
  public var heldOut = 0.1
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, required: true, "the text file, or a folder of them"),
    Field("extensions", \.extensions, "which files of a folder are read"),
    Field("context", \.context, in: .count(), "characters that the model sees at once"),
    Field("held_out", \.heldOut, in: .from(0, below: 1), "part at the text's end for validation"),
  ]
}
