import Optimizers
import Settings
import Training

/// What `ddp-train finetune` needs to know: a model's folder, a task, and files of records.
///
/// ```yaml
/// model: models/bert-base-uncased
/// task: text-classification
/// data: {train: train.tsv, validation: dev.tsv, text: sentence, label: label}
/// batch_size: 32
/// epochs: 3
/// lr: 2e-5
/// metric: accuracy
/// ```
public struct FineTuningConfiguration: RecordedConfiguration {
  /// What the model is trained for.
  public enum Task: String, ConfigurationChoice {
    /// One class for a text, or a pair of texts.
    case textClassification = "text-classification"
    /// Any number of classes for a text.
    case multiLabel = "multi-label"
    /// A number for a text.
    case regression
    /// A part of a text that answers a question, in SQuAD's form.
    case questionAnswering = "question-answering"
    /// A class for each word.
    case tokenClassification = "token-classification"
    /// Masked tokens.
    case maskedLM = "masked-lm"
    /// The next token.
    case causalLM = "causal-lm"
    /// A text from a text.
    case seq2seq
  }

  /// What the run is called.
  public var name = "finetune"
  /// The folder of the model, or a name in the hub's cache.
  public var model = ""
  /// Whether the model begins with new weights of the folder's configuration.
  public var fromScratch = false
  /// What a new model is made of, as in a config.json; nothing for that of the model's folder.
  public var architecture = ArchitectureOptions()
  /// A vocabulary that is trained from the records' texts.
  public var vocabulary = VocabularyOptions()
  /// What for.
  public var task = Task.textClassification
  /// The records.
  public var data = FineTuningData()
  /// The most tokens of a record.
  public var maxLength = 128
  /// Whether records of a batch have about the same length.
  public var groupByLength = true
  /// Records in one optimizer step, over all workers.
  public var batchSize = 32
  /// Passes over the records; nil for no end by epochs.
  public var epochs: Int? = 3
  /// Optimizer steps; nil for no end by steps.
  public var steps: Int?
  /// Parts in which a worker computes its share of a batch.
  public var accumulate = 1
  /// The learning rate of the head, and of all where ``layerDecay`` is 1.
  public var lr = 5e-5
  /// By what each layer's learning rate is that of the one above it.
  public var layerDecay = 1.0
  /// AdamW's weight decay; not of biases and norms.
  public var weightDecay = 0.0
  /// AdamW's decay rates of running averages.
  public var betas = [0.9, 0.999]
  /// AdamW's small number.
  public var eps = 1e-8
  /// Parts of parameters' names that are not trained.
  public var freeze: [String] = []
  /// The schedule by Hugging Face's name.
  public var schedule = "linear"
  /// Steps of warm-up; below 1 the share of all steps.
  public var warmupSteps = 0.0
  /// Largest norm of all gradients together; nil for no clipping.
  public var clipGradNorm: Double? = 1
  /// How much of a target is shared out among all classes.
  public var labelSmoothing = 0.0
  /// The probability with which a token is hidden.
  public var mlmProbability = 0.15
  /// Whether texts stand one after another in blocks of the longest length.
  public var packing = false
  /// Whether layers keep only their inputs, and are computed once more for their gradients.
  public var gradientCheckpointing = false
  /// Adapters that are trained in the model's place.
  public var lora = LoraOptions()
  /// How many tokens the windows of a long context have in common.
  public var docStride = 128
  /// How many starts and ends of a window are looked at for answers.
  public var nBestSize = 20
  /// The most tokens of an answer.
  public var maxAnswerLength = 30
  /// Whether questions may have no answer, as in SQuAD 2.
  public var version2WithNegative = false
  /// By how much no answer must score higher than the best one.
  public var nullScoreDiffThreshold = 0.0
  /// What stands before every source text, as T5 expects.
  public var sourcePrefix = ""
  /// The most tokens of a text that is to be written; nil for as many as of a record.
  public var maxTargetLength: Int?
  /// Whether evaluations write texts and compare them with the targets.
  public var predictWithGenerate = false
  /// The most tokens of a written text; nil for the longest target's limit.
  public var generationMaxLength: Int?
  /// How many beams are searched; nil for the folder's own number.
  public var generationNumBeams: Int?
  /// Seed of new weights, order of records, masks and dropout.
  public var seed = 42
  /// Steps between two lines of metrics.
  public var logEvery = 10
  /// When the validation records are judged.
  public var evaluation = EvaluationConfiguration()
  /// When checkpoints are saved.
  public var checkpoint = CheckpointConfiguration()
  /// How gradients meet.
  public var distributed = DistributedConfiguration()
  /// In which precision forward passes compute, and parameters are kept.
  public var precision = TrainingPrecision.f32
  /// How parameters that are bfloat16 themselves take steps.
  public var rounding = StepRounding.kahan
  /// In how many bits the optimizer keeps what it remembers.
  public var optimizerState = StateFormat.full
  /// The figure by which the best model is kept; nil for the loss.
  public var metric: String?
  /// Evaluations without a better figure after which the run ends; nil for never.
  public var patience: Int?
  /// Compute threads of each worker; nil for its share of the cores.
  public var threads: Int?
  /// File for the timeline of all workers, `auto` for `trace.json` in the run directory; nil for none.
  public var trace: String?
  /// How many of the run's first steps the timeline holds, or the first and the last step's number.
  public var traceSteps = [100]
  /// File for the tables of what steps consist of, `auto` for `profile.txt` in the run directory; nil for
  /// none.
  public var profile: String?
  /// How many of the run's first steps are profiled, or the first and the last step's number.
  public var profileSteps = [11, 20]
  /// Folder for configuration, metrics, checkpoints and the model.
  public var runDirectory = "runs/finetune"
  /// `latest` to go on from the run directory's newest checkpoint (or begin where there is none yet), or
  /// a checkpoint's path; nil to begin.
  public var resume: String?

