/// Cases in their order under the names of the units they belong to.
struct Grouped<Case> {
  private(set) var units: [String] = []
  private var cases: [String: [Case]] = [:]

  init(_ all: [Case], by name: (Case) -> String) {
    for item in all {
      let unit = name(item)
      if cases[unit] == nil { units.append(unit) }
      cases[unit, default: []].append(item)
    }
  }

  subscript(unit: String) -> [Case] { cases[unit] ?? [] }
}
