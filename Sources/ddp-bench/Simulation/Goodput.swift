import Foundation

/// How often a job fails, and what that costs it, in seconds.
package struct FailureCosts: Sendable, Equatable {
  /// Mean time between two deaths of workers on one host, which goes on.
  package var deaths = Double.infinity
  /// Mean time between two losses of one host.
  package var losses = Double.infinity
  /// Until a host that was lost is back.
  package var repair = 0.0
  /// From a failure to the first step that is done anew.
  package var restart = 0.0
  /// What steps wait for a checkpoint.
  package var save = 0.0
  /// From the end of the wait until the checkpoint can be gone back to.
  package var write = 0.0
  /// Work between two checkpoints; nil for the best.
  package var interval: Double?

  package init() {}

  /// The mean time between two failures of a job on so many hosts.
  package func meanTime(hosts: Int) -> Double {
    let rate = Double(hosts) * (1 / deaths + 1 / losses)
    return rate > 0 ? 1 / rate : .infinity
  }

  /// The work between two checkpoints that loses least, √(2CM) − C for a wait C and failures M apart
  /// (Daly 2006, to first order), and no less than writing one takes.
  package func bestInterval(hosts: Int, step: Double) -> Double {
    if let interval { return interval }
    let mean = meanTime(hosts: hosts)
    guard mean.isFinite else { return max(86_400, step, write) }
    let best = save < mean / 2 ? (2 * save * mean).squareRoot() - save : mean
    return max(best, step, write)
  }
}

/// What a job gets done in spite of failures, as shares of its time.
package struct Goodput: Sendable, Equatable {
  /// Work that was kept, at the speed of all hosts without checkpoints.
  package var useful = 0.0
  /// Work done twice.
  package var redone = 0.0
  /// Waiting for checkpoints.
  package var saving = 0.0
  /// Starting again.
  package var restarting = 0.0
  /// Hosts that were not there.
  package var missing = 0.0
}