  /// The defaults.
  public init() {}

  /// Every key with its purpose and default, for help and for reading a command line.
  public static var keys: [KeyDescription] { fields.flatMap { $0.describe(Self(), $0.name) } }

  /// The keys.
  public static let fields: [Field<Self>] = ownFields + recordingFields

  /// Those that no other kind of run reads from the same place.
  private static let ownFields: [Field<Self>] = [
    Field("name", \.name, "what the run is called"),
    Field(
      "model", \.model, standard: "to be set, unless architecture and vocabulary are",
      "the model's folder, or a name in the hub's cache"),
    Field("from_scratch", \.fromScratch, "new weights by the folder's config.json"),
    Field("architecture", \.architecture, "a new model by the fields of a config.json"),
    Field("vocabulary", \.vocabulary),
    Field("task", \.task, "what the model is trained for"),
    Field("data", \.data),
    Field("max_length", \.maxLength, in: .count(from: 2), "the most tokens of a record"),
    Field("group_by_length", \.groupByLength, "records of about one length in a batch"),
    Field("batch_size", \.batchSize, in: .count(), "records in one step, over all workers"),
    Field("epochs", \.epochs, in: .count(), "passes over the records; null for no such end"),
    Field("steps", \.steps, in: .steps(), "optimizer steps; null for no such end"),
    Field("accumulate", \.accumulate, in: .count(), "parts in which a share is computed"),
    Field("lr", \.lr, in: .float(), "learning rate"),
    Field("layer_decay", \.layerDecay, in: .between(1e-3, 1), "a layer's rate by the one above"),
    Field("weight_decay", \.weightDecay, in: .float(), "AdamW's, of weights and tables"),
    Field("betas", \.betas, in: .from(0, below: 1), "AdamW's decay rates of running averages"),
    Field("eps", \.eps, in: .float(), "AdamW's small number"),
    Field("freeze", \.freeze, "parts of parameters' names that are not trained"),
    Field("schedule", \.schedule, "the schedule by Hugging Face's name"),
    Field("warmup_steps", \.warmupSteps, in: .float(), "steps of warm-up; below 1 a share of all"),
    Field("clip_grad_norm", \.clipGradNorm, in: .float(), "largest norm of all gradients"),
    Field("label_smoothing", \.labelSmoothing, in: .between(0, 1), "share of a target for all"),
    Field("mlm_probability", \.mlmProbability, in: .between(0, 1), "how many tokens are hidden"),
    Field("packing", \.packing, "texts one after another in blocks of max_length"),
    Field(
      "gradient_checkpointing", \.gradientCheckpointing,
      "layers keep only their inputs and are computed twice"),
    Field("lora", \.lora),
    Field("doc_stride", \.docStride, in: .atLeast(0), "tokens that windows of a context share"),
    Field("n_best_size", \.nBestSize, in: .count(), "starts and ends that are looked at"),
    Field("max_answer_length", \.maxAnswerLength, in: .count(), "the most tokens of an answer"),
    Field(
      "version_2_with_negative", \.version2WithNegative, "questions may have no answer (SQuAD 2)"),
    Field(
      "null_score_diff_threshold", \.nullScoreDiffThreshold, in: .float(from: -1e9),
      "by how much no answer must score higher"),
    Field("source_prefix", \.sourcePrefix, "what stands before every source text"),
    Field(
      "max_target_length", \.maxTargetLength, in: .count(from: 2),
      standard: "that of max_length", "the most tokens of a target"),
    Field(
      "predict_with_generate", \.predictWithGenerate, "evaluations write texts (ROUGE, BLEU)"),
    Field(
      "generation_max_length", \.generationMaxLength, in: .count(from: 2),
      standard: "that of targets", "the most tokens of a written text"),
    Field(
      "generation_num_beams", \.generationNumBeams, in: .between(1, 1024),
      standard: "the folder's", "beams that are searched"),
    Field("seed", \.seed, in: .atLeast(0), "seed of new weights, order, masks and dropout"),
    Field("log_every", \.logEvery, in: .steps(), "steps between two lines of metrics"),
    Field("evaluation", \.evaluation),
    Field("checkpoint", \.checkpoint),
    Field("distributed", \.distributed),
    Field("precision", \.precision, "f32, mixed with bf16 or f16, or parameters in bf16 too"),
    Field("rounding", \.rounding, "how parameters take steps with bf16-true"),
    Field("optimizer_state", \.optimizerState, "bits of what the optimizer remembers of a number"),
    Field("metric", \.metric, "the figure by which the best model is kept; null for the loss"),
    Field("patience", \.patience, in: .count(), "evaluations without a gain that end the run"),
    Field("threads", \.threads, in: .between(1, 1024), "threads of each worker"),
    Field(path: "run_dir", \.runDirectory, "folder for what the run writes"),
    Field(
      path: "resume", \.resume, words: ["latest"], bare: "latest",
      "latest, or a checkpoint's path, to go on from"),
  ]
}
