import Foundation
import Torus

/// What a model must know of points with labels. A batch is `[N, 2]`, then labels `[N]`.
struct PointRecords: RecordFormat {
  static let name = "points"
  let classes: Int
}

/// A point of one spiral of several.
struct SpiralPoint: Sendable {
  let place: [Float]
  let label: Int

  /// Points along `arms` spirals that wind once around each other, the same ones in every process.
  /// - Parameter shift: How far between two points of the same count the new ones lie.
  static func spirals(_ count: Int, arms: Int, shift: Double) -> [SpiralPoint] {
    (0..<count).map { index in
      let (arm, along) = (index % arms, (Double(index / arms) + shift) * Double(arms))
      let radius = 0.1 + 0.9 * along / Double(count)
      let angle = 2 * Double.pi * (radius + Double(arm) / Double(arms))
      return SpiralPoint(
        place: [Float(radius * cos(angle)), Float(radius * sin(angle))], label: arm)
    }
  }
}

extension DataDefinition {
  /// `data: {name: spirals, count: 600, arms: 2}`
  static let spirals = DataDefinition("spirals", "points on spirals", SpiralOptions.self) {
    options, context in
    let training = SpiralPoint.spirals(options.count, arms: options.arms, shift: 0)
    let heldOut = SpiralPoint.spirals(options.count / 3, arms: options.arms, shift: 0.5)
    let plan = try context.plan(SourceFingerprint(records: training.count), path: "spirals")
    let collate: ([SpiralPoint]) -> [Tensor] = { points in
      [Collate.stack(points.map(\.place), shape: [2]), Tensor(points.map(\.label))]
    }
    return RunData(
      PointRecords(classes: options.arms), plan: plan,
      training: context.trainingLoader(ArrayDataset(training), plan, collate: collate),
      heldOut: context.evaluationLoader(ArrayDataset(heldOut), collate: collate),
      contents: DataContents(name: "spirals", numbers: training.flatMap(\.place)))
  }
}

/// Keys of `spirals`.
struct SpiralOptions: ConfigurationSection {
  var count = 600
  var arms = 2
  static let fields: [Field<Self>] = [
    Field("count", \.count, in: .between(6, 1_000_000), "points that are trained on"),
    Field("arms", \.arms, in: .between(2, 10), "spirals, which are the labels"),
  ]
}
