/// Runs a template once: its statements. Expressions and calls are in the extensions.
struct TemplateRenderer {
  /// How a list of statements ended.
  private enum Flow { case through, breaks, continues }

  let names: [String]
  /// What is written: the template's text, and above it those of macros and blocks under way.
  private var buffers: [[UInt8]] = [[]]
  /// Where `{% generation %}` wrote, in bytes.
  private(set) var generationSpans: [Range<Int>] = []
  /// Whether what is written is escaped (`{% autoescape true %}`).
  var escapes = false
  private var steps = 0
  private var depth = 0
  /// The template's own variables, which blocks see.
  private var outermost = TemplateScope(nil)

  /// The number of the name `loop`, where the template uses it.
  private let loopName: Int?

  init(names: [String]) {
    self.names = names
    loopName = names.firstIndex(of: "loop")
  }

  /// Writes a template's text.
  mutating func render(
    _ statements: [TemplateStatement], _ scope: TemplateScope
  ) throws -> String {
    outermost = scope
    _ = try run(statements, scope)
    return String(decoding: buffers[0], as: UTF8.self)
  }

  // MARK: Limits

  /// Counts work that is done.
  mutating func count(_ work: Int = 1) throws {
    steps += work
    guard steps <= TemplateLimits.maximumSteps else {
      throw ChatTemplateError(
        .limit,
        "it takes more than \(TemplateLimits.maximumSteps) steps; it may run without end")
    }
  }

  mutating func deeper() throws {
    depth += 1
    guard depth <= TemplateLimits.maximumDepth else {
      throw ChatTemplateError(
        .limit,
        "calls and expressions nest more than \(TemplateLimits.maximumDepth) levels deep")
    }
  }

  mutating func leave() { depth -= 1 }

  mutating func write(_ text: String) throws {
    let top = buffers.count - 1
    buffers[top].append(contentsOf: text.utf8)
    try count(text.utf8.count / 64)
    guard buffers[top].count <= TemplateLimits.maximumBytes else {
      throw ChatTemplateError(
        .limit, "it writes more than \(TemplateLimits.maximumBytes >> 20) MiB of text")
    }
  }

  /// The text that statements write.
  mutating func captured(
    _ statements: [TemplateStatement], _ scope: TemplateScope
  ) throws -> String {
    try captured { _ = try $0.run(statements, scope) }
  }

  private mutating func captured(
    _ body: (inout TemplateRenderer) throws -> Void
  ) throws -> String {
    buffers.append([])
    let level = buffers.count
    defer { buffers.removeLast(buffers.count - level + 1) }
    try deeper()
    defer { leave() }
    try body(&self)
    return String(decoding: buffers[level - 1], as: UTF8.self)
  }

  // MARK: Statements

  private mutating func run(
    _ statements: [TemplateStatement], _ scope: TemplateScope
  ) throws -> Flow {
    try deeper()
    defer { leave() }
    for statement in statements {
      try count()
      let flow = try run(statement, scope)
      if flow != .through { return flow }
    }
    return .through
  }

  private mutating func run(
    _ statement: TemplateStatement, _ scope: TemplateScope
  ) throws -> Flow {
    switch statement {
    case .text(let text): try write(text)
    case .output(let expression, let line):
      try located(line) { try $0.write($0.shown(try $0.value(expression, scope))) }
    case .branch(let branches, let line): return try branch(branches, line, scope)
    case .loop(let loop, let line): try run(loop, line, scope)
    case .set(let target, let expression, let line):
      try located(line) { try $0.assign(target, try $0.value(expression, scope), scope) }
    case .setBlock(let target, let filters, let body, let line):
      let text = try captured(body, TemplateScope(scope))
      try located(line) { try $0.assign(target, try $0.filtered(text, filters, scope), scope) }
    case .with(let targets, let body, let line):
      let inner = TemplateScope(scope)
      for (target, expression) in targets {
        try located(line) { try $0.assign(target, try $0.value(expression, scope), inner) }
      }
      return try run(body, inner)
    case .filterBlock(let filters, let body, let line):
      let text = try captured(body, TemplateScope(scope))
      try located(line) {
        let value = try $0.filtered(text, filters, scope)
        switch value {
        case .string(let text), .markup(let text): try $0.write(text)
        default:
          throw ChatTemplateError(.value, "expected str instance, \(value.typeName) found")
        }
      }
    case .macro(let macro, let name, _):
      scope.set(name, .object(TemplateMacroValue(macro, scope, escapes: escapes)))
    case .callBlock(let call, let macro, let line):
      try located(line) { try $0.callBlock(call, macro, scope) }
    case .generation(let body, _):
      let start = buffers[0].count
      let text = try captured(body, TemplateScope(scope))
      generationSpans.append(start..<(start + text.utf8.count))
      try write(text)
    case .autoescape(let condition, let body, let line):
      let before = escapes
      defer { escapes = before }
      escapes = try located(line) { try $0.value(condition, scope).isTrue }
      return try run(body, TemplateScope(scope))
    case .block(_, let body, let isScoped, _):
      return try run(body, TemplateScope(isScoped ? scope : outermost))
    case .refused(let message, let line):
      throw ChatTemplateError(.unsupported, message, line: line)
    case .breakLoop: return .breaks
    case .continueLoop: return .continues
    }
    return .through
  }

