import Foundation
import Testing
import ddp_bench

/// What failures leave of a job's time.
@Suite("Goodput")
struct GoodputTests {
  private func costs(
    deaths: Double = .infinity, losses: Double = .infinity, _ change: (inout FailureCosts) -> Void
  ) -> FailureCosts {
    var costs = FailureCosts()
    (costs.deaths, costs.losses) = (deaths, losses)
    change(&costs)
    return costs
  }

  private func total(_ goodput: Goodput) -> Double {
    goodput.useful + goodput.redone + goodput.saving + goodput.restarting + goodput.missing
  }

  @Test("without failures only checkpoints cost")
  func none() {
    let goodput = GoodputSimulation(costs: costs { $0.save = 1 }, hosts: 8, interval: 99).run()
    #expect(abs(goodput.useful - 0.99) < 1e-12)
    #expect(abs(total(goodput) - 1) < 1e-12)
  }

  /// A stretch of τ of work and C of waiting takes M exp(R/M) (exp((τ + C)/M) − 1) with failures M
  /// apart and restarts of R (Daly 2006, the complete model).
  @Test(
    "with checkpoints that steps wait for, Daly's expectation holds",
    arguments: [(100.0, 10.0), (600, 60), (3000, 300)], [(1, 0.0), (16, 5.0), (64, 20)])
  func daly(_ checkpoint: (interval: Double, save: Double), _ job: (hosts: Int, restart: Double)) {
    let mean = 50_000.0
    let costs = costs(deaths: mean) {
      $0.save = checkpoint.save
      $0.restart = job.restart
    }
    let m = mean / Double(job.hosts)
    let truth =
      checkpoint.interval
      / (m * exp(job.restart / m) * (exp((checkpoint.interval + checkpoint.save) / m) - 1))
    let goodput = GoodputSimulation(costs: costs, hosts: job.hosts, interval: checkpoint.interval)
      .run(failures: 40_000)
    #expect(abs(goodput.useful - truth) < 0.01, "\(goodput.useful) for \(truth)")
    #expect(abs(total(goodput) - 1) < 1e-9)
  }

  @Test("the best interval is better than its half and its double", arguments: [1, 30, 1000])
  func interval(hosts: Int) {
    let costs = costs(deaths: 2_000_000) {
      $0.save = 8
      $0.restart = 20
    }
    let best = costs.bestInterval(hosts: hosts, step: 0.1)
    func useful(_ interval: Double) -> Double {
      GoodputSimulation(costs: costs, hosts: hosts, interval: interval).run(failures: 40_000).useful
    }
    #expect(useful(best) > useful(best / 2))
    #expect(useful(best) > useful(best * 2))
    #expect(self.costs(deaths: 100) { $0.interval = 7 }.bestInterval(hosts: 3, step: 1) == 7)
  }

  @Test("a checkpoint that is written later loses that much more")
  func asynchronous() {
    func redone(_ write: Double) -> Double {
      GoodputSimulation(
        costs: costs(deaths: 10_000) { $0.write = write }, hosts: 1, interval: 100
      ).run(failures: 40_000).redone
    }
    #expect(abs(redone(0) - 50 / 10_000) < 0.0005)
    #expect(abs(redone(80) - 130 / 10_000) < 0.001)
  }

  /// The k-th checkpoint counts τ + C + (k − 1) max(τ, W) + (k − 1) C + W seconds after a start.
  @Test("a save waits until the one before is written", arguments: [50.0, 100, 400])
  func overlapping(write: Double) {
    func costs(_ deaths: Double) -> FailureCosts {
      self.costs(deaths: deaths) { ($0.save, $0.write, $0.restart) = (10, write, 20) }
    }
    let period = max(100, write) + 10
    let calm = GoodputSimulation(costs: costs(.infinity), hosts: 1, interval: 100).run()
    #expect(abs(calm.useful - 100 / period) < 1e-12 && abs(total(calm) - 1) < 1e-12)
    let mean = 2000.0
    let truth = 100 * exp(-(20 + 110 + write) / mean) / (1 - exp(-period / mean)) / mean
    let goodput = GoodputSimulation(costs: costs(mean), hosts: 1, interval: 100)
      .run(failures: 200_000)
    #expect(abs(goodput.useful - truth) < 0.004, "\(goodput.useful) for \(truth)")
    #expect(abs(total(goodput) - 1) < 1e-9)
  }

  @Test("a job of one host waits for it; of two, the other goes on at half the speed")
  func losses() {
    let costs = costs(losses: 100_000) { $0.repair = 10_000 }
    let alone = GoodputSimulation(costs: costs, hosts: 1, interval: 10).run(failures: 40_000)
    #expect(abs(alone.useful - 100_000 / 110_000) < 0.005)
    var pair = GoodputSimulation(costs: costs, hosts: 2, interval: 10)
    let waiting = pair.run(failures: 40_000)
    #expect(abs(waiting.useful - 50_000 / 60_000) < 0.005)
    pair.isElastic = true
    let going = pair.run(failures: 40_000)
    // Each host is there 10 of 11 parts of the time, whatever the other does.
    #expect(abs(going.useful - 100_000 / 110_000) < 0.005)
    #expect(abs(going.missing - 10_000 / 110_000) < 0.005)
    #expect(abs(total(going) - 1) < 1e-9)
  }

  @Test("a job of one host goes on without workers that die, and takes them back one at a time")
  func workers() {
    let costs = costs(deaths: 1000) { _ in }
    func run(_ workers: ClosedRange<Int>, _ change: (inout GoodputSimulation) -> Void = { _ in })
      -> Goodput
    {
      var job = GoodputSimulation(costs: costs, hosts: 1, interval: 1)
      job.workers = workers
      job.growth = 500
      change(&job)
      return job.run(failures: 40_000)
    }
    // Of two, one is there for 500 s after each death, and again as long where it dies meanwhile:
    // exp(1/2) − 1 mean times between deaths for each that both are there.
    let (both, alone) = (1.0, exp(0.5) - 1)
    let truth = (both + alone / 2) / (both + alone)
    #expect(abs(run(1...2).useful - truth) < 0.01, "\(run(1...2)) for \(truth)")
    #expect(abs(total(run(1...2)) - 1) < 1e-9)
    // As fast alone as together.
    #expect(run(1...2) { $0.speeds = [1] }.useful > 0.99)
    // With three the fewest is met less often.
    #expect(run(2...3).useful > run(1...2).useful)
    let slow = run(1...4) { $0.costs.restart = 400 }
    #expect(slow.missing > 0 && abs(total(slow) - 1) < 1e-9)
  }

  @Test("the same seed gives the same figures, ten thousand hosts too")
  func repeats() {
    let costs = costs(deaths: 1e7, losses: 2e7) {
      ($0.repair, $0.restart, $0.save, $0.write) = (1800, 30, 0.5, 20)
    }
    let interval = costs.bestInterval(hosts: 10_000, step: 1)
    var job = GoodputSimulation(costs: costs, hosts: 10_000, interval: interval)
    job.isElastic = true
    let first = job.run(seed: 3)
    #expect(first == job.run(seed: 3))
    #expect(first.useful > 0.5 && first.useful < 1)
    #expect(abs(total(first) - 1) < 1e-9)
  }
}
