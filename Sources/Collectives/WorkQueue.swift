/// First in, first out, in constant time each.
struct WorkQueue {
  private var items: [Work?] = []
  private var head = 0

  var isEmpty: Bool { head == items.count }
  var count: Int { items.count - head }
  var first: Work? { isEmpty ? nil : items[head] }

  mutating func append(_ work: Work) { items.append(work) }

  mutating func popFirst() -> Work? {
    guard !isEmpty else { return nil }
    let work = items[head]
    items[head] = nil
    head += 1
    if isEmpty || head > 1024 {
      items.removeFirst(head)
      head = 0
    }
    return work
  }

  /// The first one, where nobody else holds it and it has been first for longer than the limit.
  mutating func expired(now: UInt64, limit: UInt64) -> Work? {
    guard !isEmpty else { return nil }
    let isHeld = !isKnownUniquelyReferenced(&items[head])
    return items[head].flatMap { $0.isExpired(isHeld: isHeld, now: now, limit: limit) ? $0 : nil }
  }
}
