import Datasets
import Settings
import Training

/// Files of records, and the names of their fields.
public struct FineTuningData: ConfigurationSection {
  /// How the lines of a file without fields are read.
  public enum Lines: String, ConfigurationChoice {
    /// A line is a text.
    case text
    /// A line is a label, a space and a text.
    case labelFirst = "label_first"
    /// A file is a text.
    case document
  }

  /// The training records.
  public var train = ""
  /// Records to judge by while the run goes on; nil for none.
  public var validation: String?
  /// Records to judge the best model by at the end; nil for none.
  public var test: String?
  /// Which part of the training records, at their end, is taken to judge by.
  public var heldOut = 0.0
  /// How lines are read where a file has no fields.
  public var lines = Lines.text
  /// The field of the text, of the words, of the source, or of the prompt.
  public var text = "text"
  /// The field of a second text.
  public var pair: String?
  /// The field of the label, of the labels or of the words' tags.
  public var label = "label"
  /// The field of the text that is to be written or completed.
  public var target: String?
  /// The field of a conversation.
  public var messages: String?
  /// The labels' names in their order; none for those that occur.
  public var labels: [String] = []
  /// How the files' bytes are characters.
  public var encoding = FileEncoding.utf8
  /// Where tokens are kept for the next run; nil for nowhere.
  public var cache: String? = "runs/tokens"

  /// The defaults.
  public init() {}

  /// The keys.
  public static let fields: [Field<Self>] = [
    Field(path: "train", \.train, required: true, "training records: CSV, TSV, JSON lines, text"),
    Field(path: "validation", \.validation, "records to judge by while the run goes on"),
    Field(path: "test", \.test, "records to judge the best model by at the end"),
    Field("held_out", \.heldOut, in: .from(0, below: 1), "part of train, at its end, to judge by"),
    Field("lines", \.lines, "how lines are read where a file has no fields"),
    Field("text", \.text, "field of the text, the words, the source or the prompt"),
    Field("pair", \.pair, "field of a second text"),
    Field("label", \.label, "field of the label, the labels or the words' tags"),
    Field("target", \.target, "field of the text that is to be written or completed"),
    Field("messages", \.messages, "field of a conversation"),
    Field("labels", \.labels, "the labels' names in their order; none: those that occur"),
    Field("encoding", \.encoding, "how the files' bytes are characters"),
    Field(path: "cache", \.cache, "folder where tokens are kept for the next run; null for none"),
  ]
}

extension FileEncoding: ConfigurationChoice {}
