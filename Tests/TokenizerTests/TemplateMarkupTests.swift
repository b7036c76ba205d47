import Testing
import Tokenizers

@Suite("Escaped texts, large numbers and bytes in chat templates")
struct TemplateMarkupTests {
  private func render(_ source: String) throws -> String {
    let messages: TemplateValue = [["role": "user", "content": "Hi"]]
    return try ChatTemplate(source).render(["messages": messages]).text
  }

  @Test(
    "What safe and e give escapes the texts that are joined to it",
    arguments: [
      (
        "{{ '<a>' + ('<b>' | e) }}|{{ ('<b>' | safe) + '<c>' }}|{{ ('<b>' | safe) ~ '<c>' }}|{{ '<' | e | upper }}|{{ [1] | tojson | safe + '<' }}",
        "&lt;a&gt;&lt;b&gt;|<b>&lt;c&gt;|<b><c>|&LT;|[1]&lt;"
      ),
      ("{{ ('a' | e) is sequence }} {{ ('a' | e) is iterable }}", "True True"),
      (
        "{{ ('<%s>' | safe) % '<' }} {{ ('{}' | safe).format('&') }} {{ ('a' | safe).join(['<', '>' | safe]) }} {{ ['<' | e] }} {{ ('<x' | e)[0:4] is escaped }} {{ ('a,<' | e).split(',') }}",
        "<&lt;> &amp; &lt;a> [Markup('&lt;')] True [Markup('a'), Markup('&lt;')]"
      ),
    ])
  func markup(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(
    "An escaping block escapes what it writes, and no macro from outside",
    arguments: [
      (
        "{% autoescape true %}{{ '<' }}<{{ '<' | safe }}{% set y = '<' %}{{ y ~ ('>' | safe) }}{{ ['<', '>' | safe] | join('&') }}{% set x %}<i>{% endset %}{{ x }}{% endautoescape %}{{ '<' }}",
        "&lt;<<&lt;>&lt;&amp;><i><"
      ),
      (
        "{% macro m(a) %}<{{ a }}{% endmacro %}{% autoescape true %}{{ m('&') }}{% macro n(a) %}<{{ a }}{% endmacro %}{{ n('&') }}{% filter upper %}<{{ '<' }}{% endfilter %}{{ 'a<b' | replace('a', '<') }}{% endautoescape %}",
        "<&<&amp;<&LT;&lt;&lt;b"
      ),
    ])
  func blocks(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test("Whole numbers beyond 64 bits print, compare and become JSON and are computed with")
  func largeNumbers() throws {
    let source = """
      {% set n = 12345678901234567890 %}{{ n }} {{ -n }} {{ n > 5 }} {{ n is integer }} \
      {{ [n] | tojson }} {{ '12345678901234567890' | int == n }} {{ 1e20 | int }} {{ n * 1.0 }}
      """
    #expect(
      try render(source)
        == "12345678901234567890 -12345678901234567890 True True [12345678901234567890] True "
        + "100000000000000000000 1.2345678901234567e+19")
    #expect(
      try TemplateValue(json: "[18446744073709551616]") == [
        TemplateValue(json: "18446744073709551616")
      ])
  }

