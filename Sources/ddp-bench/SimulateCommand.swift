import ArgumentParser
import Base
import DataParallel
import Foundation
import Torus

/// `ddp-bench simulate`: how a step would scale, from what this machine measures.
struct SimulateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "simulate",
    abstract: "Predicts step time, efficiency, and what failures leave of them, on many ranks.",
    discussion: """
      Run it under mpirun with the ranks that fit here. It measures what messages, sums and shared \
      memory cost with 1, 2, 4, … ranks at work, records when a model's gradient buckets are ready \
      (or reads it from traces of ddp-train --trace), and replays them: a bucket starts when it is \
      ready and the one before it is done; the step is the later of the walk's and the last \
      bucket's end, and the optimizer. Predictions for this machine stand beside what was \
      measured; those for a network take the link that you name.

      With mean times between failures it also plays a job that fails thousands of times: the share \
      of its time that goes into steps which are kept, with checkpoints on disk, in memory (on one \
      machine), and where the job goes on without the machine that was lost, or on one machine \
      without the worker that died.

        mpirun -n 4 ddp-bench simulate gptb
        mpirun -n 4 ddp-bench simulate digits --latency-us 30 --bandwidth-gbit 1 --ranks-per-node 8
        mpirun -n 2 ddp-bench simulate --trace runs/digits-cnn/trace.json
        mpirun -n 2 ddp-bench simulate gptb --ranks 10000 --host-mtbf-hours 2000 --restart-s 30
      """)

  @Argument(help: "A model of ddp-bench step; gptb if no trace is given.")
  var model: String?

  @Option(
    help: """
      A trace with buckets, of a run on this machine; the one of the fewest workers is replayed, \
      and the steps of all count as measured. May be repeated.
      """, completion: .file(), transform: { try UserPath.expanded($0) })
  var trace: [String] = []

  @Option(help: "The network's time for an empty message, in microseconds.")
  var latencyUs = 25.0

  @Option(help: "The bandwidth of each machine's link, in gigabits a second.")
  var bandwidthGbit = 10.0

  @Option(help: "Ranks on each machine of the network; this machine's cores if not given.")
  var ranksPerNode: Int?

  @Option(help: "Ranks to predict for; may be repeated. 1, 2, 4, … 1,024 if none is given.")
  var ranks: [Int] = []

  @Option(help: "Seconds to measure steps for, with each number of ranks.")
  var seconds = 4.0

  @OptionGroup var buckets: BucketArguments

  @OptionGroup var failures: FailureArguments

  @Flag(help: "One JSON object a line instead of tables.")
  var json = false

  private static let mostRanks = 1 << 20

  mutating func validate() throws {
    guard model == nil || trace.isEmpty else {
      throw ValidationError("name a model or traces, not both")
    }
    if let model { try StepBenchmark.check(model) }
    guard latencyUs >= 0, bandwidthGbit > 0, seconds > 0 else {
      throw ValidationError("--latency-us, --bandwidth-gbit and --seconds must be positive")
    }
    guard (ranksPerNode ?? 1) > 0, ranks.allSatisfy({ (1...Self.mostRanks).contains($0) }) else {
      throw ValidationError(
        "--ranks-per-node must be positive, and --ranks lie in 1 ... \(Self.mostRanks)")
    }
    guard trace.isEmpty || !failures.needsSize else {
      throw ValidationError("a trace does not tell a checkpoint's size: name it by --state-mb")
    }
    guard buckets.chosen != .mpi else {
      throw ValidationError("MPI_Allreduce has no model here; name another --algorithm")
    }
  }

  func run() throws {
    Compute.setThreads(1)
    try World.run { try simulate($0) }
  }

  private func simulate(_ world: World) throws {
    guard world.size > 1 else {
      throw RecordedRun.Unusable(
        description: "what ranks cost each other takes 2 at least: mpirun -n 2 ddp-bench simulate"
      )
    }
    // Rank 0 speaks for all; its error ends the others.
    let recorded: [RecordedRun] =
      world.rank == 0 ? try trace.map { try RecordedRun(trace: $0) } : []
    var experiment = try Experiment(
      world.group, model: trace.isEmpty ? model ?? "gptb" : nil, options: buckets.options,
      seconds: seconds)
    guard world.rank == 0 else { return }
    let network = LinkCost(latency: latencyUs / 1e6, perByte: 8 / (bandwidthGbit * 1e9))
    let cores = ProcessInfo.processInfo.activeProcessorCount
    let here = ClusterCost(
      machines: experiment.machines, cores: cores, ranksPerNode: .max, network: network)
    experiment.take(recorded, here)
    guard let timeline = experiment.timeline else { return }
    let there = ClusterCost(
      machines: experiment.machines, cores: cores, ranksPerNode: ranksPerNode ?? cores,
      network: network)
    let report = SimulationReport(
      timeline: timeline, measured: experiment.measured, algorithm: buckets.chosen)
    let counts = ranks.isEmpty ? (0...10).map { 1 << $0 } : ranks
    let local = Set(experiment.machines.keys).union(experiment.measured.keys).sorted()
    let goodput = try failures.areGiven ? goodput(report, there) : nil
    StandardStream.output.write(
      json
        ? report.json(here, local, place: "here")
          + report.json(there, counts, place: "network") + (goodput?.json(counts) ?? "")
        : report.calibration(here) + "\nOn this machine, \(cores) cores:\n"
          + report.table(here, local)
          + "\nOn a network of \(there.ranksPerNode) ranks a machine, "
          + "\(format(latencyUs)) µs, \(format(bandwidthGbit)) Gbit/s:\n"
          + report.table(there, counts)
          + (goodput.map { "\nWith failures: \($0.calibration)\($0.table(counts))" } ?? ""))
  }

  private func goodput(
    _ report: SimulationReport, _ cluster: ClusterCost
  ) throws -> GoodputReport {
    let state = failures.needsSize ? StepBenchmark.make(model ?? "gptb") : nil
    state?.step()
    let costs = try failures.costs(stateBytes: state?.stateBytes ?? 0)
    return GoodputReport(
      disk: costs.disk, memory: costs.memory, ranksPerNode: cluster.ranksPerNode,
      growth: failures.growIntervalS, fewestWorkers: failures.fewestWorkers,
      speeds: failures.shrunkSpeed, step: { report.step(cluster, $0) })
  }

  private func format(_ number: Double) -> String { String(format: "%g", number) }
}

extension Experiment {
  /// Takes the steps of runs that were recorded on this machine.
  mutating func take(_ runs: [RecordedRun], _ machine: ClusterCost) {
    guard let least = runs.min(by: { $0.ranks < $1.ranks }) else { return }
    // The times of a rank alone: without what its company cost it.
    timeline = least.timeline.scaled(by: 1 / machine.machine(least.ranks).compute)
    for run in runs { measured[run.ranks] = run.step }
  }
}

extension StepTimeline {
  fileprivate func scaled(by factor: Double) -> StepTimeline {
    var result = self
    for index in buckets.indices { result.buckets[index].ready *= factor }
    result.walkEnd *= factor
    result.rest *= factor
    return result
  }
}
