import Tensors

extension SummaryWriter {
  /// Adds a precision-recall curve, whose threshold TensorBoard lets one move.
  ///
  /// - Parameters:
  ///   - tag: What it is called.
  ///   - labels: 0 or 1 for each record, of any shape.
  ///   - predictions: The probability of 1 for each record, from 0 to 1.
  ///   - globalStep: The step that it belongs to.
  ///   - numThresholds: How many thresholds, evenly spaced from 0 to 1: between 2 and 127.
  ///   - weights: Each record's weight; nil where all count alike.
  ///   - walltime: Seconds since 1970; by default now.
  public func addPRCurve(
    _ tag: String, labels: Tensor, predictions: Tensor, globalStep: Int? = nil,
    numThresholds: Int = 127, weights: Tensor? = nil, walltime: Double? = nil
  ) throws(SummaryWriterError) {
    require(
      labels.count == predictions.count && weights.map { $0.count == labels.count } != false,
      "addPRCurve",
      "labels of shape \(labels.shape), predictions of shape \(predictions.shape)"
        + (weights.map { ", weights of shape \($0.shape)" } ?? ""))
    require(
      numThresholds >= 2, "addPRCurve",
      "numThresholds is at least 2, and \(numThresholds) was given")
    let thresholds = min(numThresholds, 127)
    let truths = labels.array(of: Double.self)
    let shares = weights?.array(of: Double.self)
    var positives = [Double](repeating: 0, count: thresholds)
    var negatives = positives
    for (index, probability) in predictions.array(of: Double.self).enumerated() {
      let place = (probability * Double(thresholds - 1)).rounded(.down)
      guard place >= 0, place < Double(thresholds) else { continue }
      let share = shares?[index] ?? 1
      positives[Int(place)] += truths[index] * share
      negatives[Int(place)] += (1 - truths[index]) * share
    }
    // What lies at a threshold or above it is predicted to be 1.
    for place in (0..<thresholds - 1).reversed() {
      positives[place] += positives[place + 1]
      negatives[place] += negatives[place + 1]
    }
    let trueNegatives = negatives.map { negatives[0] - $0 }
    let falseNegatives = positives.map { positives[0] - $0 }
    let least = 1e-7
    let precision = zip(positives, negatives).map { $0 / max(least, $0 + $1) }
    let recall = zip(positives, falseNegatives).map { $0 / max(least, $0 + $1) }
    let rows = [positives, negatives, trueNegatives, falseNegatives, precision, recall]
    try add(.precisionRecall(tag, rows), globalStep, walltime)
  }
}
