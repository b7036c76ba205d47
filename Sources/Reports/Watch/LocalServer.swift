import Foundation

/// A small HTTP/1.1 server for this machine alone: one thread, answers held in memory, one request a
/// connection.
///
/// No client can hold up another: sockets never block, a request has 8 KiB and ten seconds, a client that
/// does not read is let go after thirty, and there are at most 64 at a time. A request must name this
/// machine as its host, so that a page elsewhere cannot read the answers through a name of its own.
package final class LocalServer {
  /// What a path is answered with.
  package struct Answer {
    /// The status, such as `200 OK`.
    package var status: String
    /// The type of the contents.
    package var type: String
    /// The contents.
    package var contents: [UInt8]

    /// An answer.
    package init(_ status: String = "200 OK", type: String, _ contents: String) {
      (self.status, self.type, self.contents) = (status, type, Array(contents.utf8))
    }
  }

  private struct Client {
    var request: [UInt8] = []
    var answer: [UInt8] = []
    var sent = 0
    var deadline: Double
  }

  private static let (mostClients, mostBytes) = (64, 8192)
  private let listener: Int32
  private let requestSeconds: Double
  private let answerSeconds: Double
  private var clients: [Int32: Client] = [:]
  /// The port that is listened on.
  package let port: Int

  /// Begins to listen on 127.0.0.1.
  /// - Parameters:
  ///   - port: 0 for one that is free.
  ///   - requestSeconds: How long a client may take to ask.
  ///   - answerSeconds: How long it may read nothing.
  package init(
    port: Int, requestSeconds: Double = 10, answerSeconds: Double = 30
  ) throws(ReportError) {
    (self.requestSeconds, self.answerSeconds) = (requestSeconds, answerSeconds)
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let listener = socket(AF_INET, kind, 0)
    guard listener >= 0 else { throw .port(port, errno: errno) }
    self.listener = listener
    var yes: Int32 = 1
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let failure: Int32 = withUnsafeMutableBytes(of: &address) { bytes in
      guard let place = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
        return EINVAL
      }
      guard bind(listener, place, size) == 0, listen(listener, 64) == 0,
        getsockname(listener, place, &size) == 0
      else { return errno }
      return 0
    }
    guard failure == 0 else {
      close(listener)
      throw .port(port, errno: failure)
    }
    self.port = Int(UInt16(bigEndian: address.sin_port))
    Self.makeNonblocking(listener)
  }

  deinit {
    for descriptor in clients.keys { close(descriptor) }
    close(listener)
  }

  /// Answers requests until `shouldStop` says so, which is asked at least twice a second.
  package func run(until shouldStop: () -> Bool = { false }, _ answer: (String) -> Answer) {
    signal(SIGPIPE, SIG_IGN)
    while !shouldStop() { turn(answer) }
  }

  private func turn(_ answer: (String) -> Answer) {
    var polled = [pollfd(fd: listener, events: Int16(POLLIN), revents: 0)]
    for (descriptor, client) in clients {
      let wanted = client.answer.isEmpty ? POLLIN : POLLOUT
      polled.append(pollfd(fd: descriptor, events: Int16(wanted), revents: 0))
    }
    guard poll(&polled, nfds_t(polled.count), 500) >= 0 else { return }
    for entry in polled.dropFirst() where entry.revents != 0 { serve(entry.fd, answer) }
    if polled[0].revents != 0 { accept() }
    let now = Self.now
    for (descriptor, client) in clients where client.deadline < now { drop(descriptor) }
  }

  private func accept() {
    while true {
      let descriptor = Foundation.accept(listener, nil, nil)
      guard descriptor >= 0 else { return }
      guard clients.count < Self.mostClients else {
        close(descriptor)
        continue
      }
      Self.makeNonblocking(descriptor)
      clients[descriptor] = Client(deadline: Self.now + requestSeconds)
    }
  }

  private func serve(_ descriptor: Int32, _ answer: (String) -> Answer) {
    guard var client = clients[descriptor] else { return }
    if client.answer.isEmpty {
      var buffer = [UInt8](repeating: 0, count: 4096)
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      guard count > 0 else { return drop(descriptor) }
      client.request += buffer[..<count]
      if let end = client.request.firstRange(of: [13, 10, 13, 10]) {
        client.answer = Self.response(to: client.request[..<end.lowerBound], answer)
      } else if client.request.count > Self.mostBytes {
        client.answer = Self.bytes(
          Answer("431 Request Header Fields Too Large", type: "text/plain", "too long\n"))
      }
      if !client.answer.isEmpty { client.deadline = Self.now + answerSeconds }
    } else {
      let count = client.answer.withUnsafeBytes { bytes in
        write(descriptor, bytes.baseAddress?.advanced(by: client.sent), bytes.count - client.sent)
      }
      if count < 0, errno == EAGAIN || errno == EINTR { return }
      guard count > 0 else { return drop(descriptor) }
      client.sent += count
      client.deadline = Self.now + answerSeconds
      if client.sent == client.answer.count { return finish(descriptor) }
    }
    clients[descriptor] = client
  }

  /// The bytes that answer a request's head.
  private static func response(
    to head: ArraySlice<UInt8>, _ answer: (String) -> Answer
  ) -> [UInt8] {
    let lines = head.split(separator: 10).map { line in
      String(decoding: line.last == 13 ? line.dropLast() : line, as: UTF8.self)
    }
    let words = lines.first?.split(separator: " ").map(String.init) ?? []
    guard words.count == 3, words[2].hasPrefix("HTTP/1.") else {
      return bytes(Answer("400 Bad Request", type: "text/plain", "this is no HTTP request\n"))
    }
    guard words[0] == "GET" || words[0] == "HEAD" else {
      return bytes(Answer("405 Method Not Allowed", type: "text/plain", "only GET and HEAD\n"))
    }
    let host = lines.dropFirst().first { $0.lowercased().hasPrefix("host:") }?.dropFirst(5)
      .trimmingCharacters(in: .whitespaces)
    let name = host?.split(separator: ":").first ?? ""
    guard name == "127.0.0.1" || name.lowercased() == "localhost" else {
      return bytes(Answer("403 Forbidden", type: "text/plain", "this server is 127.0.0.1 alone\n"))
    }
    let path = String(words[1].prefix { $0 != "?" && $0 != "#" })
    return bytes(answer(path), withContents: words[0] == "GET")
  }

  private static func bytes(_ answer: Answer, withContents: Bool = true) -> [UInt8] {
    let head = """
      HTTP/1.1 \(answer.status)\r
      Content-Type: \(answer.type); charset=utf-8\r
      Content-Length: \(answer.contents.count)\r
      Cache-Control: no-cache\r
      X-Content-Type-Options: nosniff\r
      Connection: close\r
      \r

      """
    return Array(head.utf8) + (withContents ? answer.contents : [])
  }

  /// Ends a connection whose answer has been sent. What the client still sends is read first, or its
  /// system may throw the answer away.
  private func finish(_ descriptor: Int32) {
    shutdown(descriptor, Int32(SHUT_WR))
    var buffer = [UInt8](repeating: 0, count: 4096)
    while read(descriptor, &buffer, buffer.count) > 0 {}
    drop(descriptor)
  }

  private func drop(_ descriptor: Int32) {
    clients[descriptor] = nil
    close(descriptor)
  }

  private static func makeNonblocking(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }

  private static var now: Double { Double(DispatchTime.now().uptimeNanoseconds) / 1e9 }
}
