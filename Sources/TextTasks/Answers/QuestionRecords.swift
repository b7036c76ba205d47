import Base
import Datasets
import Foundation

/// A question about a text, as SQuAD's files have it.
public struct QuestionRecord: Sendable, Equatable {
  /// What the question is called.
  public var id: String
  /// What is asked.
  public var question: String
  /// The text that holds the answer.
  public var context: String
  /// The right answers; none where there is no answer.
  public var answers: [Answer]

  /// A part of the context.
  public struct Answer: Sendable, Equatable {
    /// The part.
    public var text: String
    /// Its first character's place in the context, in code points.
    public var start: Int

    /// A part and its place.
    public init(text: String, start: Int) {
      self.text = text
      self.start = start
    }
  }

  /// A question with its answers.
  public init(id: String, question: String, context: String, answers: [Answer] = []) {
    self.id = id
    self.question = question
    self.context = context
    self.answers = answers
  }

  /// Reads the questions of a file: SQuAD's own nested JSON, the flat records that Hugging Face's
  /// `run_qa` takes (`{"data": [{"id", "question", "context", "answers"}]}`), or one such record a line.
  /// - Throws: `DataError` that names the record and what it lacks.
  public static func read(
    path: String, encoding: FileEncoding = .utf8
  ) throws -> [QuestionRecord] {
    let text = try TextTable.contents(path, encoding)
    let reader = Reader(path: path)
    var records: [QuestionRecord] = []
    if let whole = try? JSONParser.parse(Array(text.utf8)), let data = whole["data"] {
      guard case .array(let articles) = data else {
        throw reader.fault("data", "data is no list", "Write SQuAD's form")
      }
      for (index, article) in articles.enumerated() {
        records += try reader.article(article, "data[\(index)]")
      }
    } else {
      for (number, line) in text.lines.enumerated() {
        if line.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x09 }) { continue }
        guard let json = try? JSONParser.parse(Array(line.utf8)), case .object = json else {
          throw reader.fault(
            "line \(number + 1)", "the line is no JSON object",
            "Write SQuAD's form, or one object a line")
        }
        records.append(try reader.flat(json, "line \(number + 1)"))
      }
    }
    guard !records.isEmpty else {
      throw DataError(.empty, path: path, "there are no questions", remedy: "Check the file")
    }
    return records
  }

  private struct Reader {
    let path: String

    func fault(_ place: String, _ message: String, _ remedy: String) -> DataError {
      DataError(.malformed, path: path, at: place, message, remedy: remedy)
    }

    func article(_ json: JSONValue, _ place: String) throws(DataError) -> [QuestionRecord] {
      guard let paragraphs = json["paragraphs"] else { return [try flat(json, place)] }
      var records: [QuestionRecord] = []
      for (index, paragraph) in try list(paragraphs, "\(place).paragraphs").enumerated() {
        let place = "\(place).paragraphs[\(index)]"
        let context = try text(paragraph, "context", place)
        guard let questions = paragraph["qas"] else {
          throw fault(place, "there is no qas", "Write SQuAD's form")
        }
        for (index, question) in try list(questions, "\(place).qas").enumerated() {
          let place = "\(place).qas[\(index)]"
          var answers: [Answer] = []
          if let given = question["answers"], question["is_impossible"] != .bool(true) {
            answers = try nested(given, place)
          }
          records.append(
            QuestionRecord(
              id: try text(question, "id", place), question: try text(question, "question", place),
              context: context, answers: answers))
        }
      }
      return records
    }

    func flat(_ json: JSONValue, _ place: String) throws(DataError) -> QuestionRecord {
      var record = QuestionRecord(
        id: try text(json, "id", place), question: try text(json, "question", place),
        context: try text(json, "context", place))
      switch json["answers"] {
      case .object?:
        let texts = try list(json["answers"]?["text"] ?? .null, "\(place).answers.text")
        let starts = try list(
          json["answers"]?["answer_start"] ?? .null, "\(place).answers.answer_start")
        guard texts.count == starts.count else {
          throw fault(
            place, "there are \(texts.count) answers and \(starts.count) places",
            "Give a place to each answer")
        }
        for (text, start) in zip(texts, starts) {
          record.answers.append(try answer(text, start, place))
        }
      case .array?: record.answers = try nested(json["answers"] ?? .null, place)
      default: break
      }
      return record
    }

    private func nested(_ json: JSONValue, _ place: String) throws(DataError) -> [Answer] {
      var answers: [Answer] = []
      for given in try list(json, "\(place).answers") {
        answers.append(try answer(given["text"] ?? .null, given["answer_start"] ?? .null, place))
      }
      return answers
    }

    private func answer(
      _ text: JSONValue, _ start: JSONValue, _ place: String
    ) throws(DataError) -> Answer {
      guard case .string(let text) = text, case .number(let number) = start,
        let start = Int(number), start >= 0
      else {
        throw fault(place, "an answer lacks its text or answer_start", "Give both")
      }
      return Answer(text: text, start: start)
    }

    private func list(_ json: JSONValue, _ place: String) throws(DataError) -> [JSONValue] {
      guard case .array(let values) = json else {
        throw fault(place, "a list is expected", "Write SQuAD's form")
      }
      return values
    }

    private func text(
      _ json: JSONValue, _ name: String, _ place: String
    ) throws(DataError) -> String {
      switch json[name] {
      case .string(let text)?: return text
      case .number(let text)? where name == "id": return text
      default: throw fault(place, "there is no text \(name)", "Write SQuAD's form")
      }
    }
  }
}
