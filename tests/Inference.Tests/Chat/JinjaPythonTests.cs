using System.Text.Json;
using NUnit.Framework;
using Swarm.Inference.Chat;
using Swarm.Inference.Text;

namespace Swarm.Inference.Tests.Chat;

/// <summary>Small templates, and what jinja2 3.1 makes of them: numbers, texts, containers, filters.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class JinjaPythonTests
{
    // Results that are empty, or begin or end with a space, stand in «».
    private const string Table = """
        {{ 1e15 }} ⟶ 1000000000000000.0
        {{ 1e100 }} ⟶ 1e+100
        {{ -0.0 }} ⟶ -0.0
        {{ 5e-324 }} ⟶ 5e-324
        {{ 1.5e300 * 1e10 }} ⟶ inf
        {{ 100.0 }} ⟶ 100.0
        {{ 0.0001 }} ⟶ 0.0001
        {{ 0.00001 }} ⟶ 1e-05
        {{ 7 % -3 }} ⟶ -2
        {{ -7.5 // 2 }} ⟶ -4.0
        {{ 7.5 % -2 }} ⟶ -0.5
        {{ -7 // -2 }} ⟶ 3
        {{ 2 ** 0.5 }} ⟶ 1.4142135623730951
        {{ 0 ** 0 }} ⟶ 1
        {{ 2 ** -2 }} ⟶ 0.25
        {{ 10 ** 20 }} ⟶ 100000000000000000000
        {{ 2.5|round }} ⟶ 2.0
        {{ 3.5|round }} ⟶ 4.0
        {{ -2.5|round }} ⟶ -2.0
        {{ 1.25|round(1) }} ⟶ 1.2
        {{ 2.675|round(2) }} ⟶ 2.67
        {{ 7.1|round(method='floor') }} ⟶ 7.0
        {{ 7.1|round(0, 'ceil') }} ⟶ 8.0
        {{ true + true }} ⟶ 2
        {{ true * 3 }} ⟶ 3
        {{ -true }} ⟶ -1
        {{ true == 1 }} ⟶ True
        {{ false < true }} ⟶ True
        {{ 1 in [true] }} ⟶ True
        {{ 'a' * true }} ⟶ a
        {{ 'abc'[5:] }} ⟶ «»
        {{ 'abc'[-9:2] }} ⟶ ab
        {{ 'abc'[2:0] }} ⟶ «»
        {{ 'abc'[2:0:-1] }} ⟶ cb
        {{ 'abcdef'[::2] }} ⟶ ace
        {{ 'abcdef'[-1:-4:-1] }} ⟶ fed
        {{ [1, 2, 3][:-1] }} ⟶ [1, 2]
        {{ 'a,b,c'.rsplit(',', 1) }} ⟶ ['a,b', 'c']
        {{ ' a b '.split(' ') }} ⟶ ['', 'a', 'b', '']
        {{ 'abc'.split('b', 0) }} ⟶ ['abc']
        {{ 'a\n\nb'.splitlines() }} ⟶ ['a', '', 'b']
        {{ 'a\nb\n'.splitlines(true) }} ⟶ ['a\n', 'b\n']
        {{ ''.split() }} ⟶ []
        {{ ''.split(',') }} ⟶ ['']
        {{ 'abc'.rpartition('x') }} ⟶ ('', '', 'abc')
        {{ 'abc'.partition('b') }} ⟶ ('a', 'b', 'c')
        {{ 'a.b.c'.rpartition('.') }} ⟶ ('a.b', '.', 'c')
        {{ 'xyx'.lstrip('x') }} ⟶ yx
        {{ 'xyx'.rstrip('xy') }} ⟶ «»
        {{ '  a '.lstrip() }} ⟶ «a »
        {{ 'prefix-a'.removeprefix('prefix-') }} ⟶ a
        {{ 'a.txt'.removesuffix('.txt') }} ⟶ a
        {{ 'a'.removesuffix('') }} ⟶ a
        {{ 'abc'.find('z') }} ⟶ -1
        {{ 'abcabc'.find('c', 3) }} ⟶ 5
        {{ 'abcabc'.rfind('a', 0, 3) }} ⟶ 0
        {{ 'abc'.index('b') }} ⟶ 1
        {{ 'aaaa'.count('aa') }} ⟶ 2
        {{ 'abc'.count('') }} ⟶ 4
        {{ 'ab'.center(5, '-') }} ⟶ --ab-
        {{ 'ab'.center(6, '-') }} ⟶ --ab--
        {{ 'abc'.center(6, '-') }} ⟶ -abc--
        {{ 'a'.ljust(3, '.') }} ⟶ a..
        {{ 'a'.rjust(3, '.') }} ⟶ ..a
        {{ '-5'.zfill(4) }} ⟶ -005
        {{ '+5'.zfill(2) }} ⟶ +5
        {{ 'Hello World'.swapcase() }} ⟶ hELLO wORLD
        {{ "it's o'clock".title() }} ⟶ It'S O'Clock
        {{ "it's o'clock"|title }} ⟶ It's O'clock
        {{ 'ß'.upper() }} ⟶ SS
        {{ 'ŒUVRE'.capitalize() }} ⟶ Œuvre
        {{ '12'.isdigit() }} ⟶ True
        {{ '½'.isnumeric() }} ⟶ True
        {{ '²'.isdecimal() }} ⟶ False
        {{ ''.isalpha() }} ⟶ False
        {{ 'aß1'.isalnum() }} ⟶ True
        {{ ' \t'.isspace() }} ⟶ True
        {{ 'a1'.islower() }} ⟶ True
        {{ '{0}{1}{0}'.format('a', 'b') }} ⟶ aba
        {{ '{a[0]}{b[k]}'.format(a=[1], b={'k': 2}) }} ⟶ 12
        {{ '{{}}'.format() }} ⟶ {}
        {{ '{!r:>5}'.format('a') }} ⟶ «  'a'»
        {{ '{:_}'.format(1234567) }} ⟶ 1_234_567
        {{ '{:g}'.format(1e20) }} ⟶ 1e+20
        {{ [1, 2] == [1, 2] }} ⟶ True
        {{ (1, 2) == [1, 2] }} ⟶ False
        {{ {'a': 1} == {'a': 1.0} }} ⟶ True
        {{ [1, 2] < [1, 2, 0] }} ⟶ True
        {{ 'B' < 'a' }} ⟶ True
        {{ (1, 'a') < (1, 'b') }} ⟶ True
        {{ none == false }} ⟶ False
        {{ '' == none }} ⟶ False
        {{ [3, 1, 2]|sort|join(',') }} ⟶ 1,2,3
        {{ ['b', 'a', 'C']|sort|join }} ⟶ abC
        {{ [[2, 'a'], [1, 'b']]|sort }} ⟶ [[1, 'b'], [2, 'a']]
        {{ [1, 2, 3, 4, 5]|batch(2)|list }} ⟶ [[1, 2], [3, 4], [5]]
        {{ [1, 2, 3]|batch(2, 0)|list }} ⟶ [[1, 2], [3, 0]]
        {{ [1, 2, 3, 4, 5]|slice(2)|list }} ⟶ [[1, 2, 3], [4, 5]]
        {{ [{'a': {'b': 2}}, {'a': {'b': 1}}]|sort(attribute='a.b') }} ⟶ [{'a': {'b': 1}}, {'a': {'b': 2}}]
        {{ [1, 2, 3]|select('odd')|list }} ⟶ [1, 3]
        {{ [0, 1, '', 'a']|select|list }} ⟶ [1, 'a']
        {{ [1, 2, 3]|reject('gt', 2)|list }} ⟶ [1, 2]
        {{ [{'a': 1}, {'a': 2}]|rejectattr('a', 'equalto', 1)|list }} ⟶ [{'a': 2}]
        {{ [{'a': 1}, {}]|map(attribute='a', default=0)|list }} ⟶ [1, 0]
        {{ [1, [2, [3]]]|string }} ⟶ [1, [2, [3]]]
        {{ (1,)|string }} ⟶ (1,)
        {{ ()|string }} ⟶ ()
        {{ {1: 'a', none: 2, true: 3}|string }} ⟶ {1: 3, None: 2}
        {{ 'abc'|first }} ⟶ a
        {{ 'abc'|last }} ⟶ c
        {{ {'a': 1, 'b': 2}|first }} ⟶ a
        {{ 'abc'|list }} ⟶ ['a', 'b', 'c']
        {{ 'abc'|reverse }} ⟶ cba
        {{ [1, 2]|reverse|list }} ⟶ [2, 1]
        {{ {'a': 1}|length }} ⟶ 1
        {{ 'a b  c'|wordcount }} ⟶ 3
        {{ 'Hello big world'|truncate(9) }} ⟶ Hello...
        {{ 'Hello big world'|truncate(9, true) }} ⟶ Hello ...
        {{ 'Hello big world'|truncate(9, true, '') }} ⟶ Hello big
        {{ 'Hello'|truncate(5) }} ⟶ Hello
        {{ 'Hello big'|truncate(6, false, '..', 0) }} ⟶ Hell..
        {{ '<a href="x">&'|e }} ⟶ &lt;a href=&#34;x&#34;&gt;&amp;
        {{ '12abc'|int }} ⟶ 0
        {{ '0x1f'|int(0, 16) }} ⟶ 31
        {{ '1e3'|float }} ⟶ 1000.0
        {{ 'x'|float(1.5) }} ⟶ 1.5
        {{ ' 12 '|int }} ⟶ 12
        {{ 3.99|int }} ⟶ 3
        {{ -3.99|int }} ⟶ -3
        {{ '1_000'|int }} ⟶ 1000
        {{ true|int }} ⟶ 1
        {{ '12.7'|int }} ⟶ 12
        {{ 3 is number }} ⟶ True
        {{ 'a' is iterable }} ⟶ True
        {{ 3 is iterable }} ⟶ False
        {{ none is none }} ⟶ True
        {{ true is boolean }} ⟶ True
        {{ 1 is integer }} ⟶ True
        {{ 1.0 is float }} ⟶ True
        {{ true is integer }} ⟶ False
        {{ true is number }} ⟶ True
        {{ [] is mapping }} ⟶ False
        {{ {} is iterable }} ⟶ True
        {{ 'a' is sequence }} ⟶ True
        {{ 'A' is upper }} ⟶ True
        {{ 'x' is sameas 'x' }} ⟶ True
        {{ 4 is even }} ⟶ True
        {{ 1 is eq 1 }} ⟶ True
        {{ 2 is ge 3 }} ⟶ False
        {{ 'upper' is filter }} ⟶ True
        {{ x is undefined }} ⟶ True
        {{ {'a': 1, 'b': 2}.items()|list }} ⟶ [('a', 1), ('b', 2)]
        {{ {'a': 1}.keys()|list }} ⟶ ['a']
        {{ {'a': 1, 'b': 2}.values()|list }} ⟶ [1, 2]
        {{ {'a': 1}.get('b') }} ⟶ None
        {{ {'a': 1}.get('a', 2) }} ⟶ 1
        {{ dict(a=1, b=2) }} ⟶ {'a': 1, 'b': 2}
        {{ dict({'a': 1}, b=2) }} ⟶ {'a': 1, 'b': 2}
        {{ {'b': 1, 'a': 2, 'C': 0}|dictsort }} ⟶ [('a', 2), ('b', 1), ('C', 0)]
        {{ {'b': 1, 'a': 2}|dictsort(by='value', reverse=true) }} ⟶ [('a', 2), ('b', 1)]
        {{ range(3)|list }} ⟶ [0, 1, 2]
        {{ range(1, 6, 2)|list }} ⟶ [1, 3, 5]
        {{ range(3, 0, -1)|list }} ⟶ [3, 2, 1]
        {{ range(3)|length }} ⟶ 3
        {{ 2 in range(3) }} ⟶ True
        {{ [1, 2, 3].index(2) }} ⟶ 1
        {{ [1, 1, 2].count(1) }} ⟶ 2
        {{ (1, 2, 1).count(1) }} ⟶ 2
        {{ [1] * 3 }} ⟶ [1, 1, 1]
        {{ (1, 2) + (3,) }} ⟶ (1, 2, 3)
        {{ [[1, 2], [3]]|sum(start=[]) }} ⟶ [1, 2, 3]
        {{ [1, 2]|sum(start=10) }} ⟶ 13
        {{ [{'a': 1}, {'a': 2}]|sum('a') }} ⟶ 3
        {{ 1 if none }} ⟶ «»
        {{ [] or 'e' }} ⟶ e
        {{ 0 and x.y }} ⟶ 0
        {{ not [] }} ⟶ True
        {{ '' or none or 0 }} ⟶ 0
        {{ 'a' and 'b' }} ⟶ b
        {{ x or 'd' }} ⟶ d
        {{ x|default }} ⟶ «»
        {{ ''|d('e', true) }} ⟶ e
        {{ 1 ~ 2 }} ⟶ 12
        {{ 1.0 ~ '' }} ⟶ 1.0
        {{ none ~ true }} ⟶ NoneTrue
        {{ [1] ~ {} }} ⟶ [1]{}
        {{ 2 * 'ab' }} ⟶ abab
        {{ 1 - -1 }} ⟶ 2
        {{ - 2 ** 2 }} ⟶ 4
        {{ 3 - 2 - 1 }} ⟶ 0
        {{ 2 ** 3 ** 2 }} ⟶ 64
        {{ 10 / 4 * 2 }} ⟶ 5.0
        {{ 7 // 2 * 2 }} ⟶ 6
        """;

    private static IEnumerable<TestCaseData> Lines
        => Table.ReplaceLineEndings("\n").Split('\n').Select(line => line.Split(" ⟶ "))
            .Select(parts => new TestCaseData(parts[0], parts[1]).SetArgDisplayNames(parts[0]));

    [TestCaseSource(nameof(Lines))]
    public void An_expression_is_what_Python_makes_of_it(string template, string expected)
    {
        expected = expected.StartsWith('«') ? expected[1..^1].Replace("\\n", "\n") : expected;
        var request = new ChatRequest { Messages = JsonDocument.Parse("[]").RootElement };
        IReadOnlyList<TextPiece> pieces = new ChatTemplate(template, "<s>", "</s>").Render(request, FixedClock.Noon);
        Assert.That(string.Concat(pieces.Select(piece => piece.Text)), Is.EqualTo(expected));
    }
}
