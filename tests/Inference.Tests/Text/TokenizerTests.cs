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

    private static readonly Arbitrary<string> AnyText = Gen.OneOf(
        Gen.Elements(Pieces).ListOf().Select(string.Concat),
        ArbMap.Default.GeneratorFor<string>().Select(text => WellFormed(text ?? ""))).ToArbitrary();

    [Test]
    public void Bytes_of_the_tokens_are_the_bytes_of_the_text()
        => Prop.ForAll(AnyText, text =>
            Decode(Vocabularies.Bpe, text) == text && Decode(Vocabularies.Spm, text) == text.Replace('▁', ' '))
            .QuickCheckThrowOnFailure();

    [Test]
    public void A_prefix_space_is_all_that_is_added()
        => Prop.ForAll(AnyText, text =>
            Decode(Vocabularies.SpmWithPrefix, text) == (text.Length == 0 ? "" : " " + text.Replace('▁', ' ')))
            .QuickCheckThrowOnFailure();

    [Test]
    public void Text_of_a_user_never_becomes_a_control_token()
        => Prop.ForAll(AnyText, text =>
            !Vocabularies.Bpe.Encode(text, false, false).Any(id => Vocabularies.Bpe.Bytes(id).IsEmpty)
            && !Vocabularies.Spm.Encode(text, false, false).Any(id => Vocabularies.Spm.Bytes(id).IsEmpty))
            .QuickCheckThrowOnFailure();

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
        Gen<int[]> ids = Gen.Choose(0, Vocabularies.Bpe.Count + 3).ListOf().Select(list => list.ToArray());

        Prop.ForAll(ids.ToArbitrary(), sequence =>
        {
            var stream = new TextStream(Vocabularies.Bpe);
            List<string> parts = [.. sequence.Select(stream.Push), stream.Flush()];
            byte[] bytes = [.. sequence.SelectMany(id => Vocabularies.Bpe.Bytes(id).ToArray())];
            return string.Concat(parts) == Encoding.UTF8.GetString(bytes)
                && parts.All(part => part == WellFormed(part));
        }).QuickCheckThrowOnFailure();
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

        foreach (ITokenizer tokenizer in (ITokenizer[])[Vocabularies.Bpe, Vocabularies.Spm])
        {
            var watch = Stopwatch.StartNew();
            int count = tokenizer.Encode(text, false, true).Length;
            Assert.That(count, Is.Positive);
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)), tokenizer.Kind);
        }
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
            Case("unknown kind", "model", Tokens, model: "bert"),
            Case("fewer types", "token_type", With(writer => writer.Add("tokenizer.ggml.token_type", (int[])[1]))),
            Case("type 9", "token_type", With(writer => writer.Add("tokenizer.ggml.token_type", (int[])[1, 1, 9]))),
            Case("bos beyond", "bos_token_id", With(writer => writer.Add("tokenizer.ggml.bos_token_id", 3u))),
            Case("bos negative", "bos_token_id", With(writer => writer.Add("tokenizer.ggml.bos_token_id", -2))),
            Case("eot beyond", "eot_token_id", With(writer => writer.Add("tokenizer.ggml.eot_token_id", 77u))),
            Case("no merges", "merges", With(_ => { })),
            Case("merge of one", "merges", With(writer => writer.Add("tokenizer.ggml.merges", (string[])["ab"]))),
            Case("empty merge", "merges", With(writer => writer.Add("tokenizer.ggml.merges", (string[])[""]))),
            Case("unknown pre", "pre", With(writer => writer.Add("tokenizer.ggml.pre", "none-such"))),
            Case("no scores", "scores", Tokens, model: "llama"),
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
