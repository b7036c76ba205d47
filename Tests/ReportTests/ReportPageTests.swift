import Foundation
import Reports
import Testing

@Suite struct ReportPageTests {
  @Test func `names and texts of a run cannot become part of the page`() throws {
    try inReportFolder { folder in
      let evil = "</script><script>alert(1)</script>"
      let marked = "<\u{338}img src=x>"
      let metrics = """
        {"event": "step", "step": 1, "train_</script><b>": 1}
        {"event": "samples", "step": 1, "texts": ["\(evil)", "\(marked)", "\\u2028"]}

        """
      try writeRun(
        folder + "/a&<b>\"", metrics: metrics, configuration: "\"</script>\": \"<!-- \(evil)\"\n")
      let html = ReportPage([try RunRecord(folder: folder + "/a&<b>\"")]).html
      let scripts = html.utf8.count { $0 == UInt8(ascii: "<") }
      // As many as the page has without any data.
      var empty = try RunRecord(folder: folder + "/a&<b>\"")
      empty.lines = []
      empty.configuration = nil
      empty.name = "plain"
      let bare = ReportPage([empty]).html.utf8.count { $0 == UInt8(ascii: "<") }
      #expect(scripts == bare)
      #expect(html.contains("<title>a&amp;&lt;b&gt;&quot; – Torus</title>"))
    }
  }

  @Test func `the page's data is JSON with all series, thinned`() throws {
    try inReportFolder { folder in
      let many = (1...9000).map { #"{"event": "step", "step": \#($0), "train_loss": 0.5}"# }
      try writeRun(folder + "/a", metrics: someMetrics)
      try writeRun(folder + "/b", metrics: many.joined(separator: "\n") + "\n")
      let page = ReportPage(try RunRecord.read([folder + "/a", folder + "/b"]))
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(page.data.utf8)) as? [String: Any])
      let runs = try #require(object["runs"] as? [[String: Any]])
      let first = try #require(runs[0]["series"] as? [[String: Any]])
      #expect(first[0]["values"] as? [AnyHashable] == [2.5, "nan", 1.5])
      let second = try #require(runs[1]["series"] as? [[String: Any]])
      #expect(second[0]["points"] as? Int == 9000)
      #expect((second[0]["steps"] as? [Int])?.count ?? 0 <= ReportPage.mostPoints + 4)
      #expect(object["refresh"] is NSNull)
    }
  }

  @Test func `the page asks the network for nothing`() throws {
    try inReportFolder { folder in
      try writeRun(folder, metrics: someMetrics)
      let html = ReportPage([try RunRecord(folder: folder)]).html
      #expect(!html.contains("http://") && !html.contains("https://"))
      #expect(!html.contains("src=") && !html.contains("@import") && !html.contains("url("))
      #expect(html.contains("connect-src 'none'"))
    }
  }
}
