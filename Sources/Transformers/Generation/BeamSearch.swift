import Foundation
import Tensors

extension GenerationRun {
  /// Beam search and beam sampling as transformers 5 does them: of the best continuations of a
  /// prompt's beams those that end join the finished ones if they are among the best, and the others
  /// go on.
  func searchBeams() throws -> GenerationOutput {
    let beams = plan.beams
    let state = start()
    var logits = try readPrompts(state, times: beams)
    let kept = max(2, 1 + plan.eos.count) * beams
    var record = GenerationRecord(plan.config)
    var groups = prompts.rows.map { BeamGroup(prompt: $0, beams: beams) }
    while true {
      let log = try plan.processed(state.rows, logits.logSoftmax(dim: -1))
      record.add(scores: log, logits: logits)
      let length = state.rows[0].count
      let candidates = try continuations(log, groups, kept: kept, scores: record.scores)
      for index in groups.indices {
        groups[index].advance(
          candidates[index], generated: length + 1 - plan.promptLength,
          penalty: plan.config.lengthPenalty ?? 1, stopping: plan.config.earlyStopping ?? .heuristic
        )
      }
      let order = groups.enumerated().flatMap { group, entry in
        entry.running.map { group * beams + $0.origin }
      }
      let stopping = plan.config.earlyStopping ?? .heuristic
      for index in groups.indices {
        groups[index].judge(
          generated: length + 1 - plan.promptLength,
          greatest: plan.maxLength - plan.promptLength,
          penalty: plan.config.lengthPenalty ?? 1, stopping: stopping)
      }
      let canImprove = groups.contains(where: \.canImprove)
      let allFull = groups.allSatisfy(\.isFull)
      let allEnd = candidates.allSatisfy { $0.allSatisfy(\.ends) }
      if !canImprove || allEnd || (allFull && stopping == .whenFull) { break }
      state.reorder(order)
      state.append(groups.flatMap { $0.running.map { $0.ids[$0.ids.count - 1] } })
      logits = try state.logits().select(dim: 1, index: 0)
    }
    return output(groups, record)
  }

  /// For each prompt its best continuations, or drawn ones, the best first.
  private func continuations(
    _ log: Tensor, _ groups: [BeamGroup], kept: Int, scores: [Tensor]?
  ) throws -> [[BeamCandidate]] {
    let (prompts, beams, vocabulary) = (groups.count, plan.beams, log.shape[1])
    let running = Tensor(groups.flatMap { $0.running.map(\.score) }, shape: [prompts, beams, 1])
    let sums = (log.reshaped([prompts, beams, vocabulary]) + running)
      .reshaped([prompts, beams * vocabulary])
    guard kept <= beams * vocabulary else {
      throw GenerationError(
        "num_beams", "\(kept) continuations cannot come of \(beams) beams × \(vocabulary) tokens")
    }
    try checkNumbers(sums.amax(dim: -1), step: groups[0].running[0].origins.count)
    var (values, places): (Tensor, Tensor)
    if plan.doSample {
      places = sums.softmax(dim: -1).multinomial(kept, generator: generator)
      let sorted = sums.gather(dim: 1, index: places).sorted(dim: -1, descending: true)
      values = sorted.values
      places = places.gather(dim: 1, index: sorted.indices)
    } else {
      (values, places) = sums.topK(kept, dim: -1)
    }
    let (score, place) = (values.array(of: Float.self), places.array(of: Int.self))
    var result = groups.enumerated().map { group, entry in
      (0..<kept).map { rank in
        let index = group * kept + rank
        let origin = place[index] / vocabulary
        return BeamCandidate(
          ids: entry.running[origin].ids + [place[index] % vocabulary],
          origins: entry.running[origin].origins + [group * beams + origin], origin: origin,
          score: score[index])
      }
    }
    let ends = try plan.ended(result.flatMap { $0.map(\.ids) }, scores)
    for group in result.indices {
      for rank in result[group].indices { result[group][rank].ends = ends[group * kept + rank] }
    }
    return result
  }

