extension TemplateRenderer {
  /// The values of a call's arguments.
  mutating func arguments(
    _ call: TemplateCall, _ scope: TemplateScope
  ) throws -> TemplateArguments {
    var result = TemplateArguments()
    for expression in call.positional { result.positional.append(try value(expression, scope)) }
    if let spread = call.spread {
      result.positional += try value(spread, scope).defined().elements()
    }
    for (name, expression) in call.named {
      result.named.append((name, try value(expression, scope)))
    }
    if let spread = call.namedSpread {
      guard let dictionary = try value(spread, scope).defined().dictionary else {
        throw ChatTemplateError(.value, "what follows ** must be a dict")
      }
      for (key, value) in zip(dictionary.keys, dictionary.values) {
        guard let name = key.value.string else {
          throw ChatTemplateError(.value, "names of arguments must be strings")
        }
        result.named.append((name, value))
      }
    }
    return result
  }

  /// Calls a function or a macro.
  mutating func call(
    _ callee: TemplateValue, _ arguments: TemplateArguments
  ) throws -> TemplateValue {
    switch callee {
    case .function(let function): return try function.body(arguments)
    case .object(let object):
      switch object {
      case let macro as TemplateMacroValue:
        return written(try call(macro, arguments, caller: nil))
      case let joiner as TemplateJoiner: return joiner.next()
      case let loop as TemplateLoopState: return written(try callAgain(loop, arguments))
      case let block as TemplateBlockValue: return written(try callBlock(block))
      default: break
      }
      throw ChatTemplateError(.value, "'\(callee.typeName)' object is not callable")
    case .undefined(let hint): throw ChatTemplateError(.undefined, hint)
    default:
      throw ChatTemplateError(.value, "'\(callee.typeName)' object is not callable")
    }
  }

  /// The text of a macro.
  private mutating func call(
    _ value: TemplateMacroValue, _ arguments: TemplateArguments, caller: TemplateValue?
  ) throws -> String {
    let macro = value.macro
    var arguments = arguments
    if let caller { arguments.named.append(("caller", caller)) }
    var extra = TemplateArguments()
    guard let outer = value.scope else {
      throw ChatTemplateError(
        .unsupported, "macro '\(macro.name)' is called where its variables are gone")
    }
    let scope = TemplateScope(outer)
    // Each parameter's default sees the parameters before it.
    for (place, parameter) in macro.parameters.enumerated() {
      let given = arguments.named.last { $0.name == parameter.name }?.value
      if place < arguments.positional.count {
        if given != nil {
          throw ChatTemplateError(
            .value,
            "macro '\(macro.name)' got multiple values for argument '\(parameter.name)'")
        }
        scope.set(parameter.id, arguments.positional[place])
      } else if let given {
        scope.set(parameter.id, given)
      } else if let usual = parameter.usual {
        scope.set(parameter.id, try self.value(usual, scope))
      } else {
        scope.set(
          parameter.id,
          .undefined("parameter \(PythonText.quoted(parameter.name)) was not provided"))
      }
    }
    extra.positional = Array(arguments.positional.dropFirst(macro.parameters.count))
    extra.named = arguments.named.filter { given in
      !macro.parameters.contains { $0.name == given.name }
    }
    if macro.reads.contains("caller"), macro.name != "caller",
      !macro.parameters.contains(where: { $0.name == "caller" }),
      let name = names.firstIndex(of: "caller")
    {
      let given = extra.named.last { $0.name == "caller" }?.value
      extra.named.removeAll { $0.name == "caller" }
      scope.set(name, given ?? .undefined("no caller defined"))
    }
    try bindExtra(extra, of: macro, scope)
    let before = escapes
    defer { escapes = before }
    escapes = value.escapes
    return try captured(macro.body, scope)
  }

