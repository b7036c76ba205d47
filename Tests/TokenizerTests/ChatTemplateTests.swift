import Testing
import Tokenizers

@Suite("Chat templates")
struct ChatTemplateTests {
  private static let messages: TemplateValue = [
    ["role": "user", "content": "Hi\n"], ["role": "assistant", "content": "Yo"],
  ]

  private func render(_ source: String) throws -> String {
    try ChatTemplate(source).render(["messages": Self.messages, "xs": [3, 1, 2]]).text
  }

  @Test("Conversations are written as Jinja writes them")
  func conversations() throws {
    let template = """
      {%- for m in messages %}
          {{- '<|' + m.role + '|>' + m['content'] | trim }}
          {%- if not loop.last %}

          {%- endif %}
      {%- endfor %}
      """
    #expect(try render(template) == "<|user|>Hi<|assistant|>Yo")
  }

  @Test(
    "Values print, compare and divide as in Python",
    arguments: [
      ("{{ [1, 2.0, none, true, \"it's\"] }}", "[1, 2.0, None, True, \"it's\"]"),
      ("{{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 1e16 }}", "-4 2 3.5 1024 1e+16"),
      ("{{ 1 < 2 < 3 }} {{ 'a' in 'abc' }} {{ 4 not in xs }}", "True True True"),
      ("{{ xs[::-1] }} {{ 'abc'[-2:] }} {{ xs[9] is defined }}", "[2, 1, 3] bc False"),
      ("{{ nope }}|{{ nope | upper }}|{{ nope | default('x') }}", "||x"),
      ("{{ {'b': 1, 'a': 'é<'} | tojson }}", "{\"b\": 1, \"a\": \"é<\"}"),
      ("{{ xs | sort | join(', ') }} {{ xs | map('string') | list }}", "1, 2, 3 ['3', '1', '2']"),
      (
        "{% set n = namespace(s=0) %}{% for x in xs %}{% set n.s = n.s + x %}{% endfor %}{{ n.s }}",
        "6"
      ),
      ("{% macro f(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ f(1) }}{{ f(b=3, a=4) }}", "1243"),
      ("a\n  {% if true %}\n b\n  {% endif %}\nc\n", "a\n b\nc"),
    ])
  func values(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test("Errors carry the template's words and the line")
  func errors() {
    let error = #expect(throws: ChatTemplateError.self) {
      try render("a\n{{ raise_exception('no ' ~ xs[0]) }}")
    }
    #expect(error?.kind == .raised && error?.message == "no 3" && error?.line == 2)
    let unsupported = #expect(throws: ChatTemplateError.self) { try render("\n{% include 'x' %}") }
    #expect(unsupported?.kind == .unsupported && unsupported?.line == 2)
  }

  @Test(
    "Templates without end stop with an error",
    arguments: [
      "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{{ 'x' * 10 ** 10 }}",
      "{% set n = namespace(a=[1]) %}{% for i in range(999) %}{% set n.a = [n.a] %}{% endfor %}",
      "{{ " + String(repeating: "[", count: 500) + String(repeating: "]", count: 500) + " }}",
    ])
  func limits(_ source: String) {
    let error = #expect(throws: ChatTemplateError.self) { try render(source) }
    #expect(error?.kind == .limit)
  }

  @Test("Generation blocks are found by their code points")
  func spans() throws {
    let rendering = try ChatTemplate("é{% generation %}ab{% endgeneration %}c").render([:])
    #expect(rendering.text == "éabc")
    #expect(rendering.generationSpans == [1..<3])
  }
}
