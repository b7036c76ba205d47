/// A part of a template that writes or changes something.
indirect enum TemplateStatement {
  case text(String)
  case output(TemplateExpression, line: Int)
  case branch([(condition: TemplateExpression?, body: [TemplateStatement])], line: Int)
  case loop(TemplateLoop, line: Int)
  case set(TemplateTarget, TemplateExpression, line: Int)
  case setBlock(TemplateTarget, filters: [TemplateFilter], body: [TemplateStatement], line: Int)
  case with([(TemplateTarget, TemplateExpression)], body: [TemplateStatement], line: Int)
  case filterBlock([TemplateFilter], body: [TemplateStatement], line: Int)
  case macro(TemplateMacro, name: Int, line: Int)
  case callBlock(TemplateExpression, TemplateMacro, line: Int)
  case generation([TemplateStatement], line: Int)
  /// Escapes what its body writes where the value is true.
  case autoescape(TemplateExpression, body: [TemplateStatement], line: Int)
  /// Writes its body with the template's own variables, or with those around it where it is scoped.
  case block(String, [TemplateStatement], isScoped: Bool, line: Int)
  /// Is an error where it is reached.
  case refused(String, line: Int)
  case breakLoop
  case continueLoop
}

/// What a value is assigned to. Names are numbers of the template's table.
indirect enum TemplateTarget {
  case name(Int)
  case attribute(of: Int, String)
  case tuple([TemplateTarget])
}

/// A loop over the elements that meet a condition.
struct TemplateLoop {
  var target: TemplateTarget
  var sequence: TemplateExpression
  var condition: TemplateExpression?
  var body: [TemplateStatement]
  var otherwise: [TemplateStatement]
  /// Whether `loop(…)` runs it again.
  var isRecursive = false
}

/// A macro's parameters and body; also the body of a call block.
struct TemplateMacro {
  var name: String
  var parameters: [(id: Int, name: String, usual: TemplateExpression?)]
  var body: [TemplateStatement]
  /// Which of `caller`, `varargs` and `kwargs` the body reads.
  var reads: Set<String> = []
}

/// A filter or a test with its arguments.
struct TemplateFilter {
  var name: String
  var arguments: TemplateCall
  var line: Int
}

/// The arguments of a call as they are written.
struct TemplateCall {
  var positional: [TemplateExpression] = []
  var named: [(name: String, value: TemplateExpression)] = []
  /// `*list` and `**dictionary`.
  var spread: TemplateExpression?
  var namedSpread: TemplateExpression?
}

/// A part of a template that has a value. Chains are flat, so that long ones nest no calls.
indirect enum TemplateExpression {
  case constant(TemplateValue)
  case name(Int)
  case list([TemplateExpression])
  case tuple([TemplateExpression])
  case dictionary([(TemplateExpression, TemplateExpression)])
  case conditional(
    TemplateExpression, condition: TemplateExpression, otherwise: TemplateExpression?)
  case and([TemplateExpression])
  case or([TemplateExpression])
  case not(TemplateExpression)
  case comparison(TemplateExpression, [(Comparison, TemplateExpression)], line: Int)
  case arithmetic(TemplateExpression, [(Arithmetic, TemplateExpression)], line: Int)
  case concatenation([TemplateExpression])
  case negative(TemplateExpression, line: Int)
  case positive(TemplateExpression, line: Int)
  case postfix(TemplateExpression, [Postfix])

  enum Comparison { case equal, unequal, less, lessOrEqual, greater, greaterOrEqual, isIn, isNotIn }

  enum Arithmetic: String {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case remainder = "%"
    case power = "**"
  }

  /// What follows a value.
  enum Postfix {
    case attribute(String, line: Int)
    case item(TemplateExpression, line: Int)
    case slice(TemplateExpression?, TemplateExpression?, TemplateExpression?, line: Int)
    case call(TemplateCall, line: Int)
    case filter(TemplateFilter)
    case test(TemplateFilter, isNegated: Bool)
  }
}
