using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Chat;
using Swarm.Inference.Text;

namespace Swarm.Inference.Tests.Chat;

/// <summary>What Python makes of a template, and what no template may do.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class JinjaTests
{
    private static readonly JsonElement Nobody = JsonDocument.Parse("[]").RootElement;

    [TestCase(
        "{{ 1 }}{{ none }}{{ true }}{{ 1.0 }}{{ 1e16 }}{{ 0.1 + 0.2 }}{{ 1e-5 }}{{ 123456789.0 * 10 ** 9 }}",
        "1NoneTrue1.01e+160.300000000000000041e-051.23456789e+17")]
    [TestCase(
        "{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ -2 ** 2 }} {{ 2 ** -1 }}",
        "3 -4 2 3.5 1024 4 0.5")]
    [TestCase(
        "{{ 'a' ~ 1 ~ none ~ [1, 'b'] }}{{ 'ab' * 3 }}{{ [1] + [2] }}{{ 'x' in 'xyz' }}{{ 3 not in [1, 2] }}",
        "a1None[1, 'b']ababab[1, 2]TrueTrue")]
    [TestCase(
        "{{ 'hello'[1:] }} {{ 'hello'[::-1] }} {{ 'hello'[-3:-1] }} {{ 'hello'[10:] }} {{ [1, 2, 3][::-2] }}",
        "ello olleh ll  [3, 1]")]
    [TestCase("{{ '😀é'[1] }} {{ '😀é'|length }} {{ 'a😀'[::-1] }} {{ '😀é'[1:] }}", "é 2 😀a é")]
    [TestCase(
        "{{ {'a': 1, 'b': [none, true, 'x\\'y']} }} {{ ('a',) }} {{ 'it\\'s' }} {{ ['it\\'s', \"\\\"\"] }}",
        "{'a': 1, 'b': [None, True, \"x'y\"]} ('a',) it's [\"it's\", '\"']")]
    [TestCase(
        "{{ 1 < 2 < 3 }} {{ 1 == 1.0 == true }} {{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 if false }}|",
        "True True True True |")]
    [TestCase(
        "{{ nothing }}|{{ nothing is defined }}|{{ nothing|default('d') }}|{{ none|default('d', true) }}",
        "|False|d|d")]
    [TestCase(
        "{{ '  a b '|trim }}|{{ 'xxaxx'.strip('x') }}|{{ 'a,b,,c'.split(',') }}|{{ ' a  b '.split() }}",
        "a b|a|['a', 'b', '', 'c']|['a', 'b']")]
    [TestCase(
        "{{ 'a b c'.split(' ', 1) }}{{ 'a b c'.rsplit(' ', 1) }}{{ 'a\\r\\nb\\n'.splitlines() }}",
        "['a', 'b c']['a b', 'c']['a', 'b']")]
    [TestCase(
        "{{ 'straße'|upper }} {{ 'ÀÉ'|lower }} {{ 'hello world-foo'|title }} {{ 'hELLO'|capitalize }} {{ \""
            + "they're\".title() }}",
        "STRASSE àé Hello World-Foo Hello They'Re")]
    [TestCase(
        "{{ 'a-b'.replace('-', '+') }}{{ 'aaa'.replace('a', 'b', 2) }}{{ 'ab'|replace('', '.') }}",
        "a+bbba.a.b.")]
    [TestCase(
        "{{ [3, 1, 2]|sort }}{{ ['b', 'A', 'c']|sort }}{{ ['b', 'A']|sort(case_sensitive=true) }}{{ [1, 2]|"
            + "sort(reverse=true) }}",
        "[1, 2, 3]['A', 'b', 'c']['A', 'b'][2, 1]")]
    [TestCase(
        "{{ {'b': 1, 'a': 2}|dictsort }}{{ {'b': 1, 'a': 2}|items|list }}{{ {'b': 1}.items()|list }}{{ {'b'"
            + ": 1}|list }}",
        "[('a', 2), ('b', 1)][('b', 1), ('a', 2)][('b', 1)]['b']")]
    [TestCase(
        "{{ [1, 2, 2, 1]|unique|list }}{{ [1, 2]|sum }}{{ [3, 1]|min }}{{ []|max }}{{ ['a', 'b']|join('-') "
            + "}}{{ [1, 2]|last }}",
        "[1, 2]31a-b2")]
    [TestCase(
        "{{ [{'r': 'u'}, {'r': 'a'}]|map(attribute='r')|list }}{{ ['a']|map('upper')|list }}{{ [1, none]|re"
            + "ject('none')|list }}",
        "['u', 'a']['A'][1]")]
    [TestCase(
        "{{ [{'r': 'u'}, {}]|selectattr('r', 'defined')|list }}{{ [{'r': 2}, {'r': 1}]|sort(attribute='r') }}",
        "[{'r': 'u'}][{'r': 1}, {'r': 2}]")]
    [TestCase(
        "{{ {'a': 'é\\n\"<', 'b': [1, 2.0, none, true]}|tojson }}",
        "{\"a\": \"é\\n\\\"<\", \"b\": [1, 2.0, null, true]}")]
    [TestCase(
        "{{ {'b': 1, 'a': []}|tojson(indent=2) }}{{ [1, 2]|tojson(separators=(',', ':')) }}",
        "{\n  \"b\": 1,\n  \"a\": []\n}[1,2]")]
    [TestCase(
        "{{ 'é'|tojson(ensure_ascii=true) }}{{ {'b': 1, 'a': 2}|tojson(sort_keys=true) }}",
        "\"\\u00e9\"{\"a\": 2, \"b\": 1}")]
    [TestCase(
        "{{ '%s is %d, %.2f%%'|format('x', 5, 1.5) }}{{ '%05d|%-5s|%5s' % (42, 'a', 'b') }}{{ '{} {x:>5}'.f"
            + "ormat('a', x='b') }}",
        "x is 5, 1.50%00042|a    |    ba     b")]
    [TestCase("{{ 'a\nb\n\nc'|indent(2) }}|{{ 'a\nb'|indent('> ', first=true) }}", "a\n  b\n\n  c|> a\n> b")]
    [TestCase(
        "{{ 3.7|int }}{{ '12'|int }}{{ 'x'|int(9) }}{{ '1.5'|float }}{{ 2.5|round }}{{ 2.345|round(2) }}{{ "
            + "1|string }}{{ -3|abs }}",
        "31291.52.02.3513")]
    [TestCase(
        "{% for x in [1, 2, 3] %}{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}{{ loop."
            + "nextitem }},{% endfor %}",
        "1TrueFalse2,2FalseFalse13,3FalseTrue2,")]
    [TestCase(
        "{% for x in [] %}a{% else %}none{% endfor %}{% for x in [1, 2, 3, 4] if x % 2 == 0 %}{{ x }}/{{ lo"
            + "op.length }} {% endfor %}",
        "none2/2 4/2 ")]
    [TestCase(
        "{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %}{% for c in 'ab' %}{{ c }}.{"
            + "% endfor %}",
        "a=1;b=2;a.b.")]
    [TestCase(
        "{% for x in range(9) %}{% if x == 2 %}{% continue %}{% endif %}{% if x == 5 %}{% break %}{% endif "
            + "%}{{ x }}{% endfor %}",
        "0134")]
    [TestCase("{% set x = 1 %}{% for i in [1, 2] %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}", "231")]
    [TestCase(
        "{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}",
        "3")]
    [TestCase(
        "{% set a, b = 1, 2 %}{{ b }}{{ a }}{% set t %}  x{{ a }} {% endset %}[{{ t|trim }}]{% set u | uppe"
            + "r %}abc{% endset %}{{ u }}",
        "21[x1]ABC")]
    [TestCase(
        "{% macro m(a, b='B', c=none) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1)"
            + " }}{{ m(1, 2, 3, 4, z=5) }}",
        "1BNone(){}123(4,){'z': 5}")]
    [TestCase(
        "{% macro box(t) %}<{{ caller(t) }}>{% endmacro %}{% call(x) box('hi') %}[{{ x }}]{% endcall %}",
        "<[hi]>")]
    [TestCase(
        "{% filter upper %}ab{{ 'd' }}{% endfilter %}{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{% gene"
            + "ration %}g{% endgeneration %}",
        "ABD3g")]
    [TestCase("{% for x in [[1, [2]], 3] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}", "123")]
    [TestCase(
        "a\n  {% if true %}\n  b\n  {%- endif %}\n c {{- 1 -}} d\n{# gone #}\ne {%+ if true %}f{% endif +%}\ng\n",
        "a\n  b c1d\ne f\ng")]
    [TestCase("{% raw %}{{ x }}{% endraw %}{{ '{{' }}{{ \"a\\tb\\u00e9\\x41\" }}{{ 'a' 'b' }}", "{{ x }}{{a\tbéAab")]
    [TestCase(
        "{{ 5 is odd }}{{ 'a' is string }}{{ {} is mapping }}{{ [] is sequence }}{{ 3 is divisibleby 3 }}{{"
            + " 'a' is in 'abc' }}",
        "TrueTrueTrueTrueTrueTrue")]
    [TestCase(
        "{{ {'items': 1}['items'] }}{{ {'a': 1}.b is defined }}{{ {'a': 1}.get('z', 9) }}{{ ('x' if 0 else 'y') }}",
        "1False9y")]
    [TestCase(
        "{{ 'abc'.startswith('a') and 'abc'.endswith(('x', 'c')) }}{{ 'a.b'.partition('.') }}{{ 'x'.center("
            + "5, '*') }}",
        "True('a', '.', 'b')**x**")]
    [TestCase(
        "{{ '42'.zfill(5) }}{{ 'A'.isupper() }}{{ 'abcabc'.rfind('b') }}{{ 'abab'.count('ab') }}{{ '-'.join"
            + "(['a', 'b']) }}",
        "00042True42a-b")]
    [TestCase(
        "{{ not true or 1 and 2 }}{{ 1 + 2 * 3 - 4 }}{{ 4 ~ 5 * 2 }}{{ [1, 2, 3][1] }}{{ (1, 2)[0] }}{{ 100"
            + "00000000 * 10000000000 }}",
        "2341021100000000000000000000")]
    public void A_template_is_rendered_as_Python_renders_it(string template, string expected)
        => Assert.That(Render(template), Is.EqualTo(expected));

    [TestCase("{{ strftime_now('%d %b %Y, %H:%M, %A %j %-d %%') }}", "21 Nov 2026, 12:00, Saturday 325 21 %")]
    [TestCase("{% set l = [1] %}{% set _ = l.append(2) %}{{ l }}{{ l.pop(0) }}{{ l }}", "[1, 2]1[2]")]
    [TestCase("{{ ('{\"a\": [1, 2.5, null]}'|from_json).a[1] }}", "2.5")]
    public void What_the_reference_lacks_or_varies_works_too(string template, string expected)
        => Assert.That(Render(template), Is.EqualTo(expected));

    [TestCase("a\n{{ nothing.role }}", 2, "'nothing' is undefined")]
    [TestCase("{{ 1 + 'a' }}", 1, "'+' cannot take int and str")]
    [TestCase("{% if true %}\n\nx", 1, "a block does not end")]
    [TestCase("\n{{ 'a }}", 2, "a text does not end")]
    [TestCase("{{ (1] }}", 1, "']' closes nothing")]
    [TestCase("{{ 1 | nofilter }}", 1, "no filter 'nofilter'")]
    [TestCase("{{ 1 is notest }}", 1, "no test 'notest'")]
    [TestCase("{% include 'x' %}", 1, "reads other files")]
    [TestCase("{% import 'x' as y %}", 1, "reads other files")]
    [TestCase("{% break %}", 1, "outside of every loop")]
    [TestCase("{% do x %}", 1, "'do' is not supported")]
    [TestCase("{{ none() }}", 1, "a NoneType cannot be called")]
    [TestCase("{{ {}.a.b }}", 1, "'dict object' has no attribute 'a'")]
    [TestCase("{% for x in 5 %}{% endfor %}", 1, "a int cannot be walked through")]
    [TestCase("{{ ''.__class__.__mro__ }}", 1, "no attribute '__class__'")]
    public void An_error_says_where_and_what(string template, int line, string problem)
    {
        TemplateException? refusal = Assert.Catch<TemplateException>(() => Render(template));

        Assert.That(refusal!.Line, Is.EqualTo(line));
        Assert.That(refusal.Message, Does.StartWith($"chat template, line {line}: ").And.Contain(problem));
    }

    [Test]
    public void A_template_s_own_refusal_is_told_in_its_own_words()
    {
        TemplateException? refusal = Assert.Catch<TemplateException>(
            () => Render("{{ raise_exception('Roles must ' ~ 'alternate!') }}"));

        Assert.That(refusal!.IsRaisedByTemplate);
        Assert.That(refusal.Problem, Is.EqualTo("Roles must alternate!"));
        Assert.That(refusal.Message, Does.EndWith("refuses this conversation: Roles must alternate!"));
    }

    [TestCase("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "within one another")]
    [TestCase("{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}", "within one another")]
    [TestCase("{% set l = [] %}{% set _ = l.append(l) %}{{ l }}", "within one another")]
    [TestCase("{% set l = [] %}{% set _ = l.append(l) %}{{ l | tojson }}", "within one another")]
    [TestCase("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "steps")]
    [TestCase("{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}", "characters")]
    [TestCase("{{ 'x' * 999999999999 }}", "characters")]
    [TestCase("{{ [0] * 999999999999 }}", "steps")]
    [TestCase("{{ range(100001) }}", "a range has more than")]
    [TestCase("{{ 9 ** 9 ** 9 ** 9 ** 9 }}", "power is too large")]
    [TestCase("{{ '%999999999d' % 1 }}", "asks for more than")]
    [TestCase("{{ 'a'.center(999999999) }}", "characters")]
    [TestCase("{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "characters")]
    public void A_template_that_asks_for_too_much_is_stopped(string template, string problem)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        TemplateException? refusal = Assert.Catch<TemplateException>(() => Render(template));

        Assert.That(refusal!.Message, Does.Contain(problem));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(2L << 30));
    }

    [Test]
    public void A_template_that_nests_too_deep_or_is_too_long_is_refused(
        [Values("( )", "[ ]", "{%if/1%} ", "not/ ", "- ", "{'a': }", "x[ ]", "f( )")] string pair)
    {
        string[] sides = [.. pair.Split(' ').Select(side => side.Replace('/', ' '))];
        string open = string.Concat(Enumerable.Repeat(sides[0], 5_000));
        string close = string.Concat(Enumerable.Repeat(sides[1], 5_000));

        Assert.That(
            () => Render(open[0] == '{' && open[1] == '%' ? open : $"{{{{ {open}{close} }}}}"),
            Throws.TypeOf<TemplateException>().With.Message.Contains("within one another"));
        Assert.That(
            () => Render(new string(' ', 600_000)),
            Throws.TypeOf<TemplateException>().With.Message.Contains("are allowed"));
    }

    [Test]
    public void Text_without_tags_is_itself()
        => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
        {
            string plain = text.Get.Replace("{", "").Replace("\r", "");
            return Render(plain) == (plain.EndsWith('\n') ? plain[..^1] : plain);
        }).QuickCheckThrowOnFailure();

    [Test]
    public void JSON_read_back_is_the_same_value()
        => Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), ArbMap.Default.ArbFor<NormalFloat>(), (text, number) =>
        {
            string json = JsonSerializer.Serialize(new object[] { WellFormed(text.Get), number.Get, true });
            return Render("{{ messages | tojson | from_json == messages }}", $"[{json}]") == "True";
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Slices_are_those_of_Python()
    {
        Gen<(string Text, int? Start, int? Stop, int Step)> cases =
            from text in Gen.Elements("a", "b", "😀", "é").ListOf()
            from start in Gen.OneOf(Gen.Constant((int?)null), Gen.Choose(-6, 6).Select(value => (int?)value))
            from stop in Gen.OneOf(Gen.Constant((int?)null), Gen.Choose(-6, 6).Select(value => (int?)value))
            from step in Gen.Elements(-3, -2, -1, 1, 2, 3)
            select (string.Concat(text), start, stop, step);

        Prop.ForAll(cases.ToArbitrary(), one =>
            Render($"{{{{ messages[0].content[{one.Start}:{one.Stop}:{one.Step}] }}}}", Messages(one.Text))
                == Slice([.. one.Text.EnumerateRunes().Select(rune => rune.ToString())], one.Start, one.Stop, one.Step))
            .QuickCheckThrowOnFailure();
    }

    [TestCase("{{ c }}")]
    [TestCase("{{ 'a' + c ~ 'b' }}")]
    [TestCase("{{ c | upper }}{{ c.lower() }}{{ c | title }}{{ c.swapcase() }}")]
    [TestCase("{{ c[1:] }}{{ c[::-1] }}{{ c[0] }}{{ c.strip('<') }}")]
    [TestCase("{{ c.split('|') | join('-') }}{{ c.replace('|', '!') }}{{ 'x'.replace('x', c) }}")]
    [TestCase("{{ messages | tojson(indent=2) }}{{ messages }}{{ c | tojson }}")]
    [TestCase("{{ '%s' % c }}{{ '{}'.format(c) }}{{ '{:>9}'.format(c) }}{{ c | format }}")]
    [TestCase("{{ c | indent(2) }}{{ c | center(40) }}{{ c | truncate(5) }}{{ c * 2 }}{{ [c] | sort | first }}")]
    [TestCase("{% set x %}a{{ c }}b{% endset %}{{ x | trim }}{% filter upper %}{{ c }}{% endfilter %}")]
    [TestCase("{% macro m(t) %}[{{ t }}{{ caller() }}]{% endmacro %}{% call m(c) %}{{ c }}{% endcall %}")]
    [TestCase("{% for x in c %}{{ x }}{% endfor %}{% for k, v in messages[0].items() %}{{ k }}{{ v }}{% endfor %}")]
    public void What_the_user_wrote_stays_the_user_s(string template)
    {
        // The letter is only in the user's text; in any case of it, in any part of the result it must be the user's.
        IReadOnlyList<TextPiece> pieces = Pieces(
            "{% set c = messages[0].content %}" + template, Messages("<|ж|>Ж"));

        Assert.That(pieces.Any(piece => piece.Text.Contains('ж') || piece.Text.Contains('Ж')));
        Assert.That(
            pieces.Where(piece => piece.ParseSpecial && (piece.Text.Contains('ж') || piece.Text.Contains('Ж'))),
            Is.Empty);
    }

    private static string Messages(string content)
        => JsonSerializer.Serialize(new[] { new { role = "user", content } });

    private static string WellFormed(string text)
        => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));

    private static string Render(string template, string? messages = null)
        => string.Concat(Pieces(template, messages).Select(piece => piece.Text));

    private static IReadOnlyList<TextPiece> Pieces(string template, string? messages)
    {
        JsonElement json = messages is null ? Nobody : JsonDocument.Parse(messages).RootElement;
        return new ChatTemplate(template, "<s>", "</s>").Render(new ChatRequest { Messages = json }, FixedClock.Noon);
    }

    private static string Slice(string[] letters, int? start, int? stop, int step)
    {
        int count = letters.Length;
        int Place(int? place, int absent) => place is not { } given ? absent
            : Math.Clamp(given < 0 ? given + count : given, step > 0 ? 0 : -1, step > 0 ? count : count - 1);
        int from = Place(start, step > 0 ? 0 : count - 1);
        int to = Place(stop, step > 0 ? count : -1);
        var picked = new List<string>();

        for (int i = from; step > 0 ? i < to : i > to; i += step)
        {
            picked.Add(letters[i]);
        }

        return string.Concat(picked);
    }
}
