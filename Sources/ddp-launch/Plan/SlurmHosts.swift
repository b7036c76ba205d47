/// The hosts of a Slurm job by their names, of which several are needed to keep checkpoints in memory on two of them.
package enum SlurmHosts {
  /// Seconds that Slurm has to tell them.
  private static let deadline = 10.0

  /// The job's hosts, with a slot for each task; nil where it has one, or Slurm does not tell.
  static func named(_ batch: BatchEnvironment, search: ProgramSearch) -> [HostEntry]? {
    guard let nodes = batch.slurmNodes, let tasks = batch.slurmTasks.flatMap({ HostLayout($0) }),
      tasks.counts.count > 1, let program = try? search.find("scontrol"),
      let run = CapturedRun(program, ["show", "hostnames", nodes], deadline: deadline),
      run.code == 0
    else { return nil }
    return entries(String(decoding: run.output, as: UTF8.self), tasks.counts)
  }

  /// The hosts that `scontrol show hostnames` lists; nil where they are not as many as have tasks.
  package static func entries(_ list: String, _ tasks: [Int]) -> [HostEntry]? {
    let names = list.split(whereSeparator: \.isWhitespace).map(String.init)
    guard names.count == tasks.count, Set(names).count == names.count else { return nil }
    return zip(names, tasks).map { HostEntry($0, slots: $1) }
  }
}