  /// `varargs` and `kwargs`, where the template uses them; else further arguments are refused.
  private mutating func bindExtra(
    _ extra: TemplateArguments, of macro: TemplateMacro, _ scope: TemplateScope
  ) throws {
    if macro.reads.contains("varargs"), let name = names.firstIndex(of: "varargs") {
      scope.set(name, try nested(.tuple(extra.positional)))
    } else if !extra.positional.isEmpty {
      throw ChatTemplateError(
        .value, "macro '\(macro.name)' takes not more than \(macro.parameters.count) argument(s)")
    }
    if macro.reads.contains("kwargs"), let name = names.firstIndex(of: "kwargs") {
      var dictionary = TemplateDictionary()
      for (name, value) in extra.named { dictionary[name] = value }
      scope.set(name, try nested(.dictionary(dictionary)))
    } else if let first = extra.named.first {
      guard first.name != "caller" else {
        throw ChatTemplateError(
          .value,
          "macro '\(macro.name)' was invoked with two values for the special caller argument. "
            + "This is most likely a bug.")
      }
      throw ChatTemplateError(
        .value, "macro '\(macro.name)' takes no keyword argument '\(first.name)'")
    }
  }

  /// `{% call macro(…) %}`: the macro with the block as its `caller`.
  mutating func callBlock(
    _ call: TemplateExpression, _ block: TemplateMacro, _ scope: TemplateScope
  ) throws {
    guard case .postfix(let base, var chain) = call, case .call(let written, _)? = chain.popLast()
    else { return }
    let callee = try chain.isEmpty ? value(base, scope) : value(.postfix(base, chain), scope)
    let arguments = try arguments(written, scope)
    guard case .object(let object) = callee, let macro = object as? TemplateMacroValue else {
      throw ChatTemplateError(.unsupported, "{% call %} of what is no macro is not supported")
    }
    let caller = TemplateValue.object(TemplateMacroValue(block, scope, escapes: escapes))
    try write(try self.call(macro, arguments, caller: caller))
  }

  /// What a filter makes of a value, those among them that take other filters or tests.
  mutating func filtered(
    _ value: TemplateValue, _ name: String, _ arguments: TemplateArguments
  ) throws -> TemplateValue {
    switch name {
    case "map":
      // What is empty or not true has no elements.
      let elements = value.isTrue ? try value.elements() : []
      try count(elements.count)
      if arguments.positional.isEmpty {
        let path = arguments.value(0, "attribute")
        guard path != nil else {
          throw ChatTemplateError(.value, "map requires a filter argument")
        }
        let usual = arguments.named.last { $0.name == "default" }?.value
        return TemplateSequence.generator(
          try elements.map {
            let value = try TemplateFilters.attribute(path, of: $0)
            return value.isUndefined ? usual ?? value : value
          })
      }
      let filter = try arguments.text(0, "filter")
      let rest = arguments.dropFirst(1)
      return TemplateSequence.generator(try elements.map { try filtered($0, filter, rest) })
    case "select", "reject", "selectattr", "rejectattr":
      let elements = value.isTrue ? try value.elements() : []
      try count(elements.count)
      let byAttribute = name.hasSuffix("attr")
      let path: TemplateValue? = byAttribute ? try arguments.require(0, "attribute") : nil
      let rest = byAttribute ? arguments.dropFirst(1) : arguments
      let test = rest.positional.isEmpty ? nil : try rest.text(0, "test")
      let wanted = name.hasPrefix("select")
      return TemplateSequence.generator(
        try elements.filter { element in
          let value = try TemplateFilters.attribute(path, of: element)
          let passes =
            try test.map { try TemplateTests.passes($0, value, rest.dropFirst(1)) } ?? value.isTrue
          return passes == wanted
        })
    default:
      try count(try cost(of: value))
      if escapes, let result = try TemplateMarkup.filtered(value, name, arguments) { return result }
      return try TemplateFilters.apply(name, value, arguments)
    }
  }

  /// The work that a filter has with a value: one step for 64 bytes or 16 elements.
  private func cost(of value: TemplateValue) throws -> Int {
    switch value {
    case .string(let text), .markup(let text): text.utf8.count / 64
    case .list(let values), .tuple(let values): values.count / 16
    default: 0
    }
  }
}