  /// The best finished sequences of every prompt, padded to one length.
  private func output(_ groups: [BeamGroup], _ record: GenerationRecord) -> GenerationOutput {
    let best = groups.flatMap { $0.finished.prefix(plan.sequences) }
    let generated = best.map(\.origins.count).max() ?? 0
    // As in transformers, a padding token of number 0 counts as none here.
    let fill = plan.eos.first.map { eos in plan.pad.flatMap { $0 == 0 ? nil : $0 } ?? eos } ?? -1
    func padded(_ values: [Int], _ length: Int, _ value: Int) -> [Int] {
      values + [Int](repeating: value, count: length - values.count)
    }
    let length = plan.promptLength + generated
    var output = record.output(Tensor(best.map { padded($0.ids, length, fill) }))
    output.sequencesScores = Tensor(best.map(\.score))
    output.beamIndices = Tensor(best.map { padded($0.origins, generated, -1).map(Int32.init) })
    return output
  }
}

/// A sequence that a beam may become.
private struct BeamCandidate {
  var ids: [Int]
  /// For every generated token the row that it continued.
  var origins: [Int]
  /// The beam of the prompt that it continues.
  var origin = 0
  var score: Float
  var ends = false
  var isFinished = false
}

/// One prompt's beams: those that go on and those that have ended.
private struct BeamGroup {
  /// Of far lower scores than any sequence has.
  private static let nothing: Float = -1e9
  var running: [BeamCandidate]
  var finished: [BeamCandidate]
  /// Whether a running beam may still become better than the worst finished one.
  var canImprove = true

  init(prompt: [Int], beams: Int) {
    // Only the first beam counts at first: the others would continue alike.
    running = (0..<beams).map {
      BeamCandidate(ids: prompt, origins: [], score: $0 == 0 ? 0 : BeamGroup.nothing)
    }
    finished = (0..<beams).map { _ in
      BeamCandidate(ids: prompt, origins: [], score: BeamGroup.nothing)
    }
  }

  var isFull: Bool { finished.allSatisfy(\.isFinished) }

  /// Takes the continuations that end among the finished ones, and goes on with the best others.
  mutating func advance(
    _ candidates: [BeamCandidate], generated: Int, penalty: Double, stopping: EarlyStopping
  ) {
    let beams = running.count
    var open = candidates
    for index in open.indices where open[index].ends { open[index].score += BeamGroup.nothing }
    running = BeamGroup.best(open, beams)
    let divisor = Float(pow(Double(generated), penalty))
    let isClosed = isFull && stopping == .whenFull
    var ended = candidates
    for index in ended.indices {
      let joins = ended[index].ends && index < beams
      ended[index].score /= divisor
      if isClosed { ended[index].score += BeamGroup.nothing }
      if !canImprove { ended[index].score += BeamGroup.nothing }
      if !joins { ended[index].score += BeamGroup.nothing }
      ended[index].isFinished = joins
    }
    finished = BeamGroup.best(finished + ended, beams)
  }

  /// Decides whether the running beams are worth going on.
  mutating func judge(
    generated: Int, greatest: Int, penalty: Double, stopping: EarlyStopping
  ) {
    let length = stopping == .never && penalty > 0 ? greatest : generated
    let best = running[0].score / Float(pow(Double(length), penalty))
    let worst = finished.map(\.score).min() ?? BeamGroup.nothing
    let isBetter = finished.contains { best > ($0.isFinished ? worst : BeamGroup.nothing) }
    canImprove = canImprove && isBetter
  }

  /// The highest scores, the best first, equal ones in the order in which PyTorch's topk leaves them.
  private static func best(_ list: [BeamCandidate], _ count: Int) -> [BeamCandidate] {
    Tensor(list.map(\.score)).topK(count).indices.array(of: Int.self).map { list[$0] }
  }
}
