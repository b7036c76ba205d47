/// The command line's side of a run.
extension TrainingRun {
  /// Exit codes: 0 for a finished run, 143 for one that was asked to stop and saved a checkpoint
  /// (130 where that was Ctrl-C, sent to a single worker), 2 for a configuration that cannot be run, 1 for
  /// everything else.
  public static func main(_ arguments: [String]) -> Int32 { main(arguments, observer: nil) }

  /// A run that stops after a step, as one that was asked to.
  package static func main(_ arguments: [String], until step: Int) -> Int32 {
    main(arguments, observer: nil, until: step)
  }

  /// A run whose moments are observed, on every rank.
  package static func main(
    _ arguments: [String], observer: TrainingObserver?, until step: Int? = nil
  ) -> Int32 {
    RunProgram<RunConfiguration>(
      name: "ddp-train",
      read: {
        let parsed = try RunArguments($0)
        return (try RunConfiguration(parsed), parsed.printsConfiguration)
      },
      run: { try TrainingRun($0, $1, threads: $2, observer, until: step).run() }
    ).main(arguments)
  }
}
