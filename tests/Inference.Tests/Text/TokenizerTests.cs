using System.Diagnostics;
using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Inference.Text;

namespace Swarm.Inference.Tests.Text;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class TokenizerTests
{
    private static readonly string[] Pieces =
    [
        "a", "the", " then", "  ", "\n", "\r\n", "\t", "é", "e\u0301", "ß", "你好", "😀", "👨‍👩‍👧", "𝟏", "𐐀", "0", "123",
        "'ll", "'S", "<s>", "</s>", "<|begin_of_text|>", "<|eot_id|>", "<0x41>", "\0", "\u00A0", "\u2028", "!", "...",
        "\uFFFD",
    ];

    private static readonly bool[] Either = [false, true];

    private static readonly Arbitrary<string> AnyText = Gen.OneOf(
        Gen.Elements(Pieces).ListOf().Select(string.Concat),
        ArbMap.Default.GeneratorFor<string>().Select(text => WellFormed(text ?? ""))).ToArbitrary();

    [Test]
    public void Bytes_of_the_tokens_are_the_bytes_of_the_text()
        => Prop.ForAll(AnyText, text =>
            Decode(Vocabularies.Bpe, text) == text
            && Decode(Vocabularies.Spm, text) == text.Replace('▁', ' ')
            && Decode(Vocabularies.SpacedBpe, text) == text.Replace('▁', ' '))
            .QuickCheckThrowOnFailure();

    [Test]
    public void A_prefix_space_is_all_that_is_added()
        => Prop.ForAll(AnyText, text =>
            Decode(Vocabularies.SpmWithPrefix, text) == (text.Length == 0 ? "" : " " + text.Replace('▁', ' ')))
            .QuickCheckThrowOnFailure();

    [Test]
    public void Text_of_a_user_never_becomes_a_control_token()
        => Prop.ForAll(AnyText, text =>
            Vocabularies.Faithful.All(tokenizer => !tokenizer.Encode(text, false, false).Any(
                id => tokenizer.Bytes(id).IsEmpty)))
            .QuickCheckThrowOnFailure();

    [Test]
    public void Text_in_pieces_is_the_text_in_one_piece()
        => Prop.ForAll(AnyText.Generator.Two().ToArbitrary(), pair =>
            Vocabularies.All.All(tokenizer => Either.All(parse =>
                tokenizer.Encode([new(pair.Item1, parse), new("", !parse), new(pair.Item2, parse)], true)
                    .SequenceEqual(tokenizer.Encode(pair.Item1 + pair.Item2, true, parse)))))
            .QuickCheckThrowOnFailure();

    [Test]
    public void A_control_token_counts_only_where_every_letter_of_it_may()
    {
        ITokenizer tokenizer = Vocabularies.Bpe;
        int end = tokenizer.Encode("<|eot_id|>", false, true).Single();

        Assert.That(tokenizer.Encode([new("<|eot", true), new("_id|>", true)], false), Is.EqualTo((int[])[end]));
        Assert.That(tokenizer.Encode([new("<|eot", true), new("_id|>", false)], false), Has.No.Member(end));
        Assert.That(tokenizer.Encode([new("<|eot", false), new("_id|>", true)], false), Has.No.Member(end));
        Assert.That(
            tokenizer.Encode([new("<|eot_id|>", false), new("<|eot_id|>", true), new("<|eot_id|>", false)], false)
                .Count(id => id == end),
            Is.EqualTo(1));
    }

    [Test]
    public void Control_tokens_are_parsed_when_the_caller_says_so()
    {
        ITokenizer tokenizer = Vocabularies.Bpe;
        int[] ids = tokenizer.Encode("<|begin_of_text|>hi<|eot_id|>", false, true);

        Assert.That(ids[0], Is.EqualTo(tokenizer.Bos));
        Assert.That(tokenizer.EndIds, Does.Contain(ids[^1]));
        Assert.That(tokenizer.Encode("hi", true, true)[0], Is.EqualTo(tokenizer.Bos));
        Assert.That(tokenizer.Encode("", true, false), Is.EqualTo((int[])[tokenizer.Bos!.Value]));
    }

    [Test]
    public void A_stream_never_splits_a_character_and_loses_none()
    {
        // Single bytes among them, so that most sequences are no UTF-8.
        Gen<int[]> ids = Gen.OneOf(Gen.Choose(-1, 300), Gen.Choose(0, Vocabularies.Bpe.Count + 3))
            .ListOf().Select(list => list.ToArray());

        Prop.ForAll(ids.ToArbitrary(), sequence => Vocabularies.All.All(tokenizer =>
        {
            var stream = new TextStream(tokenizer);
            List<string> parts = [.. sequence.Select(stream.Push), stream.Flush()];
            byte[] bytes = [.. sequence.SelectMany(id => tokenizer.Bytes(id).ToArray())];
            return string.Concat(parts) == Encoding.UTF8.GetString(bytes)
                && parts.All(part => part == WellFormed(part));
        })).QuickCheckThrowOnFailure();
    }

    [Test]
    public void A_stream_gives_a_character_with_its_last_byte()
    {
        var stream = new TextStream(Vocabularies.Spm);
        List<string> parts = [.. Encoding.UTF8.GetBytes("a😀é").Select(value => stream.Push(3 + value))];

        Assert.That(parts, Is.EqualTo((string[])["a", "", "", "", "😀", "", "é"]));
        Assert.That(stream.Push(3 + 0xE4), Is.Empty);
        Assert.That(stream.Push(3 + 'x'), Is.EqualTo("\uFFFDx"));
        Assert.That(stream.Push(3 + 0xFF), Is.EqualTo("\uFFFD"));
        Assert.That(stream.Push(3 + 0xC3), Is.Empty);
        Assert.That(stream.Flush(), Is.EqualTo("\uFFFD"));
    }

