import Foundation
import Testing

/// What is refused before anything starts.
@Suite struct RefusalTests {
  @Test(
    arguments: [
      ([], 64, "no program named"),
      (["--nproc-per-node", "0", "sh"], 64, "give a number from 1, auto or cpu"),
      (["--nproc-per-node", "gpu", "sh"], 64, "give a number from 1, auto or cpu"),
      (["--nproc-per-node", "4:2", "sh"], 64, "--nproc-per-node 4:2: give MIN:MAX as in 2:4"),
      (["--nproc-per-node", "0:2", "sh"], 64, "--nproc-per-node 0:2: give MIN:MAX as in 2:4"),
      (["--nproc-per-node", "1:2:3", "sh"], 64, "--nproc-per-node 1:2:3: give MIN:MAX as in 2:4"),
      (["--nproc-per-node", "a:b", "sh"], 64, "--nproc-per-node a:b: give MIN:MAX as in 2:4"),
      (["--nproc-per-node", ":4", "sh"], 64, "--nproc-per-node :4: give MIN:MAX as in 2:4"),
      (["--nproc-per-node", "1:99999999999999999999", "sh"], 64, "from 1 to 65536"),
      (["--grow-interval=-1", "sh"], 64, "--grow-interval -1.0: give seconds from 0, or inf"),
      (["--grow-interval", "nan", "sh"], 64, "--grow-interval nan: give seconds from 0, or inf"),
      (["--nproc-per-node", "1000000", "sh"], 64, "no host runs more than 65536"),
      (["--nproc-per-node", "9223372036854775807", "sh"], 64, "no host runs more than 65536"),
      (["--nproc-per-node", "99999999999999999999", "sh"], 64, "give a number from 1"),
      (["--nproc-per-node", "65536", "sh"], 64, "65536 workers are too many: at most "),
      (["-H", "localhost:65536", "sh"], 64, "65536 workers are too many: at most "),
      (["-H", "a:9223372036854775807,b:9223372036854775807", "sh"], 64, "1 to 65536 workers each"),
      (
        ["-H", (0..<17).map { "a\($0):65536" }.joined(separator: ","), "sh"], 64,
        "1114112 workers are too many: at most 1048576"
      ),
      (["--max-restarts", "9223372036854775807", "sh"], 64, "a number from 0 to 2147483647"),
      (["--nnodes", "9223372036854775807", "sh"], 69, "hosts are needed and 1 is there"),
      (["--master-port", "9223372036854775807", "sh"], 64, "give a port from 1 to 65535"),
      (["--threads-per-rank", "9223372036854775807", "sh"], 64, "give a number from 1"),
      (["--log-limit", "9223372036854775807", "sh"], 64, "MiB from 1 to 1048576"),
      (["--monitor-interval", "1e30", "sh"], 64, "give seconds from 0.01 to 3600"),
      (["--restart-delay", "1e308", "sh"], 64, "give seconds from 0 to 60"),
      (["--hostfile=~no-such-user/hosts", "sh"], 64, "names no user no-such-user"),
      (["--nnodes", "3:2", "sh"], 64, "MIN:MAX"),
      (["--nnodes", "2", "sh"], 69, "2 hosts are needed and 1 is there"),
      (["--tee", "7", "--log-dir", "x", "sh"], 64, "--tee 7: give 0 (none), 1 (out)"),
      (["--redirects", "1", "sh"], 64, "--log-dir (not given)"),
      (["--local-ranks-filter", "a", "sh"], 64, "give ranks as in 0,1"),
      (["--stop-signal", "KILL", "sh"], 64, "give one of TERM, INT, HUP, QUIT, USR1, USR2"),
      (["--bind-to", "moon", "sh"], 64, "auto, none, core, numa"),
      (["--rdzv-id", "../../evil", "sh"], 64, "--rdzv-id ../../evil: give a name without '/'"),
      (["--run-id", "..", "sh"], 64, "give a name without '/'"),
      (["--rdzv-id", "", "sh"], 64, "--rdzv-id '': give a name"),
      (["--threads-per-rank", "0", "sh"], 64, "--threads-per-rank 0: give a number from 1"),
      (["--threads-per-rank=-2", "sh"], 64, "--threads-per-rank -2: give a number from 1"),
      (["--master-port", "999999", "sh"], 64, "--master-port 999999: give a port from 1 to 65535"),
      (["--master-port=-1", "sh"], 64, "or leave it out for one that is free"),
      (["--max-restarts=-3", "sh"], 64, "--max-restarts -3: give a number from 0"),
      (["--grace-period=-5", "sh"], 64, "--grace-period -5.0: give seconds from 0"),
      (["--grace-period", "nan", "sh"], 64, "--grace-period nan: give seconds from 0"),
      (["--restart-delay=-1", "sh"], 64, "give seconds from 0 to 60"),
      (["--log-limit", "0", "sh"], 64, "--log-limit 0: give MiB from 1 to 1048576"),
      (["--log-limit=-1", "sh"], 64, "--log-limit -1: give MiB from 1"),
      (["--monitor-interval", "0", "sh"], 64, "give seconds from 0.01 to 3600"),
      (["--local-ranks-filter=-1", "sh"], 64, "give ranks as in 0,1"),
      (["--local-ranks-filter", "1", "sh"], 64, "give 0, or leave it out: a host runs 1 worker"),
      (
        ["--nproc-per-node", "2", "--local-ranks-filter", "0,7", "sh"], 64,
        "--local-ranks-filter 0,7: give ranks from 0 to 1: a host runs 2 workers"
      ),
      (["-H", "a:2,b:3", "--local-ranks-filter", "3", "sh"], 64, "give ranks from 0 to 2"),
      (["--hostfile", "/nonexistent/hosts", "sh"], 64, "the host file cannot be read"),
      (["--nprocs", "3", "sh"], 64, "no option --nprocs"),
      (["--rdzv-backend", "c10d", "sh"], 64, "mpirun brings the hosts together"),
      (["--rdzv_endpoint=a:1", "sh"], 64, "no option --rdzv_endpoint=a:1: mpirun brings"),
      (["--node_rank", "0", "sh"], 64, "leave it out, and start the job once"),
      (["--role", "trainer", "sh"], 64, "all workers have one role; leave it out"),
      (["-m", "package", "sh"], 64, "as in ddp-launch python3 -m MODULE"),
      (["--no-python", "sh"], 64, "every program is run as it is"),
      (["--start-method", "spawn", "sh"], 64, "each worker is a process of its own"),
      (["--log-dir", "/proc/x", "sh"], 73, "choose another --log-dir"),
      (["no-such-program"], 127, "program 'no-such-program' not found; looked in /"),
      (["ddp-nothing"], 127, "Build it: swift build -c release"),
      (["/etc/passwd"], 126, "chmod +x /etc/passwd"),
      (["--mpirun", "/nonexistent/mpirun", "sh"], 69, "apt-get install openmpi-bin"),
      (["--mpirun", "/bin/echo", "sh"], 69, "is not Open MPI's mpirun but echo"),
    ] as [([String], Int32, String)])
  func `a mistake is named with its remedy`(
    arguments: [String], code: Int32, message: String
  ) throws {
    let launcher = try LauncherProcess(arguments)
    try launcher.start()
    let result = try launcher.finish()
    #expect(result.code == code)
    #expect(result.error.contains(message), "\(result.error)")
    #expect(result.output == "")
  }

  @Test func `the doctor says what to install where mpirun is missing`() throws {
    let result = try LauncherProcess.run("doctor", "--mpirun", "/nonexistent/mpirun")
    #expect(result.code == 1)
    #expect(result.output.contains("broken  Open MPI"))
    #expect(result.output.contains("apt-get install openmpi-bin"))
  }
}
