/// Keys of `digits`: the 1,797 handwritten digits that the project ships.
public struct DigitsOptions: ConfigurationSection {
  /// Another copy of the CSV file, gzip or plain; nil for the shipped one.
  public var path: String?
  /// Records held out for the test.
  public var heldOut = 360
  /// Seed of the permutation that picks them.
  public var heldOutSeed = 0
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, "another copy of the CSV file; null for the shipped one"),
    Field("held_out", \.heldOut, in: .count(), "records held out for the test"),
    Field("held_out_seed", \.heldOutSeed, in: .atLeast(0), "seed of the draw that holds them out"),
  ]
}

/// Keys of `idx`: a folder with the four IDX files of MNIST or Fashion-MNIST, gzip or plain.
public struct IDXOptions: ConfigurationSection {
  /// The folder.
  public var path = ""
  /// The defaults.
  public init() {}
  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "path", \.path, required: true, "the folder that holds the four IDX files")
  ]
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