  /// Gives errors of a statement their line.
  private mutating func located<Result>(
    _ line: Int, _ body: (inout TemplateRenderer) throws -> Result
  ) throws -> Result {
    do {
      return try body(&self)
    } catch let error as ChatTemplateError {
      throw error.at(line)
    }
  }

  private mutating func filtered(
    _ text: String, _ filters: [TemplateFilter], _ scope: TemplateScope
  ) throws -> TemplateValue {
    try filters.reduce(written(text)) { try filter($1, $0, scope) }
  }

  /// A value as it is written.
  func shown(_ value: TemplateValue) -> String {
    escapes ? TemplateMarkup.escaped(value).text : value.text
  }

  /// What statements wrote, as a value: it counts as escaped where what is written is escaped.
  func written(_ text: String) -> TemplateValue { escapes ? .markup(text) : .string(text) }

  private mutating func branch(
    _ branches: [(condition: TemplateExpression?, body: [TemplateStatement])], _ line: Int,
    _ scope: TemplateScope
  ) throws -> Flow {
    for (condition, body) in branches {
      let holds = try condition.map { condition in
        try located(line) { try $0.value(condition, scope).isTrue }
      }
      if holds ?? true { return try run(body, scope) }
    }
    return .through
  }

  private mutating func run(_ loop: TemplateLoop, _ line: Int, _ scope: TemplateScope) throws {
    let elements = try located(line) { try $0.value(loop.sequence, scope).elements() }
    try run(loop, over: elements, line, depth: 1, scope)
  }

  /// `loop(elements)`: the text of a recursive loop over other elements.
  mutating func callAgain(
    _ state: TemplateLoopState, _ arguments: TemplateArguments
  ) throws -> String {
    guard let loop = state.loop, let scope = state.scope else {
      throw ChatTemplateError(
        .value, "The loop must have the 'recursive' marker to be called recursively.")
    }
    let elements = try arguments.require(0, "iterable").elements()
    return try captured { try $0.run(loop, over: elements, 0, depth: state.depth + 1, scope) }
  }

  /// `self.name()`: the text of a block.
  mutating func callBlock(_ block: TemplateBlockValue) throws -> String {
    try captured(block.body, TemplateScope(outermost))
  }

  private mutating func run(
    _ loop: TemplateLoop, over given: [TemplateValue], _ line: Int, depth: Int,
    _ scope: TemplateScope
  ) throws {
    var elements = given
    try count(elements.count / 16)
    if let condition = loop.condition {
      elements = try located(line) { renderer in
        try elements.filter { element in
          let inner = TemplateScope(scope)
          try renderer.assign(loop.target, element, inner)
          return try renderer.value(condition, inner).isTrue
        }
      }
    }
    // Jinja notes the end of a pass, which one that is left early does not reach.
    var isDone = false
    let state = TemplateLoopState(
      elements, depth: depth, loop: loop.isRecursive ? loop : nil, scope: scope)
    for (index, element) in elements.enumerated() {
      try count()
      state.index = index
      let inner = TemplateScope(scope)
      if let name = loopName { inner.set(name, .object(state)) }
      try located(line) { try $0.assign(loop.target, element, inner) }
      let flow = try run(loop.body, inner)
      if flow == .breaks { break }
      if flow == .through { isDone = true }
    }
    if !isDone { _ = try run(loop.otherwise, TemplateScope(scope)) }
  }

  private mutating func assign(
    _ target: TemplateTarget, _ value: TemplateValue, _ scope: TemplateScope
  ) throws {
    switch target {
    case .name(let name): scope.set(name, value)
    case .attribute(let name, let attribute):
      guard case .object(let object)? = scope.value(name),
        let namespace = object as? TemplateNamespace
      else {
        throw ChatTemplateError(
          .value,
          "cannot assign attribute on non-namespace object: \(names[name]).\(attribute)")
      }
      try namespace.set(attribute, value)
    case .tuple(let targets):
      let values = try value.elements()
      guard values.count == targets.count else {
        throw ChatTemplateError(
          .value,
          values.count > targets.count
            ? "too many values to unpack (expected \(targets.count))"
            : "not enough values to unpack (expected \(targets.count), got \(values.count))")
      }
      for (target, value) in zip(targets, values) { try assign(target, value, scope) }
    }
  }
}
