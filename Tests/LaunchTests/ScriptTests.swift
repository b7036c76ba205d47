import Foundation
import Testing

/// The scripts in `launch/`, on machines that lack something.
@Suite struct ScriptTests {
  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// Runs a line of a shell whose PATH has only the programs named, in the project's root.
  private func shell(
    _ line: String, with programs: [String] = [], shell: String = "bash"
  ) throws -> (code: Int32, text: String) {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("torus-scripts-\(UUID().uuidString.prefix(8))").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let basics = ["bash", "dirname", "id", "uname", "paste", "sed", "cat", "ln", "env"]
    for program in basics + programs {
      let path = try #require(
        ["/usr/bin", "/bin"].map { "\($0)/\(program)" }.first {
          FileManager.default.isExecutableFile(atPath: $0)
        }, "\(program) is not installed")
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder)/\(program)", withDestinationPath: path)
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/\(shell)")
    process.arguments = ["-c", line]
    process.currentDirectoryURL = URL(fileURLWithPath: Self.root)
    process.environment = ["PATH": folder, "HOME": folder, "FAKE": folder]
    process.standardInput = FileHandle.nullDevice
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: data, as: UTF8.self))
  }

  /// Makes the user someone without rights, whoever runs the tests.
  private let asSomeone = "id() { echo 1000; }; "

  @Test func `what is missing is named with the line that installs it`() throws {
    let nothing = try shell("set -e; . launch/setup; install_missing")
    #expect(nothing.code == 69)
    #expect(nothing.text.contains("There is no apt-get here"))
    let refused = try shell(
      "set -e; . launch/setup; apt-get() { echo no >&2; return 1; }; \(asSomeone) install_missing")
    #expect(refused.code == 69)
    #expect(
      refused.text.contains(
        "Run as root: apt-get update && apt-get install -y --no-install-recommends"
          + " pkg-config libopenblas-dev libopenmpi-dev zlib1g-dev openmpi-bin"))
  }

  @Test func `missing packages are installed once, with sudo where that is needed`() throws {
    let fake = """
      set -e; . launch/setup
      pkg-config() { [ "$2" != zlib ] || [ -e "$FAKE/zlib" ]; }; mpirun() { :; }
      apt-get() { echo "APT $*"; : > "$FAKE/zlib"; }
      sudo() { [ "$1" = -n ] || { shift 2; echo SUDO; "$@"; }; }
      \(asSomeone)
      install_missing; echo --; install_missing
      """
    let result = try shell(fake)
    #expect(result.code == 0, "\(result.text)")
    let parts = result.text.components(separatedBy: "--\n")
    #expect(result.text.contains("SUDO\nAPT install -y --no-install-recommends zlib1g-dev\n"))
    #expect(parts.last?.contains("are installed") == true && parts.last?.contains("APT") == false)
  }

  @Test func `a missing or old Swift is named with its remedy`() throws {
    let old = try shell(
      "set -e; . launch/setup; swift() { echo 'Swift version 5.10.1 (x)'; }; find_swift")
    #expect(old.code == 69)
    #expect(old.text.contains("Swift 5.10 is too old"))
    let new = try shell(
      "set -e; . launch/setup; swift() { echo 'Swift version 6.3 (x)'; }; find_swift; echo fine")
    #expect(new.code == 0 && new.text == "fine\n")
  }

  @Test(arguments: ["bash", "sh"])
  func `the environment for plain mpirun can be set in any shell`(name: String) throws {
    let line = """
      set -u; OMPI_MCA_hwloc_base_binding_policy=core; . launch/env; code=$?
      echo $OMPI_MCA_rmaps_base_oversubscribe $OMPI_MCA_hwloc_base_binding_policy
      case $PATH in "$PWD":*) echo found;; esac
      """
    let result = try shell(line, shell: name)
    #expect(result.text.hasSuffix("1 core\nfound\n"), "\(result.text)")
  }

  /// The settings of the unit for systemd.
  private func unit() throws -> [String: String] {
    let text = try String(contentsOfFile: "\(Self.root)/launch/torus.service", encoding: .utf8)
    var settings: [String: String] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") && !line.hasPrefix("[") {
      let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
      #expect(parts.count == 2, "\(line)")
      if parts.count == 2 { settings[parts[0]] = parts[1] }
    }
    return settings
  }

  @Test func `systemd leaves the workers time for their checkpoint, and no worker behind`() throws {
    let settings = try unit()
    let command = try #require(settings["ExecStart"]).split(separator: " ").map(String.init)
    let option = try #require(command.firstIndex(of: "--grace-period"))
    let grace = try #require(Int(command[option + 1]))
    // The launcher's own patience after its grace period is 30 s.
    #expect(try #require(Int(settings["TimeoutStopSec"] ?? "")) > grace + 30)
    #expect(settings["KillMode"] == "mixed" && settings["OOMPolicy"] == "continue")
    #expect(settings["SuccessExitStatus"] == "143" && settings["Restart"] == "on-failure")
    // The launcher takes its options; a program that is not there is told from a wrong option.
    let program = try #require(command.firstIndex { $0.hasSuffix("/ddp-train") })
    let options = command[1..<program].map { $0 == "auto" ? "1" : $0 }
    let launcher = try LauncherProcess(options + ["/nonexistent/ddp-train"])
    try launcher.start()
    #expect(try launcher.finish().code == 127)
  }

  private static let analyzer = "/usr/bin/systemd-analyze"

  @Test(
    .enabled(
      if: FileManager.default.isExecutableFile(atPath: analyzer), "systemd-analyze is not installed"
    ))
  func `systemd finds nothing wrong with the unit`() throws {
    // The program that it names is not there.
    let result = try shell(
      """
      mkdir "$FAKE/unit"; sed 's|/srv/torus/ddp-launch|/bin/true|' launch/torus.service > \
      "$FAKE/unit/torus.service"; systemd-analyze verify "$FAKE/unit/torus.service" 2>&1
      """, with: ["systemd-analyze", "mkdir"])
    #expect(result.code == 0 && !result.text.contains("torus.service:"), "\(result.text)")
  }

  @Test func `every script is valid`() throws {
    for name in ["setup", "quickstart", "test", "env", "torus.sbatch"] {
      let result = try shell("bash -n launch/\(name)")
      #expect(result.code == 0, "\(result.text)")
    }
  }
}
