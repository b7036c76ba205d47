import Base
import CProcess
import Foundation

/// What the machine gives a job: memory between workers, BLAS, clock, network and disk.
package struct MachineChecks {
  private let shared: String
  private let folder: String

  /// Checks of this machine.
  ///
  /// - Parameters:
  ///   - shared: Where shared memory lives.
  ///   - folder: The folder that runs are saved in.
  package init(
    shared: String = "/dev/shm", folder: String = FileManager.default.currentDirectoryPath
  ) {
    self.shared = shared
    self.folder = folder
  }

  /// All findings.
  package func findings() -> [Finding] {
    [sharedMemory(), blas(), clock(), ports(), disk(), temporaryFolder()]
  }

  private func sharedMemory() -> Finding {
    guard let free = Machine.freeSpace(shared) else {
      return Finding(
        .advice, "shared memory", "\(shared) is missing: workers exchange through files",
        remedy: "mount -t tmpfs -o size=2g tmpfs \(shared)")
    }
    let found = "\(shared) has \(Self.mebibytes(free)) MiB free"
    if let other = Machine.otherSharedFolder {
      return Finding(
        .advice, "shared memory", "\(found), too little: ddp-launch uses \(other), which is slower",
        remedy: "docker run --shm-size=2g, or as root mount -o remount,size=2g \(shared)")
    }
    return Finding(.ok, "shared memory", found)
  }

  private func blas() -> Finding {
    guard let library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL),
      let symbol = dlsym(library, "openblas_get_corename")
    else {
      return Finding(
        .broken, "BLAS", "OpenBLAS is not installed", remedy: "apt-get install libopenblas-dev")
    }
    typealias CoreName = @convention(c) () -> UnsafePointer<CChar>?
    let core = unsafeBitCast(symbol, to: CoreName.self)().map { String(cString: $0) } ?? "unknown"
    let flags = Self.processorFlags()
    let better = flags.contains("avx512f") ? "Cooperlake" : flags.contains("avx2") ? "Haswell" : nil
    guard let better, ["prescott", "core2", "nehalem", "generic"].contains(core.lowercased()) else {
      return Finding(.ok, "BLAS", "OpenBLAS runs its \(core) kernels")
    }
    return Finding(
      .advice, "BLAS",
      "OpenBLAS does not know this processor and runs its \(core) kernels;"
        + " ddp-train corrects that by itself",
      remedy: "for other programs: export OPENBLAS_CORETYPE=\(better)")
  }

  private func clock() -> Finding {
    let source =
      Machine.firstLine("/sys/devices/system/clocksource/clocksource0/current_clocksource")
      ?? "unknown"
    let kept =
      switch torus_clock_is_synchronised() {
      case 1: "synchronised by NTP"
      case 0: "not synchronised by NTP, which matters for comparing hosts' logs alone"
      default: "NTP unknown"
      }
    let found = "source \(source), \(kept)"
    if ["hpet", "acpi_pm", "jiffies"].contains(source) {
      return Finding(
        .advice, "clock", "\(found): reading it is slow",
        remedy: "choose tsc or kvm-clock in the machine's settings")
    }
    return Finding(.ok, "clock", found)
  }

  private func ports() -> Finding {
    guard let port = Machine.freePort() else {
      return Finding(
        .broken, "ports", "no TCP port can be opened, which mpirun needs",
        remedy: "allow sockets for this user or container")
    }
    let name = Machine.hostName
    var result: UnsafeMutablePointer<addrinfo>?
    let resolves = getaddrinfo(name, nil, nil, &result) == 0
    if let result { freeaddrinfo(result) }
    return Finding(
      .ok, "ports",
      "a port can be opened (\(port)); the name \(name) "
        + (resolves ? "resolves" : "does not resolve, which matters for several hosts alone"))
  }

  private func disk() -> Finding {
    guard let free = Machine.freeSpace(folder), access(folder, W_OK) == 0 else {
      return Finding(
        .advice, "disk", "\(folder) cannot be written: runs cannot be saved here",
        remedy: "start from another folder, or use --run-dir")
    }
    let found = "\(folder) has \(Self.mebibytes(free)) MiB free"
    return free >= 1 << 30
      ? Finding(.ok, "disk", found)
      : Finding(.advice, "disk", found, remedy: "free some space, or use --run-dir")
  }

  private func temporaryFolder() -> Finding {
    let path = Machine.temporaryFolder
    guard access(path, W_OK | X_OK) == 0, let free = Machine.freeSpace(path), free >= 64 << 20
    else {
      return Finding(
        .broken, "session files", "\(path) cannot be written or is full, and mpirun needs it",
        remedy: "free some space there, or set TMPDIR to a short path that can be written")
    }
    guard path.utf8.count <= 60 else {
      return Finding(
        .advice, "session files", "\(path) is long: names of sockets below it may not fit",
        remedy: "set TMPDIR to a short path such as /tmp")
    }
    return Finding(.ok, "session files", "\(path) can be written")
  }

  private static func mebibytes(_ bytes: Int) -> Int { bytes >> 20 }

  private static func processorFlags() -> Set<Substring> {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.lines.first { $0.hasPrefix("flags") }
    return Set(line?.split(separator: " ") ?? [])
  }
}
