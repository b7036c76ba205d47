import Foundation

/// The report of runs that go on, made anew when their files have changed.
package final class RunWatch {
  private let folders: [String]
  private let refresh: Int
  private var page: ReportPage
  private var data: String
  private var seen: [String]

  /// - Parameter refresh: Seconds between two looks of the page.
  /// - Throws: ``ReportError`` where a folder is no run's.
  package init(_ folders: [String], refresh: Int = 2) throws(ReportError) {
    (self.folders, self.refresh) = (folders, refresh)
    seen = folders.map(Self.state)
    page = ReportPage(try RunRecord.read(folders), refresh: refresh)
    data = page.data
  }

  /// What is found at a path: the page, or what it asks for.
  package func answer(_ path: String) -> LocalServer.Answer {
    switch path {
    case "/", "/index.html":
      renew()
      return .init(type: "text/html", page.html)
    case "/data.json":
      renew()
      return .init(type: "application/json", data)
    default: return .init("404 Not Found", type: "text/plain", "there is / and /data.json\n")
    }
  }

  /// Reads the folders again where a file of theirs has changed. One that is gone meanwhile is shown as
  /// it was.
  private func renew() {
    let states = folders.map(Self.state)
    guard states != seen else { return }
    seen = states
    do {
      page = ReportPage(try RunRecord.read(folders), refresh: refresh)
    } catch {
      for index in page.runs.indices {
        page.runs[index].faults.removeAll { $0.hasPrefix(Self.lost) }
        page.runs[index].faults.append("\(Self.lost): \(error)")
      }
    }
    data = page.data
  }

  private static let lost = "the files cannot be read any more"

  /// Size and time of the files that a report reads.
  private static func state(_ folder: String) -> String {
    ["metrics.jsonl", "config.yaml"].map { name in
      var entry = stat()
      guard stat("\(folder)/\(name)", &entry) == 0 else { return "-" }
      #if canImport(Darwin)
        let time = entry.st_mtimespec
      #else
        let time = entry.st_mtim
      #endif
      return "\(entry.st_ino) \(entry.st_size) \(time.tv_sec).\(time.tv_nsec)"
    }.joined(separator: " ")
  }
}
