import Base
import CProcess
import Foundation

/// What this machine gives a job.
package enum Machine {
  /// This machine's name.
  package static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    gethostname(&name, name.count - 1)
    return name.withUnsafeBufferPointer {
      $0.baseAddress.map { String(cString: $0) } ?? "localhost"
    }
  }

  /// Cores that this process may use: its affinity mask, or its container's share where that is
  /// less.
  package static var availableCores: Int { max(1, Int(torus_usable_cores(0).rounded())) }

  /// Cores that each of a host's workers gets, asked by one of them: its own where mpirun bound it to
  /// some, and no more than an equal share of those that the process which started it has, mpirun or its
  /// daemon, which are not bound.
  package static func cores(ofEach workers: Int) -> Int {
    let all = torus_usable_cores(getppid())
    return max(1, Int(min(torus_usable_cores(0), all / Double(max(1, workers)))))
  }

  /// Cores' worth of time that control groups allow, nil for no limit.
  ///
  /// - Parameters:
  ///   - groups: A file like /proc/self/cgroup, which nil means.
  ///   - root: A folder like /sys/fs/cgroup, which nil means.
  package static func coreQuota(groups: String? = nil, root: String? = nil) -> Double? {
    let quota = torus_core_quota(groups, root)
    return quota > 0 ? quota : nil
  }

  /// The most workers that this machine holds, and what sets the limit: each takes a keeper and a program
  /// of its own, some MiB at the least, and three of mpirun's descriptors.
  package static var capacity: (workers: Int, reason: String) {
    func number(_ path: String) -> Int? { firstLine(path).flatMap { Int($0) } }
    let tasks = ["pid_max", "threads-max"].compactMap { number("/proc/sys/kernel/\($0)") }.min()
    let memory = (sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))) >> 20
    var files = rlimit()
    let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &files) == 0
    let limits = [
      (
        max(1, memory / 16),
        "this machine has \(memory) MiB of memory, and each takes 16 at the least"
      ),
      tasks.map { (max(1, $0 / 8), "this machine runs at most \($0) threads, and each has 8") },
      isKnown && files.rlim_cur < 1 << 30
        ? (
          max(1, Int(files.rlim_cur) / 3),
          "mpirun may open \(files.rlim_cur) files (ulimit -n), and each takes 3"
        ) : nil,
    ]
    return limits.compactMap(\.self).min { $0.0 < $1.0 } ?? (JobLimits.workersPerHost, "")
  }

  /// Memory regions of different speed; 1 on most machines.
  package static var memoryNodes: Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/devices/system/node"))
    return max(1, (names ?? []).count { $0.hasPrefix("node") && Int($0.dropFirst(4)) != nil })
  }

  /// A TCP port that is free on this machine now; nil where none can be had.
  package static func freePort() -> Int? {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let descriptor = socket(AF_INET, kind, 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = INADDR_ANY
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
      }
    }
    return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
  }

  /// Bytes that a folder's file system has left for this user; nil where there is no such folder.
  package static func freeSpace(_ path: String) -> Int? {
    var state = statvfs()
    guard statvfs(path, &state) == 0 else { return nil }
    return Int(state.f_bavail) * Int(state.f_frsize)
  }

  /// The folder for temporary files.
  package static var temporaryFolder: String {
    ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
  }

  /// A folder for memory that workers share where /dev/shm is too small for gradients, as the 64 MiB
  /// are that containers get; nil where it is not, or nothing is better.
  package static var otherSharedFolder: String? {
    let enough = 512 << 20
    guard let free = freeSpace("/dev/shm"), free < enough,
      let other = freeSpace(temporaryFolder), other > enough
    else { return nil }
    return temporaryFolder
  }

  /// The first line of a small file, nil where it cannot be read.
  static func firstLine(_ path: String) -> String? {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    return text.lines.first { !$0.isEmpty }.map(String.init)
  }
}
