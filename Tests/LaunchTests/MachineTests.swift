import Foundation
import Testing
import ddp_launch

@Suite struct MachineTests {
  /// What is read of a machine whose files are these.
  private func quota(_ groups: String, _ files: [String: String]) throws -> Double? {
    try inPlanFolder { folder in
      try Data(groups.utf8).write(to: URL(fileURLWithPath: "\(folder)/groups"))
      for (name, text) in files {
        let file = URL(fileURLWithPath: "\(folder)/root/\(name)")
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
      }
      return Machine.coreQuota(groups: "\(folder)/groups", root: "\(folder)/root")
    }
  }

  @Test func `a quota of either version is found, in a container or below a service's`() throws {
    #expect(try quota("0::/\n", ["cpu.max": "150000 100000\n"]) == 1.5)
    #expect(try quota("0::/\n", ["cpu.max": "max 100000\n"]) == nil)
    // The least of a group's own and those above.
    let nested = ["a/cpu.max": "200000 100000\n", "a/b.service/cpu.max": "300000 100000\n"]
    #expect(try quota("0::/a/b.service\n", nested) == 2)
    // The host's path, which is not there in the container.
    #expect(try quota("0::/docker/4711\n", ["cpu.max": "50000 100000\n"]) == 0.5)
    let first = ["cpu.cfs_quota_us": "400000\n", "cpu.cfs_period_us": "200000\n"]
    for (controllers, folder) in [
      ("cpu", "cpu"), ("cpu,cpuacct", "cpu,cpuacct"), ("cpuacct,cpu", "cpu"),
    ] {
      let files = Dictionary(
        uniqueKeysWithValues: first.map { ("\(folder)/x/\($0.key)", $0.value) })
      #expect(try quota("9:cpuset:/y\n4:\(controllers):/x\n0::/\n", files) == 2)
    }
    let none = ["cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"]
    #expect(try quota("3:cpu:/\n", none) == nil)
    #expect(try quota("3:cpuset:/\n", ["cpu.max": "1 1\n"]) == nil)
    #expect(Machine.coreQuota(groups: "/nonexistent") == nil)
  }

  @Test func `each worker's cores are no more than its share and at least one`() {
    let all = Machine.availableCores
    #expect(Machine.cores(ofEach: 1) <= max(1, all) && Machine.cores(ofEach: 1) >= 1)
    #expect(Machine.cores(ofEach: 10_000) == 1)
  }
}
