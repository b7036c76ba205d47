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
      ("{{ 0.0 % -7 }} {{ -4.0 % 2 }} {{ 4 % -2.0 }}", "-0.0 0.0 -0.0"),
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

  @Test(
    "Sequences that are no lists print, count and run out as in Jinja",
    arguments: [
      (
        "{{ range(4) }} {{ range(9)[::-2] }} {{ range(2) == range(0, 2) }}",
        "range(0, 4) range(8, -1, -2) True"
      ),
      ("{{ {'a': 1}.items() }} {{ {'a': 1}.keys() | list }}", "dict_items([('a', 1)]) ['a']"),
      ("{% set g = xs | map('string') %}{{ g | first }}{{ g | join }}{{ g | join }}", "312"),
      (
        "{{ [{'k': 'x', 'v': 1}, {'k': 'X', 'v': 2}] | groupby('k') | map(attribute='grouper') | list }}",
        "['x']"
      ),
      (
        "{% for g in [{'k': 1}] | groupby('k') %}{{ g }}{{ g.list }}{% endfor %}",
        "(1, [{'k': 1}])[{'k': 1}]"
      ),
      (
        "{{ [1, 2, 3] | slice(2, 'f') | list }} {{ [1, 2, 3] | batch(2, 'f') | list }}",
        "[[1, 2], [3, 'f']] [[1, 2], [3, 'f']]"
      ),
      ("{{ 0 | select('odd') | list }}", "[]"),
    ])
  func sequences(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(
    "Namespaces, cyclers, joiners, blocks and recursive loops",
    arguments: [
      ("{{ namespace(a=1, b='q') }}", "<Namespace {'a': 1, 'b': 'q'}>"),
      (
        "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}",
        "abab"
      ),
      ("{% set j = joiner('|') %}{% for x in xs %}{{ j() }}{{ x }}{% endfor %}", "3|1|2"),
      ("{% set y = 1 %}{% block a %}<{{ y }}{{ x }}>{% endblock %}{{ self.a() }}", "<1><1>"),
      ("{% for x in xs %}{% block a scoped %}{{ x }}{% endblock a %}{% endfor %}", "312"),
      (
        "{% for x in [[1, []], [2, [[3, []]]]] recursive %}{{ x[0] }}{{ loop.depth }}({{ loop(x[1]) }}){% endfor %}",
        "11()21(32())"
      ),
      (
        "{% if false %}{% include 'x' %}{% endif %}{% macro m() %}{% endmacro %}{{ m }}",
        "<Macro 'm'>"
      ),
    ])
  func objects(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(
    "What follows else is written where no pass of a loop came to its end, as in Jinja",
    arguments: [
      ("{% for x in xs %}{{ x }}{% continue %}{% else %}-{% endfor %}", "312-"),
      ("{% for x in xs %}{{ x }}{% break %}{% else %}-{% endfor %}", "3-"),
      ("{% for x in xs %}{{ x }}{% if x < 2 %}{% break %}{% endif %}{% else %}-{% endfor %}", "31"),
      ("{% for x in xs %}{% if x > 1 %}{% continue %}{% endif %}{% else %}-{% endfor %}", ""),
      ("{% for x in [] %}{{ x }}{% else %}-{% endfor %}", "-"),
    ])
  func unfinished(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test("A filter around a text has to make a text, and what has no hash names no filter")
  func refusedTexts() throws {
    #expect(try render("{% filter upper %}a{% endfilter %}") == "A")
    let ranges = "{{ range(2) in {'a': 1} }} {{ {range(2): 1}[range(0, 2)] }}"
    #expect(try render(ranges) == "False 1")
    for source in [
      "{% filter length %}abc{% endfilter %}", "{% filter list %}abc{% endfilter %}",
      "{{ 1 is defined 2 }}", "{{ [1] is filter }}", "{{ {} is test }}",
    ] {
      #expect(throws: ChatTemplateError.self, "\(source)") { try render(source) }
    }
  }

  @Test(
    "Texts are formatted, wrapped, stripped and printed as in Python",
    arguments: [
      (
        "{{ '{:>5}|{:*^7}|{:,}|{:.2f}|{!r}|{a[0]}'.format('a', 'b', 12345, 2.5, 'q', a=[7]) }}",
        "    a|***b***|12,345|2.50|'q'|7"
      ),
      ("{{ 'a bc-def ghi' | wordwrap(5) }}", "a bc-\ndef\nghi"),
      (
        "{{ '<p>a &lt; <!-- c -->b</p>' | striptags }} {{ {'a': 1, 'b': none} | xmlattr }}",
        "a < b  a=\"1\""
      ),
      ("{{ 123456 | filesizeformat }} {{ 2048 | filesizeformat(true) }}", "123.5 kB 2.0 KiB"),
      (
        "{{ {'b': 'x' * 50, 'a': ['y' * 30]} | pprint }}",
        "{'a': ['" + String(repeating: "y", count: 30) + "'],\n 'b': '"
          + String(repeating: "x", count: 50) + "'}"
      ),
      (
        "{{ 'ΑΣ'.lower() }} {{ 'ß'.casefold() }} {{ 'a\tb'.expandtabs(4) }} {{ 'hello'.find('l', 3) }}",
        "ας ss a   b 3"
      ),
      (
        "{{ ['b', 'a'] | sort(attribute='v') }} {{ dict.fromkeys(['a'], 1) }} {{ '%c%#x' % ('a', 255) }}",
        "['b', 'a'] {'a': 1} a0xff"
      ),
    ])
  func texts(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(
    "What Jinja refuses is refused with its words",
    arguments: [
      ("{{ xs | map('string') | length }}", "object of type 'generator' has no len()"),
      ("{{ xs | map('string') | last }}", "'generator' object is not reversible"),
      ("{{ xs | nothing }}", "No filter named 'nothing'."),
      ("{{ {'a': 1}.a.b.c }}", "'int object' has no attribute 'b'"),
      (
        "{% for x in xs %}{{ loop([]) }}{% endfor %}",
        "The loop must have the 'recursive' marker to be called recursively."
      ),
      ("{% do 1 %}", "Encountered unknown tag 'do'."),
    ])
  func refusals(_ source: String, _ expected: String) {
    let error = #expect(throws: ChatTemplateError.self) { try render(source) }
    #expect(error?.message == expected)
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
