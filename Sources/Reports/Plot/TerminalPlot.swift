import Foundation

/// Curves as lines of text, for a terminal.
package struct TerminalPlot {
  /// One curve.
  package struct Curve: Sendable {
    /// What the legend calls it.
    package let name: String
    /// Its points.
    package let series: MetricSeries

    /// A curve with its name.
    package init(name: String, series: MetricSeries) { (self.name, self.series) = (name, series) }
  }

  /// The curves.
  package var curves: [Curve]
  /// Columns of the whole, axis included.
  package var columns: Int
  /// Rows of the curves.
  package var rows: Int
  /// Whether colours tell curves apart; without, several curves have letters.
  package var usesColour: Bool
  /// Whether the values' axis is logarithmic.
  package var isLogarithmic: Bool

  /// Curves on a place of a size.
  package init(
    _ curves: [Curve], columns: Int, rows: Int = 16, usesColour: Bool = false,
    isLogarithmic: Bool = false
  ) {
    self.curves = curves
    self.columns = min(max(columns, 24), 1000)
    self.rows = min(max(rows, 3), 200)
    (self.usesColour, self.isLogarithmic) = (usesColour, isLogarithmic)
  }

  /// ANSI's colours: cyan, yellow, green, magenta, blue, red.
  private static let colours = [36, 33, 32, 35, 34, 31]
  private static let letters: [Character] = ["*", "o", "+", "x", "#", "@"]

  /// What can be drawn of a curve.
  private func points(_ curve: Curve) -> [(step: Double, value: Double)] {
    zip(curve.series.steps, curve.series.values).compactMap { step, value in
      guard value.isFinite, !isLogarithmic || value > 0 else { return nil }
      return (Double(step), isLogarithmic ? log10(value) : value)
    }
  }

  /// The lines, from the top down.
  package var lines: [String] {
    let drawn = curves.map(points)
    let all = drawn.joined()
    guard let first = all.map(\.step).min(), let last = all.map(\.step).max(),
      var low = all.map(\.value).min(), var high = all.map(\.value).max()
    else { return ["there is no finite number to draw"] }
    if !(high > low) {
      let pad = abs(high) > 0 ? abs(high) * 0.1 : 0.5
      (low, high) = (low - pad, high + pad)
    }
    func label(_ value: Double) -> String {
      String(format: "%.4g", isLogarithmic ? pow(10, value) : value)
    }
    let marks = (0..<rows).map { row -> String in
      // The upper edge, the lower one, and what stands between at every fourth row.
      guard row == 0 || row == rows - 1 || row % 4 == 0 && row < rows - 3 else { return "" }
      return label(high - (high - low) * Double(row) / Double(max(1, rows - 1)))
    }
    let margin = (marks.map(\.count).max() ?? 0) + 2
    var canvas = PlotCanvas(columns: max(4, columns - margin), rows: rows)
    let span = last > first ? last - first : 1
    for (index, points) in drawn.enumerated() {
      var before: (x: Double, y: Double)?
      for point in points {
        let x = (point.step - first) / span * Double(canvas.width - 1)
        // Halves keep the range of numbers at the ends of their type's.
        let part = (point.value / 2 - low / 2) / (high / 2 - low / 2)
        let y = (1 - part) * Double(canvas.height - 1)
        canvas.draw(from: before ?? (x, y), to: (x, y), curve: index)
        before = (x, y)
      }
    }
    var lines: [String] = []
    for row in 0..<rows {
      let mark = String(repeating: " ", count: margin - 2 - marks[row].count) + marks[row]
      lines.append(mark + (marks[row].isEmpty ? " │" : " ┤") + text(of: row, canvas))
    }
    let (left, right) = ("\(Int(first))", "\(Int(last))")
    let gap = max(1, columns - margin - left.count - right.count)
    lines.append(
      String(repeating: " ", count: margin - 1) + "└"
        + String(repeating: "─", count: columns - margin))
    lines.append(
      String(repeating: " ", count: margin) + left
        + (last > first ? String(repeating: " ", count: gap) + right : ""))
    return lines + legend(margin)
  }

  private func text(of row: Int, _ canvas: PlotCanvas) -> String {
    var text = ""
    var colour: Int?
    for column in 0..<canvas.columns {
      let cell = canvas.cell(column, row)
      guard let curve = cell.curve else {
        text += " "
        continue
      }
      if usesColour, colour != curve {
        text += "\u{1B}[\(Self.colours[curve % Self.colours.count])m"
        colour = curve
      }
      text.append(curves.count > 1 && !usesColour ? letter(curve) : cell.braille)
    }
    while text.last == " " { text.removeLast() }
    return colour == nil ? text : text + "\u{1B}[0m"
  }

  private func letter(_ curve: Int) -> Character { Self.letters[curve % Self.letters.count] }

  private func legend(_ margin: Int) -> [String] {
    curves.enumerated().map { index, curve in
      var mark = "\(curves.count > 1 ? letter(index) : "⠒")"
      if usesColour {
        mark = "\u{1B}[\(Self.colours[index % Self.colours.count])m⠒⠒\u{1B}[0m"
      }
      let values = curve.series.values
      let last = values.last.map { $0.isFinite ? String(format: "%.4g", $0) : "\($0)" } ?? "–"
      let gaps = values.count { !$0.isFinite }
      return String(repeating: " ", count: margin)
        + "\(mark) \(Self.plain(curve.name))  last \(last)"
        + (gaps > 0 ? "  (\(gaps) not finite)" : "")
    }
  }

  /// A name without characters that a terminal would obey.
  static func plain(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}

/// Dots on a grid of characters, 2 × 4 to each (Unicode's braille patterns).
struct PlotCanvas {
  let columns: Int
  let rows: Int
  private var dots: [UInt8]
  private var owners: [Int16]

  init(columns: Int, rows: Int) {
    (self.columns, self.rows) = (columns, rows)
    dots = [UInt8](repeating: 0, count: columns * rows)
    owners = [Int16](repeating: -1, count: columns * rows)
  }

  /// Dots from left to right, and from top to bottom.
  var width: Int { columns * 2 }
  var height: Int { rows * 4 }

  /// The bits of a character's eight dots, by column and row.
  private static let bits: [[UInt8]] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]]

  /// Draws a straight line; what was drawn later has the character.
  mutating func draw(from start: (x: Double, y: Double), to end: (x: Double, y: Double), curve: Int)
  {
    let count = max(1, Int(max(abs(end.x - start.x), abs(end.y - start.y)).rounded(.up)))
    for part in 0...count {
      let share = Double(part) / Double(count)
      let x = min(max(Int((start.x + (end.x - start.x) * share).rounded()), 0), width - 1)
      let y = min(max(Int((start.y + (end.y - start.y) * share).rounded()), 0), height - 1)
      let place = y / 4 * columns + x / 2
      dots[place] |= Self.bits[x % 2][y % 4]
      owners[place] = Int16(clamping: curve)
    }
  }

  /// The character at a place, and the curve whose it is.
  func cell(_ column: Int, _ row: Int) -> (braille: Character, curve: Int?) {
    let place = row * columns + column
    let owner = owners[place]
    let scalar = Unicode.Scalar(0x2800 + UInt32(dots[place])) ?? " "
    return (Character(scalar), owner < 0 ? nil : Int(owner))
  }
}
