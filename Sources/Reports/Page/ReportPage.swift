import Base
internal import CReportPage
import Foundation

/// One HTML page that shows runs: everything it needs is in it, and it asks the network for nothing.
///
/// Data is JSON in a script element of its own, in which `<`, `>` and `&` are escaped, and the page's
/// script puts texts into the document as text alone; so names and texts of a run stay what they are.
package struct ReportPage {
  /// The most points of a curve that the page draws.
  package static let mostPoints = 3000

  /// The runs.
  package var runs: [RunRecord]
  /// Seconds between two looks at `data.json` beside the page; nil for a page that stands alone.
  package var refresh: Int?

  /// A page of runs.
  package init(_ runs: [RunRecord], refresh: Int? = nil) {
    (self.runs, self.refresh) = (runs, refresh)
  }

  /// The page.
  package var html: String {
    let title = runs.map(\.name).joined(separator: ", ")
    let shown = title.count > 80 ? "\(runs.count) runs" : title
    return """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta http-equiv="Content-Security-Policy" content="default-src 'none'; \
      style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src \
      \(refresh == nil ? "'none'" : "'self'"); img-src data:; base-uri 'none'; form-action 'none'">
      <title>\(Self.escaped(shown)) – Torus</title>
      <style>
      \(PageParts.style)</style>
      </head>
      <body>
      <main id="page"></main>
      <noscript>This page draws its curves with a script, and scripts are switched off.</noscript>
      <script type="application/json" id="data">\(Self.embedded(data))</script>
      <script>
      \(PageParts.scripts.joined(separator: "\n"))</script>
      </body>
      </html>

      """
  }

  /// What the page shows, as JSON.
  package var data: String {
    let refresh = self.refresh.map(String.init) ?? "null"
    return "{\"refresh\": \(refresh), \"runs\": [\(runs.map(Self.json).joined(separator: ", "))]}"
  }

  private static func json(_ run: RunRecord) -> String {
    let series = run.series.map { series in
      let thin = series.thinned(to: mostPoints)
      let values = thin.values.map(number).joined(separator: ",")
      let steps = thin.steps.map(String.init).joined(separator: ",")
      return "{\"name\": \(quotedJSON(series.name)), \"points\": \(series.steps.count),"
        + " \"steps\": [\(steps)], \"values\": [\(values)]}"
    }
    let configuration = run.configuration.map { entries in
      "[\(entries.map { "[\(quotedJSON($0.key)), \(quotedJSON($0.value))]" }.joined(separator: ", "))]"
    }
    func last(_ event: String) -> String {
      run.lines.last { $0.event == event }.map { object($0) } ?? "null"
    }
    let members = [
      ("name", quotedJSON(run.name)), ("folder", quotedJSON(run.folder)),
      ("status", quotedJSON(run.status.rawValue)),
      ("step", run.lastStep.map(String.init) ?? "null"),
      ("started", last("started")), ("finished", last("finished")),
      ("parallel", last("data_parallel")), ("ranks", last("ranks")),
      ("confusion", last("confusion")), ("samples", last("samples")),
      ("checkpoints", String(run.lines.count { $0.event == "checkpoint" })),
      ("configuration", configuration ?? "null"),
      ("warnings", "[\(run.warnings.map(quotedJSON).joined(separator: ", "))]"),
      ("series", "[\(series.joined(separator: ", "))]"),
    ]
    return "{\(members.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}"
  }

  private static func object(_ line: RunRecord.Line) -> String {
    "{\(line.values.map { "\(quotedJSON($0.name)): \(text($0.value))" }.joined(separator: ", "))}"
  }

  private static func text(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let value): String(value)
    case .number(let digits): digits
    case .string(let value): quotedJSON(value)
    case .array(let values): "[\(values.map(text).joined(separator: ", "))]"
    case .object(let members):
      "{\(members.map { "\(quotedJSON($0.name)): \(text($0.value))" }.joined(separator: ", "))}"
    }
  }

  /// A number as JSON has it; those that are not finite as texts.
  private static func number(_ value: Double) -> String {
    value.isFinite ? "\(value)" : value.isNaN ? "\"nan\"" : value < 0 ? "\"-inf\"" : "\"inf\""
  }

  /// JSON that may stand in a script element: outside of texts these characters do not occur.
  ///
  /// Scalars are looked at, since Swift takes `<` with a combining mark behind it for another character.
  private static func embedded(_ json: String) -> String {
    replacing(
      json,
      [
        "&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u{2028}": "\\u2028",
        "\u{2029}": "\\u2029",
      ])
  }

  /// A text as HTML.
  static func escaped(_ text: String) -> String {
    replacing(text, ["&": "&amp;", "<": "&lt;", ">": "&gt;", "\"": "&quot;"])
  }

  private static func replacing(
    _ text: String, _ replacements: [Unicode.Scalar: String]
  ) -> String {
    var result = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      if let replacement = replacements[scalar] {
        result.append(contentsOf: replacement.unicodeScalars)
      } else {
        result.append(scalar)
      }
    }
    return String(result)
  }
}

/// The page's style and scripts, from the files in CReportPage.
enum PageParts {
  static let style = text(torus_page_style, torus_page_style_size)
  static let scripts = [
    text(torus_page_data, torus_page_data_size), text(torus_page_chart, torus_page_chart_size),
    text(torus_page_script, torus_page_script_size),
  ]

  private static func text(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> String {
    String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
  }
}
