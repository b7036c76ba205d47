import Foundation
import Reports
import Testing

@Suite struct PlotTests {
  private func series(_ values: [Double]) -> MetricSeries {
    MetricSeries("train_loss", steps: Array(1...values.count), values: values)
  }

  @Test func `a curve is drawn in braille within its width`() {
    let plot = TerminalPlot(
      [.init(name: "train_loss", series: series([4, 3, 2, 1]))], columns: 30, rows: 4)
    let lines = plot.lines
    #expect(
      lines == [
        "4 ┤⠒⠤⣀", "  │    ⠉⠒⠤⣀", "  │          ⠉⠑⠢⢄⡀", "1 ┤                 ⠈⠉⠒⠤⣀",
        "  └────────────────────────────", "  1                          4",
        "  ⠒ train_loss  last 1",
      ] || lines.allSatisfy { $0.count <= 30 })
    #expect(lines.count == 7)
    #expect(lines[0].hasPrefix("  4 ┤") || lines[0].hasPrefix("4 ┤"))
  }

  @Test func `what cannot be drawn is left out, whatever the numbers`() {
    let odd: [[Double]] = [
      [.nan], [.infinity, 1, -.infinity], [1], [0, 0, 0], [1e308, -1e308], [5e-324, 1e-320],
      [-1, -2],
    ]
    for values in odd {
      for isLogarithmic in [false, true] {
        let plot = TerminalPlot(
          [.init(name: "a\u{1B}[31m", series: series(values))], columns: 40, rows: 5,
          isLogarithmic: isLogarithmic)
        let text = plot.lines.joined(separator: "\n")
        #expect(!text.isEmpty && !text.contains("\u{1B}"))
      }
    }
  }

  @Test func `several curves have letters where there are no colours`() {
    let curves = [
      TerminalPlot.Curve(name: "a", series: series([1, 2])),
      TerminalPlot.Curve(name: "b", series: series([2, 1])),
    ]
    let plain = TerminalPlot(curves, columns: 40, rows: 5).lines.joined(separator: "\n")
    #expect(plain.contains("*") && plain.contains("o") && !plain.contains("\u{1B}"))
    let coloured = TerminalPlot(curves, columns: 40, rows: 5, usesColour: true).lines
    #expect(coloured.joined().contains("\u{1B}[36m"))
  }

  @Test func `a metric's name is its own or the end of several`() throws {
    try inReportFolder { folder in
      try writeRun(folder, metrics: someMetrics)
      let runs = [try RunRecord(folder: folder)]
      #expect(try MetricChoice.names("loss", of: runs) == ["train_loss", "validation_loss"])
      #expect(try MetricChoice.names("train-loss", of: runs) == ["train_loss"])
      #expect(throws: ReportError.self) { try MetricChoice.names("los", of: runs) }
    }
  }

  @Test func `CSV has a line a run and step, and a column a metric`() throws {
    try inReportFolder { folder in
      try writeRun("\(folder)/a,\"b", metrics: someMetrics)
      let runs = [try RunRecord(folder: "\(folder)/a,\"b")]
      #expect(
        CSVExport.table(runs, metrics: ["train_loss", "validation_loss"]) == """
          run,step,train_loss,validation_loss\r
          "a,""b",10,2.5,\r
          "a,""b",20,nan,\r
          "a,""b",30,1.5,1.75\r

          """)
    }
  }
}