/// A job on some hosts, whose failures are independent and have no memory, played for thousands of them.
///
/// Work is counted in seconds of all hosts. Between checkpoints lie `interval` seconds of work, and
/// each makes steps wait `save` seconds, and until the one before is written. After a failure the job goes on
/// from the newest checkpoint that was written, after `restart` seconds in which it may fail again. A host that
/// was lost is waited for, or with `isElastic` the others go on, at a speed in proportion, and take it back at a
/// checkpoint once it is there and they have run for `growth` seconds. With `workers` a job of one host goes on
/// without a worker that has died, and takes one back likewise; where the larger job fails before its first
/// checkpoint, it goes back to the smaller one, and waits twice as long before the next try.
package struct GoodputSimulation: Sendable {
  package var costs: FailureCosts
  package var hosts: Int
  /// Work between two checkpoints.
  package var interval: Double
  package var isElastic = false
  /// Seconds after an attempt's start until hosts or workers are taken back (`--grow-interval`).
  package var growth = 60.0
  /// The fewest and the most workers of a job of one host whose number changes (`--nproc-per-node MIN:MAX`);
  /// nil where a worker that has died is started again.
  package var workers: ClosedRange<Int>?
  /// The speeds without one worker or host, without two, and so on, as shares of that of all; in proportion to
  /// the number where nothing is given.
  package var speeds: [Double] = []

  package init(costs: FailureCosts, hosts: Int, interval: Double) {
    self.costs = costs
    self.hosts = hosts
    self.interval = interval
  }

  /// The shares after so many failures; the same for the same seed.
  package func run(failures: Int = 4000, seed: UInt64 = 1) -> Goodput {
    guard costs.meanTime(hosts: hosts).isFinite else {
      let period = self.period(speed: 1)
      return Goodput(useful: interval / period, saving: 1 - interval / period)
    }
    var job = State(random: SplitMix(state: seed))
    for _ in 0..<failures { stretch(&job) }
    let (total, sums) = (job.time, job.sums)
    return Goodput(
      useful: sums.useful / total, redone: sums.redone / total, saving: sums.saving / total,
      restarting: sums.restarting / total, missing: sums.missing / total)
  }

  private struct State {
    var random: SplitMix
    var time = 0.0
    /// Sums of seconds, weighted by the hosts that spend them.
    var sums = Goodput()
    /// When the hosts that are not there will be back, in order.
    var returns: [Double] = []
    /// Workers that were given up.
    var lost = 0
    /// Whether the job was given a worker back and has saved no checkpoint since.
    var isGrown = false
    /// Tries in a row to take a worker back that have failed.
    var failedTries = 0
  }

  /// Seconds from one checkpoint to the next: a save waits until the one before is written.
  private func period(speed: Double) -> Double { max(interval / speed, costs.write) + costs.save }

  private func speed(without lost: Int) -> Double {
    if speeds.indices.contains(lost - 1) { return speeds[lost - 1] }
    let all = Double(workers?.upperBound ?? hosts)
    return (all - Double(lost)) / all
  }

  /// From a start to the next failure, or to when hosts are taken back.
  private func stretch(_ job: inout State) {
    job.returns.removeAll { $0 <= job.time }
    let up = hosts - job.returns.count
    let speed = speed(without: workers == nil ? job.returns.count : job.lost)
    let failure = job.random.exponential(mean: costs.meanTime(hosts: up))
    let period = period(speed: speed)
    // Nothing is being written yet when the first checkpoint is due.
    let first = interval / speed + costs.save
    var end = failure
    var isGrowth = false
    // Grown jobs tell that they come on by their first checkpoint.
    let proven = costs.restart + first + costs.write
    let back = workers == nil ? job.returns.first : job.lost > 0 ? job.time : nil
    if let back {
      let patience = growth * Double(1 << min(job.failedTries, 20))
      let ready = max(back - job.time, patience, proven)
      (isGrowth, end) = (ready < failure, min(ready, failure))
    }
    let running = max(0, end - costs.restart)
    job.time += end
    job.sums.missing += (1 - speed) * end
    job.sums.restarting += speed * min(end, costs.restart)
    /// Checkpoints that are made within so many seconds of running.
    func saves(_ seconds: Double) -> Double {
      seconds < first ? 0 : 1 + ((seconds - first) / period).rounded(.down)
    }
    let made = saves(running)
    let since = made > 0 ? running - first - (made - 1) * period : running
    let rest = min(since, interval / speed)
    let done = made * interval + rest * speed
    job.sums.saving += speed * (running - done / speed)
    if isGrowth {
      // It saves before it makes room.
      job.sums.useful += done
      job.time += costs.save + costs.write
      job.sums.saving += speed * (costs.save + costs.write)
      job.sums.missing += (1 - speed) * (costs.save + costs.write)
      if workers != nil {
        job.lost -= 1
        job.isGrown = true
      }
      return
    }
    let kept = saves(running - costs.write) * interval
    job.sums.useful += kept
    job.sums.redone += done - kept
    if let workers {
      give(&job, workers, hasSaved: end >= proven)
      return
    }
    if job.random.uniform() * (1 / costs.deaths + 1 / costs.losses) < 1 / costs.losses {
      lose(&job, up)
    }
  }

  /// Goes on without a worker, where there are more than the fewest.
  private func give(_ job: inout State, _ workers: ClosedRange<Int>, hasSaved: Bool) {
    if job.isGrown { job.failedTries = hasSaved ? 0 : job.failedTries + 1 }
    job.isGrown = false
    if workers.upperBound - job.lost > workers.lowerBound { job.lost += 1 }
  }

  private func lose(_ job: inout State, _ up: Int) {
    let back = job.time + costs.repair
    guard isElastic, up > 1 else {
      let first = isElastic ? min(back, job.returns.first ?? back) : back
      job.sums.missing += first - job.time
      job.time = first
      return
    }
    job.returns.append(back)
  }
}

/// SplitMix64 (Steele, Lea and Flood 2014).
private struct SplitMix: Sendable {
  var state: UInt64

  /// In (0, 1).
  mutating func uniform() -> Double {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    z ^= z >> 31
    return (Double(z >> 11) + 0.5) * 0x1p-53
  }

  mutating func exponential(mean: Double) -> Double { -mean * log(uniform()) }
}