    [Test]
    public void A_megabyte_of_anything_takes_moments(
        [Values("a", " ", "\n", "\t ", "A", "1", "!", "<", "<s", "ab ", "  x", "😀", "é", "'", "\r\n")] string unit)
    {
        string text = string.Concat(Enumerable.Repeat(unit, (1 << 20) / Encoding.UTF8.GetByteCount(unit)));

        // Far above what a slow machine takes, far below what n^2 steps take.
        foreach (ITokenizer tokenizer in Vocabularies.All)
        {
            var watch = Stopwatch.StartNew();
            int count = tokenizer.Encode(text, false, true).Length;
            Assert.That(count, Is.Not.Negative);
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)), tokenizer.Kind);
        }
    }

    [Test]
    public void An_unknown_pre_tokenizer_is_the_default_one_with_a_note()
    {
        static ITokenizer With(string name) => Tokenizer.Create(Vocabularies.Metadata(
            "gpt2", ["a", "b", "1", "ab"], [1, 1, 1, 1], writer =>
            {
                writer.Add("tokenizer.ggml.merges", (string[])["a b"]);
                writer.Add("tokenizer.ggml.pre", name);
            }));

        Assert.That(With("none-such").Note, Does.Contain("'none-such' is not known"));
        Assert.That(With("none-such").Encode("ab1", false, false), Is.EqualTo((int[])[3, 2]));
        Assert.That(With("default").Note, Is.Null);
    }

    [TestCaseSource(nameof(Broken))]
    public void A_vocabulary_that_does_not_fit_together_is_refused(GgufWriter vocabulary, string field)
    {
        using var file = GgufFile.FromHeader(vocabulary.Header());
        GgufException? refusal = Assert.Catch<GgufException>(() => Tokenizer.Create(file.Metadata));

        Assert.That(refusal!.Field, Is.EqualTo("tokenizer.ggml." + field));
    }

    [Test]
    public void Letters_above_the_basic_plane_are_stood_in_for_by_their_own_kind()
    {
        for (int value = 0x10000; value <= 0x10FFFF; value++)
        {
            var rune = new Rune(value);
            UnicodeCategory category = Rune.GetUnicodeCategory(rune);

            if (CharUnicodeInfo.GetUnicodeCategory(ShadowText.StandIn(rune)) != category)
            {
                Assert.Fail($"U+{value:X} is {category}");
            }
        }
    }

    private static IEnumerable<TestCaseData> Broken()
    {
        static TestCaseData Case(string name, string field, Action<GgufWriter> add, string model = "gpt2")
        {
            var writer = new GgufWriter();
            writer.Add("tokenizer.ggml.model", model);
            add(writer);
            return new TestCaseData(writer, field).SetArgDisplayNames(name);
        }

        static void Tokens(GgufWriter writer) => writer.Add("tokenizer.ggml.tokens", (string[])["a", "b", "ab"]);

        static Action<GgufWriter> With(Action<GgufWriter> more) => writer =>
        {
            Tokens(writer);
            more(writer);
        };

        return
        [
            Case("no tokens", "tokens", _ => { }),
            Case("tokens are numbers", "tokens", writer => writer.Add("tokenizer.ggml.tokens", (int[])[1])),
            Case("tokens are none", "tokens", writer => writer.Add("tokenizer.ggml.tokens", (string[])[])),
            Case("unknown kind", "model", Tokens, model: "none-such"),
            Case("fewer types", "token_type", With(writer => writer.Add("tokenizer.ggml.token_type", (int[])[1]))),
            Case("type 9", "token_type", With(writer => writer.Add("tokenizer.ggml.token_type", (int[])[1, 1, 9]))),
            Case("bos beyond", "bos_token_id", With(writer => writer.Add("tokenizer.ggml.bos_token_id", 3u))),
            Case("bos negative", "bos_token_id", With(writer => writer.Add("tokenizer.ggml.bos_token_id", -2))),
            Case("eot beyond", "eot_token_id", With(writer => writer.Add("tokenizer.ggml.eot_token_id", 77u))),
            Case("no merges", "merges", With(_ => { })),
            Case("merge of one", "merges", With(writer => writer.Add("tokenizer.ggml.merges", (string[])["ab"]))),
            Case("empty merge", "merges", With(writer => writer.Add("tokenizer.ggml.merges", (string[])[""]))),
            Case("long token", "tokens", writer => writer.Add(
                "tokenizer.ggml.tokens", (string[])[new string('a', GgufLimits.TokenBytesMax + 1)])),
            Case("no scores", "scores", Tokens, model: "llama"),
            Case("no scores either", "scores", Tokens, model: "t5"),
            Case("score without end", "scores", With(
                writer => writer.Add("tokenizer.ggml.scores", (float[])[1, 2, float.NaN])), "t5"),
            Case("map of a word", "precompiled_charsmap", With(writer =>
            {
                writer.Add("tokenizer.ggml.scores", (float[])[1, 2, 3]);
                writer.Add(
                    "tokenizer.ggml.precompiled_charsmap", new GgufValue("", GgufValueType.I8, 5, new byte[5], null));
            }), "t5"),
            Case("fewer scores", "scores", With(writer => writer.Add("tokenizer.ggml.scores", (float[])[1])), "llama"),
        ];
    }

    private static string Decode(ITokenizer tokenizer, string text)
    {
        var stream = new TextStream(tokenizer);
        return string.Concat(tokenizer.Encode(text, false, false).Select(stream.Push)) + stream.Flush();
    }

    private static string WellFormed(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
}
