using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Inference.Text;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Text;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed partial class ConformanceTokenizerTests : KitFixture
{
    [TestCaseSource(nameof(Sets))]
    public void Every_string_gives_the_expected_tokens(string path)
    {
        RequireFile(path);
        using var set = JsonDocument.Parse(File.ReadAllText(path));
        using GgufFile file = OpenVocabulary(path, set.RootElement.GetProperty("vocab_file").GetString()!);
        ITokenizer tokenizer = CreateOrIgnore(file.Metadata);
        Dictionary<string, string> texts = Texts(Path.GetDirectoryName(path)!);
        int[] prefix = Ids(set.RootElement.GetProperty("bos_prefix"));
        int[] suffix = Ids(set.RootElement.GetProperty("eos_suffix"));
        List<string> wrong = [];
        List<string> allowed = [];
        int strings = 0;

        foreach (JsonProperty result in set.RootElement.GetProperty("results").EnumerateObject())
        {
            if (!texts.TryGetValue(result.Name, out string? text))
            {
                continue;
            }

            int[] plain = Ids(result.Value.GetProperty("plain"));
            int[] special = result.Value.TryGetProperty("special", out JsonElement own) ? Ids(own) : plain;
            int[] around = result.Value.TryGetProperty("special_bos", out own)
                ? Ids(own)
                : [.. prefix, .. special, .. suffix];
            int[] written = result.Value.TryGetProperty("detok_hex", out own)
                ? [.. Convert.FromHexString(own.GetString()!)]
                : [.. Encoding.UTF8.GetBytes(text)];
            strings++;
            Compare(wrong, result.Name, "bytes", text, Written(tokenizer, file.Metadata, plain, written), written);
            List<string> differing = MayDiffer(file.Metadata, text) ? allowed : wrong;
            Compare(differing, result.Name, "plain", text, tokenizer.Encode(text, false, false), plain);
            Compare(differing, result.Name, "special", text, tokenizer.Encode(text, false, true), special);
            Compare(differing, result.Name, "around", text, tokenizer.Encode(text, true, true), around);
        }

        string name = Path.GetFileName(path);
        TestContext.Out.WriteLine(
            $"{name}: {tokenizer.Kind}, {strings} strings, {wrong.Count} differ, {allowed.Count} more as they may");
        wrong.Concat(allowed).Take(10).ToList().ForEach(TestContext.Out.WriteLine);
        Assert.That(strings, Is.Positive);
        Assert.That(wrong, Is.Empty);
    }

    [TestCaseSource(nameof(Sets))]
    public void Ends_and_beginnings_are_those_of_the_reference(string path)
    {
        RequireFile(path);
        using var set = JsonDocument.Parse(File.ReadAllText(path));
        using GgufFile file = OpenVocabulary(path, set.RootElement.GetProperty("vocab_file").GetString()!);
        ITokenizer tokenizer = CreateOrIgnore(file.Metadata);
        JsonElement about = set.RootElement.GetProperty("info");

        Assert.That(tokenizer.Count, Is.EqualTo(about.GetProperty("n_tokens").GetInt32()));
        Assert.That(tokenizer.Bos ?? -1, Is.EqualTo(about.GetProperty("bos").GetInt32()));
        Assert.That(tokenizer.AddBos, Is.EqualTo(about.GetProperty("add_bos").GetBoolean()));
        Assert.That(tokenizer.EndIds, Is.SupersetOf(Ids(about.GetProperty("eog"))));
    }

    [TestCaseSource(nameof(Listings))]
    public void Every_line_of_a_listing_gives_the_expected_tokens(string path)
    {
        RequireFile(path);
        using GgufFile file = OpenGzip(Path.ChangeExtension(path, ".gz"));
        ITokenizer tokenizer = CreateOrIgnore(file.Metadata);
        string[] texts = File.ReadAllText(path).Split("\n__ggml_vocab_test__\n");
        string[] lines = File.ReadAllText(Path.ChangeExtension(path, ".out")).TrimEnd('\n').Split('\n');
        List<string> wrong = [];

        // The last separator may be followed by nothing.
        Assert.That(texts, Has.Length.InRange(lines.Length, lines.Length + 1));

        foreach ((string text, string line) in texts.Zip(lines))
        {
            int[] expected = [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries)
                .Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
            Compare(wrong, "line", "plain", text, tokenizer.Encode(text, false, false), expected);
        }

        TestContext.Out.WriteLine($"{Path.GetFileName(path)}: {lines.Length} lines, {wrong.Count} differ");
        Assert.That(wrong, Is.Empty);
    }

    [TestCaseSource(nameof(Models))]
    public void Prompts_and_continuations_of_trained_models_are_the_same_text(string path)
    {
        RequireFile(path);
        using var set = JsonDocument.Parse(File.ReadAllText(path));
        using var model = GgufFile.Open(Path.ChangeExtension(path, ".gguf"));
        ITokenizer tokenizer = CreateOrIgnore(model.Metadata);
        int prompts = 0;

        foreach (JsonElement prompt in set.RootElement.GetProperty("prompts").EnumerateArray())
        {
            string text = prompt.GetProperty("text").GetString()!;

            if (prompt.TryGetProperty("error", out _))
            {
                Assert.That(tokenizer.Encode(text, true, false), Has.Some.Zero, "what has no token is unknown");
                continue;
            }

            var stream = new TextStream(tokenizer);
            int[] ids = Ids(prompt.GetProperty("continuation"));
            string continuation = string.Concat(ids.Select(stream.Push)) + stream.Flush();
            Assert.That(tokenizer.Encode(text, true, false), Is.EqualTo(Ids(prompt.GetProperty("tokens"))));
            Assert.That(continuation, Is.EqualTo(prompt.GetProperty("text_of_continuation").GetString()));
            prompts++;
        }

        TestContext.Out.WriteLine($"{Path.GetFileName(path)}: {prompts} prompts");
        Assert.That(prompts, Is.Positive);
    }

    [Test]
    public void The_kit_holds_strings_with_their_tokens() => Assert.That(SetFiles(), Is.Not.Empty);

    /// <summary>
    /// Whether the reference is known to be the wrong one: where an expression tells capitals from small letters, it
    /// follows it only approximately for what its classes of letters hold beyond ASCII; of Kimi's, which tells them
    /// apart as well, it makes one class of both. Ours are the vocabularies' own expressions.
    /// </summary>
    private static bool MayDiffer(GgufMetadata metadata, string text)
    {
        bool tellsCases = PreTokenizer.Of(metadata).Patterns
            .Any(pattern => pattern.ToString().Contains(@"\p{Lu}\p{Lt}", StringComparison.Ordinal));

        return tellsCases && (text.EnumerateRunes().Any(IsInClassesBeyondAscii)
            || (metadata.Text(PreTokenizer.Key) == "kimi-k2" && SmallBeforeCapital().IsMatch(text)));
    }

    private static bool IsInClassesBeyondAscii(Rune rune) => !rune.IsAscii && Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    [GeneratedRegex(@"[a-z][A-Z]")]
    private static partial Regex SmallBeforeCapital();

    /// <summary>The bytes of tokens, less what the reference takes away when it writes them as a text.</summary>
    private static int[] Written(ITokenizer tokenizer, GgufMetadata metadata, int[] ids, int[] expected)
    {
        string text = Encoding.Latin1.GetString([.. ids.SelectMany(id => tokenizer.Bytes(id).ToArray())]);

        if (metadata.Contains("tokenizer.ggml.scores") && (metadata.Flag("tokenizer.ggml.add_space_prefix") ?? true))
        {
            // The space that was put before the text.
            text = text.StartsWith(' ') ? text[1..] : text;
        }
        else if (text.Length > expected.Length)
        {
            // For some vocabularies words are joined with their signs once the whole text is there.
            text = text.Replace(" ?", "?").Replace(" !", "!").Replace(" .", ".").Replace(" ,", ",")
                .Replace(" ' ", "'").Replace(" 'm", "'m").Replace(" 's", "'s").Replace(" 've", "'ve")
                .Replace(" 're", "'re");
        }

        return [.. Encoding.Latin1.GetBytes(text)];
    }

    private static void Compare(List<string> wrong, string id, string mode, string text, int[] found, int[] expected)
    {
        if (!found.SequenceEqual(expected))
        {
            wrong.Add($"{id} {mode} '{text}': [{string.Join(' ', found)}] for [{string.Join(' ', expected)}]");
        }
    }

    private static ITokenizer CreateOrIgnore(GgufMetadata metadata)
    {
        try
        {
            return Tokenizer.Create(metadata);
        }
        catch (UnsupportedModelException refusal)
        {
            Assert.Ignore(refusal.Message);
            throw;
        }
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];

    private static IEnumerable<TestCaseData<string>> Sets() => Cases(SetFiles());

    private static IEnumerable<string> SetFiles()
        => Kit.Files("tokenizer", "*.json", recursive: true)
            .Where(path => Path.GetFileName(path) != "strings.json");

    private static IEnumerable<TestCaseData<string>> Models()
        => Cases(Kit.Files("trained", "*.json").Where(path => File.Exists(Path.ChangeExtension(path, ".gguf"))));

    private static IEnumerable<TestCaseData<string>> Listings()
        => Cases(Kit.Files("tokenizer", "*.inp", recursive: true));

    /// <summary>The test strings by id; what is no UTF-8 cannot be given to a tokenizer that takes text.</summary>
    private static Dictionary<string, string> Texts(string folder)
    {
        string path = Path.Combine(folder, "strings.json");
        path = File.Exists(path) ? path : Path.Combine(folder, "..", "strings.json");
        using var strings = JsonDocument.Parse(File.ReadAllText(path));

        return strings.RootElement.EnumerateArray()
            .Where(entry => entry.GetProperty("text").ValueKind == JsonValueKind.String)
            .ToDictionary(
                entry => entry.GetProperty("id").GetString()!,
                entry => Encoding.UTF8.GetString(Convert.FromHexString(entry.GetProperty("hex").GetString()!)));
    }

    private static GgufFile OpenVocabulary(string setPath, string name)
    {
        string beside = Path.Combine(Path.GetDirectoryName(setPath)!, name);
        string path = File.Exists(beside)
            ? beside
            : Kit.Files("", Path.GetFileName(name), recursive: true).Single();
        return path.EndsWith(".gz", StringComparison.Ordinal) ? OpenGzip(path) : GgufFile.Open(path);
    }

    private static GgufFile OpenGzip(string path)
    {
        using var unpacked = new MemoryStream();
        using (var packed = new GZipStream(File.OpenRead(path), CompressionMode.Decompress))
        {
            packed.CopyTo(unpacked);
        }

        string file = Path.GetTempFileName();

        try
        {
            File.WriteAllBytes(file, unpacked.ToArray());
            return GgufFile.Open(file);
        }
        finally
        {
            File.Delete(file);
        }
    }
}
