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

  @Test("Whole numbers beyond 64 bits print, compare and become JSON, and are not computed with")
  func largeNumbers() throws {
    let source = """
      {% set n = 12345678901234567890 %}{{ n }} {{ -n }} {{ n > 5 }} {{ n is integer }} \
      {{ [n] | tojson }} {{ '12345678901234567890' | int == n }} {{ 1e20 | int }} {{ n * 1.0 }}
      """
    #expect(
      try render(source)
        == "12345678901234567890 -12345678901234567890 True True [12345678901234567890] True "
        + "100000000000000000000 1.2345678901234567e+19")
    let error = #expect(throws: ChatTemplateError.self) {
      try render("{{ 12345678901234567890 + 1 }}")
    }
    #expect(error?.kind == .limit)
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
}