  @Test(
    "Encoded texts are bytes, and lists are the same where they are one",
    arguments: [
      (
        "{{ 'aé\"'.encode() }} {{ 'é'.encode('utf-8') | length }} {{ 'é'.encode()[0] }} {{ 'aé'.encode().decode() }} {{ 'ab'.encode().hex() }} {{ 'abc'.encode()[1:] }}",
        "b'a\\xc3\\xa9\"' 2 195 aé 6162 b'bc'"
      ),
      (
        "{{ messages is sameas messages }} {{ messages is sameas [1] }} {% set a = [1] %}{{ a is sameas a }} {{ a is sameas (a | list) }} {{ messages[0] is sameas messages[0] }} {{ messages[0] is sameas (messages[0].copy()) }}",
        "True False True False True False"
      ),
    ])
  func bytesAndIdentity(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(
    "Beyond 64 bits the operators give what Python gives",
    arguments: [
      (
        "{{ 9223372036854775807 + 1 }} {{ -9223372036854775807 - 2 }} {{ 3037000500 * -3037000500 }} {{ 2 ** 100 }} {{ 2 ** 100 - 2 ** 100 + 7 }}",
        "9223372036854775808 -9223372036854775809 -9223372037000250000 1267650600228229401496703205376 7"
      ),
      (
        "{{ -(10 ** 30) // 7 ** 20 }} {{ -(10 ** 30) % 7 ** 20 }} {{ 10 ** 30 // 1000000000 }} {{ 10 ** 40 // (10 ** 20 - 1) }} {{ 10 ** 40 % (10 ** 20 - 1) }} {{ (10 ** 30) is even }}",
        "-12532542894197 12048762300458197 1000000000000000000000 100000000000000000001 1 True"
      ),
      (
        "{{ 10 ** 30 / 3 }} {{ 1 / 10 ** 30 }} {{ 9007199254740993 / 3 }} {{ '%d' % (2 ** 70) }} {{ {2 ** 70: 1}[2 ** 70] }}",
        "3.333333333333333e+29 1e-30 3002399751580331.0 1180591620717411303424 1"
      ),
    ])
  func largeArithmetic(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test(
    "A whole number that Python would not print is refused",
    arguments: ["10 ** 4400", "(10 ** 4000) * (10 ** 4000)"])
  func tooLargeNumbers(_ source: String) throws {
    let error = #expect(throws: ChatTemplateError.self) { try render("{{ " + source + " }}") }
    #expect(error?.kind == .limit)
  }

  @Test(
    "Addresses in texts become links",
    arguments: [
      (
        "{{ 'see (http://a.org/x_(y)) <www.t.com>, me@x.org. mailto:q@w.de bb.info:80/?c ftp://f' | urlize }}",
        "see (<a href=\"http://a.org/x_(y)\" rel=\"noopener\">http://a.org/x_(y)</a>) &lt;<a href=\"https://www.t.com\" rel=\"noopener\">www.t.com</a>&gt;, <a href=\"mailto:me@x.org\">me@x.org</a>. <a href=\"mailto:q@w.de\">q@w.de</a> <a href=\"https://bb.info:80/?c\" rel=\"noopener\">bb.info:80/?c</a> ftp://f"
      ),
      (
        "{{ 'http://a.org/long&more tel:12' | urlize(8, nofollow=true, target='_blank', rel='z', extra_schemes=['tel:']) }}",
        "<a href=\"http://a.org/long&amp;more\" rel=\"nofollow noopener z\" target=\"_blank\">http://a...</a> <a href=\"tel:12\" rel=\"nofollow noopener z\" target=\"_blank\">tel:12</a>"
      ),
    ])
  func links(_ source: String, _ expected: String) throws {
    #expect(try render(source) == expected)
  }

  @Test("A format takes lists and dictionaries without asking for their items")
  func formats() throws {
    let source =
      "{{ 'a' % [1] }} {{ '%s' % [[1, 'b']] }} {{ 'a' % {'b': 1} }} {{ '%*d|%-*d|%.3d' % (4, 7, 3, 8, 5) }} {{ '%5.1f%%' % 2.25 }}"
    #expect(try render(source) == "a [[1, 'b']] a    7|8  |005   2.2%")
  }

  @Test("The first of nothing is not there, whatever gives nothing")
  func firstOfNothing() throws {
    let source = """
      {{ [] | unique | first }}|{{ messages | selectattr('role', 'equalto', 'system') | first }}|\
      {{ messages | rejectattr('role') | map(attribute='content') | first is defined }}
      """
    #expect(try render(source) == "||False")
  }
}
