import Foundation
import Reports
import Synchronization
import Testing

/// A connection to a port of this machine.
private final class Connection {
  let descriptor: Int32

  init(_ port: Int) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let status = withUnsafeBytes(of: &address) { bytes in
      connect(
        descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(bytes.count))
    }
    try #require(status == 0)
  }

  deinit { close(descriptor) }

  func send(_ bytes: [UInt8]) {
    _ = Foundation.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
  }

  /// Everything until the other side closes.
  func receive() -> String {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { return String(decoding: all, as: UTF8.self) }
      all += buffer[..<count]
    }
  }
}

private func ask(_ port: Int, _ request: String) throws -> String {
  let connection = try Connection(port)
  connection.send(Array(request.utf8))
  return connection.receive()
}

/// Runs a server on a thread of its own while `body` asks it.
private func serving(
  requestSeconds: Double = 10, _ answer: @escaping @Sendable (String) -> LocalServer.Answer,
  _ body: (Int) throws -> Void
) throws {
  let server = try LocalServer(port: 0, requestSeconds: requestSeconds)
  let port = server.port
  let flag = Flag()
  let ended = DispatchSemaphore(value: 0)
  nonisolated(unsafe) let shared = server
  Thread {
    shared.run(until: { flag.isDone.load(ordering: .relaxed) }, answer)
    ended.signal()
  }.start()
  defer {
    flag.isDone.store(true, ordering: .relaxed)
    ended.wait()
  }
  try body(port)
}

/// Says when a server is to end.
private final class Flag: Sendable {
  let isDone = Atomic<Bool>(false)
}

@Suite struct WatchTests {
  private static let request = "GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"

  @Test func `requests are answered, and nonsense is refused`() throws {
    try serving({ .init(type: "text/plain", "path \($0)") }) { port in
      let page = try ask(port, "GET /a?b HTTP/1.1\r\nHost: localhost:\(port)\r\n\r\n")
      #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n") && page.hasSuffix("\r\n\r\npath /a"))
      #expect(try ask(port, "HEAD / HTTP/1.0\r\nhost:127.0.0.1\r\n\r\n").hasSuffix("\r\n\r\n"))
      #expect(try ask(port, "POST / HTTP/1.1\r\nHost: localhost\r\n\r\n").contains(" 405 "))
      #expect(try ask(port, "\u{0}\u{1}\r\n\r\n").contains(" 400 "))
      #expect(try ask(port, "\r\n\r\n").contains(" 400 "))
      #expect(try ask(port, String(repeating: "x", count: 9000)).contains(" 431 "))
      #expect(try ask(port, "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n").contains(" 403 "))
      #expect(try ask(port, "GET / HTTP/1.1\r\n\r\n").contains(" 403 "))
    }
  }

  @Test func `a client that never reads or never asks holds up nobody`() throws {
    let large = String(repeating: "x", count: 20_000_000)
    try serving({ .init(type: "text/plain", $0 == "/large" ? large : "small") }) { port in
      let deaf = try Connection(port)
      deaf.send(Array("GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
      let silent = try Connection(port)
      let slow = try Connection(port)
      slow.send(Array("GET / HT".utf8))
      for _ in 0..<20 { #expect(try ask(port, Self.request).hasSuffix("small")) }
      slow.send(Array("TP/1.1\r\nHost: localhost\r\n\r\n".utf8))
      #expect(slow.receive().hasSuffix("small"))
      withExtendedLifetime((deaf, silent)) {}
    }
  }

  @Test func `a client that takes too long to ask is let go`() throws {
    try serving(requestSeconds: 0.05, { _ in .init(type: "text/plain", "x") }) { port in
      let answer = try Connection(port).receive()
      #expect(answer.isEmpty)
    }
  }

  @Test func `more clients than there is room for do no harm`() throws {
    try serving({ _ in .init(type: "text/plain", "x") }) { port in
      for _ in 0..<200 { _ = try Connection(port) }
      #expect(try ask(port, Self.request).hasSuffix("x"))
    }
  }

  @Test func `a port in use is an error that names it`() throws {
    let server = try LocalServer(port: 0)
    let error = #expect(throws: ReportError.self) { try LocalServer(port: server.port) }
    #expect("\(try #require(error))".contains("port \(server.port) of 127.0.0.1"))
  }

  @Test func `a run that goes on is read again, and one that is gone stays as it was`() throws {
    try inReportFolder { folder in
      try writeRun(folder, metrics: someMetrics)
      let watch = try RunWatch([folder])
      func data() -> String { String(decoding: watch.answer("/data.json").contents, as: UTF8.self) }
      #expect(!data().contains("\"new_figure\""))
      #expect(watch.answer("/etc/passwd").status == "404 Not Found")
      try writeRun(
        folder, metrics: someMetrics + #"{"event": "step", "step": 40, "new_figure": 1}"# + "\n")
      #expect(data().contains("\"new_figure\""))
      try FileManager.default.removeItem(atPath: "\(folder)/metrics.jsonl")
      #expect(data().contains("\"new_figure\"") && data().contains("cannot be read any more"))
    }
  }
}
