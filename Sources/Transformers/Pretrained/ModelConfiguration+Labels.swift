/// The labels of a classifier.
extension ModelConfiguration {
  /// How many labels a classifier has: those of `id2label`, else `num_labels`, else 2.
  public var numLabels: Int {
    get throws {
      note(["id2label", "label2id", "num_labels"])
      if let labels = value("id2label") {
        guard let members = labels.members else {
          throw fault("id2label", "an object from numbers to names is expected")
        }
        return members.count
      }
      return try self["num_labels"] == nil ? 2 : size("num_labels", 2)
    }
  }

  /// The labels' names in the order of their numbers; `LABEL_0` and so on where none are given.
  public var labels: [String] {
    get throws {
      let count = try numLabels
      return (0..<count).map { self["id2label"]?["\($0)"]?.string ?? "LABEL_\($0)" }
    }
  }

  /// Names the labels, which also says how many there are.
  public func setLabels(_ names: [String]) {
    let numbered = names.enumerated()
    self["num_labels"] = nil
    self["id2label"] = .object(numbered.map { .init("\($0.offset)", .string($0.element)) })
    self["label2id"] = .object(numbered.map { .init($0.element, .int($0.offset)) })
  }
}

/// What a classifier's labels are (`problem_type`).
public enum ProblemType: String, Sendable {
  /// Numbers: mean squared error.
  case regression
  /// One class a record: cross-entropy.
  case singleLabel = "single_label_classification"
  /// A truth value for every class: binary cross-entropy.
  case multiLabel = "multi_label_classification"
}

extension ModelConfiguration {
  /// What the labels are, or nil where they will tell.
  public var problemType: ProblemType? {
    get throws {
      try optionalString("problem_type").map { name in
        guard let type = ProblemType(rawValue: name) else {
          throw fault(
            "problem_type",
            "“\(name)” is none of regression, single_label_classification and "
              + "multi_label_classification")
        }
        return type
      }
    }
  }
}
