import ArgumentParser
import Base
import Foundation
import Reports
import Training

/// `ddp-train watch RUN…`: the report of runs that go on, in a browser on this machine.
struct WatchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch",
    abstract: "Shows runs in a browser on this machine while they go on.",
    discussion: """
      The page is that of ddp-train report, and renews itself. Only this machine is answered; from \
      another one, ssh -L 6060:127.0.0.1:6060 HOST brings the port there. Ctrl-C ends it.
      """)

  @Argument(
    help: "The run directories.", completion: .directory, transform: { try UserPath.expanded($0) })
  var runDirectories: [String]

  @Option(help: "The port on 127.0.0.1; 0 for one that is free.")
  var port = 6060

  @Option(help: "Seconds between two looks at the files.")
  var refresh = 2

  func validate() throws {
    guard (0...65535).contains(port) else {
      throw ValidationError("--port must be between 0 and 65535, and \(port) was given")
    }
    guard (1...3600).contains(refresh) else {
      throw ValidationError("--refresh must be between 1 and 3600, and \(refresh) was given")
    }
  }

  func run() throws {
    try reporting {
      let watch = try RunWatch(runDirectories, refresh: refresh)
      let server = try LocalServer(port: port)
      StandardStream.output.write("http://127.0.0.1:\(server.port)/\n")
      server.run { watch.answer($0) }
    }
  }
}
