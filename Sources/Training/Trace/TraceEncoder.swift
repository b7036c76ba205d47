import Collectives

/// A rank's events as lines of Chrome's trace event format, on rank 0's clock.
///
/// A rank is a process, its tracks are threads; times are microseconds since the run's beginning.
/// The format: "Trace Event Format", Google; Perfetto and chrome://tracing read it.
package struct TraceEncoder {
  private let rank: Int
  private let clock: ClockLine
  private let origin: Double
  private var threads: [Track: Int]
  private var header: [String]
  private var rest: ArraySlice<TimelineEvent>
  private var isFirst = true

  /// - Parameters:
  ///   - name: What the process is called.
  ///   - origin: Time 0, on rank 0's clock.
  package init(
    _ events: [TimelineEvent], dropped: Int, rank: Int, name: String, clock: ClockLine,
    origin: Double
  ) {
    self.rank = rank
    self.clock = clock
    self.origin = origin
    rest = events[...]
    let tracks = Set(events.map(\.track)).union([.compute, .buckets, .waiting])
    let sorted = tracks.sorted { ($0.order, $0.name) < ($1.order, $1.name) }
    threads = Dictionary(uniqueKeysWithValues: zip(sorted, 0...))
    header = []
    header.append(fact("process_name", 0, "name", MetricValue.text(name).json))
    header.append(fact("process_sort_index", 0, "sort_index", "\(rank)"))
    if dropped > 0 {
      header.append(
        fact("process_labels", 0, "labels", MetricValue.text("\(dropped) events left out").json))
    }
    for (thread, track) in sorted.enumerated() { header += introduce(track, thread) }
  }

  /// Further events, to be handed out after those before.
  package mutating func append(_ events: [TimelineEvent]) {
    if rest.isEmpty { rest = events[...] } else { rest += events }
  }

  private func introduce(_ track: Track, _ thread: Int) -> [String] {
    [
      fact("thread_name", thread, "name", MetricValue.text(track.name).json),
      fact("thread_sort_index", thread, "sort_index", "\(100 * track.order + thread)"),
    ]
  }

  private func fact(_ kind: String, _ thread: Int, _ key: String, _ value: String) -> String {
    #"{"ph":"M","pid":\#(rank),"tid":\#(thread),"name":"\#(kind)","args":{"\#(key)":\#(value)}}"#
  }

  /// The next events, joined by commas, of about `bytes` bytes; empty at the end.
  package mutating func next(_ bytes: Int) -> [UInt8] {
    var lines: [UInt8] = []
    func add(_ line: String) {
      if !lines.isEmpty { lines += [UInt8(ascii: ","), UInt8(ascii: "\n")] }
      lines += line.utf8
    }
    if isFirst { header.forEach(add) }
    isFirst = false
    while lines.count < bytes, let event = rest.popFirst() { line(event).forEach(add) }
    return lines
  }

  /// Whether everything was handed out.
  package var isDone: Bool { !isFirst && rest.isEmpty }

  private mutating func line(_ event: TimelineEvent) -> [String] {
    if let thread = threads[event.track] { return line(event, thread) }
    let thread = threads.count
    threads[event.track] = thread
    return introduce(event.track, thread) + line(event, thread)
  }

  private func line(_ event: TimelineEvent, _ thread: Int) -> [String] {
    let begin = nanoseconds(event.begin)
    let end = max(begin, nanoseconds(event.end))
    let place = #""pid":\#(rank),"tid":\#(thread)"#
    let name = #""name":\#(MetricValue.text(event.name).json)"#
    let facts = event.facts.pairs.isEmpty ? "" : #","args":\#(event.facts.json)"#
    let at = #""ts":\#(microseconds(begin))"#
    switch event.shape {
    case .span:
      return [#"{"ph":"X",\#(place),\#(at),"dur":\#(microseconds(end - begin)),\#(name)\#(facts)}"#]
    case .instant: return [#"{"ph":"i","s":"t",\#(place),\#(at),\#(name)\#(facts)}"#]
    case .overlapping(let id):
      let pair = #""cat":"overlapping","id":\#(MetricValue.text("\(rank)/\(id)").json)"#
      return [
        #"{"ph":"b",\#(pair),\#(place),\#(at),\#(name)\#(facts)}"#,
        #"{"ph":"e",\#(pair),\#(place),"ts":\#(microseconds(end)),\#(name)}"#,
      ]
    }
  }

  private func nanoseconds(_ time: UInt64) -> Int { Int((clock.aligned(time) - origin).rounded()) }

  private func microseconds(_ nanoseconds: Int) -> String {
    let size = nanoseconds.magnitude
    let digits = String(1000 + size % 1000).dropFirst()
    return "\(nanoseconds < 0 ? "-" : "")\(size / 1000).\(digits)"
  }
}
