/// Options of torchrun that there are not here, with what to do instead.
enum TorchrunOption {
  private static let hints: [(options: [String], hint: String)] = [
    (
      ["--rdzv-backend", "--rdzv-endpoint", "--rdzv-conf", "--node-rank", "--local-addr"],
      "mpirun brings the hosts together and numbers them; leave it out, and start the job once, on one"
        + " host, with --hostfile or --host"
    ),
    (["--role"], "all workers have one role; leave it out"),
    (["-m", "--module"], "name the interpreter, as in ddp-launch python3 -m MODULE"),
    (["--no-python"], "every program is run as it is; leave it out"),
    (["--run-path"], "every program is run by its path; leave it out"),
    (["--start-method"], "each worker is a process of its own; leave it out"),
    (["--signals-to-handle"], "TERM, INT, HUP, QUIT and USR1 are; leave it out"),
    (["--numa-binding"], "give --bind-to"),
  ]

  /// What to do about an option, written with dashes or underscores, with or without `=VALUE`.
  static func hint(_ option: String) -> String? {
    let name = String(option.prefix { $0 != "=" }.replacing("_", with: "-"))
    return hints.first { $0.options.contains(name) }?.hint
  }
}
