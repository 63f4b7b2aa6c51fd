using System.Globalization;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Fable;
using Swarm.Fable.Corpus;
using Swarm.Inference.Model;
using Swarm.Inference.Sampling;

namespace Swarm.Inference.Tests.Fable;

/// <summary>What the model card of the built-in model says is so.</summary>
[TestFixture]
public sealed partial class FableModelTests
{
    private static readonly string Folder = Path.Combine(Root(AppContext.BaseDirectory), "src", "Node", "Models");

    private readonly Grammar _grammar = Grammar.BuiltIn();
    private Measurement _measurement = null!;

    [OneTimeSetUp]
    public void Load() => _measurement = new Measurement(Path.Combine(Folder, "fable.gguf"), threads: 2);

    [OneTimeTearDown]
    public void Unload() => _measurement.Dispose();

    [Test]
    public void It_is_small_can_be_cut_in_eight_and_quantized_in_every_way()
    {
        ModelFile file = _measurement.File;

        Assert.That(new FileInfo(Path.Combine(Folder, "fable.gguf")).Length, Is.InRange(3_000_000, 6_000_000));
        Assert.That(file.Tensors.Sum(tensor => tensor.Elements), Is.InRange(3_000_000, 6_000_000).And.EqualTo(Card("parameters")));
        Assert.That(file.Config.Architecture, Is.EqualTo("llama"));
        Assert.That(file.Config.Name, Is.EqualTo("fable"));
        Assert.That(file.Config.BlockCount, Is.EqualTo(8));
        foreach (GgufTensor tensor in file.Tensors.Where(tensor => tensor.Dimensions.Count > 1))
        {
            Assert.That(tensor.Type, Is.EqualTo(GgmlType.Q8_0), tensor.Name);
            Assert.That(tensor.Dimensions.Select(length => length % 256), Is.All.Zero, tensor.Name);
        }
    }

    [Test]
    public void Its_tokenizer_writes_every_text()
        => Prop.ForAll(ArbMap.Default.ArbFor<UnicodeString>(), text =>
        {
            var tokenizer = _measurement.Tokenizer;
            int[] ids = tokenizer.Encode(text.Get, addSpecial: false, parseSpecial: false);
            byte[] bytes = [.. ids.SelectMany(id => tokenizer.Bytes(id).ToArray())];

            return bytes.SequenceEqual(System.Text.Encoding.UTF8.GetBytes(text.Get));
        }).QuickCheckThrowOnFailure();

    [Test]
    public void Its_tokens_are_those_it_was_trained_on()
    {
        Vocabulary vocabulary = Recipe.LearnVocabulary(_grammar);

        foreach (Story story in Recipe.HeldOut(_grammar, Recipe.HeldOutStories))
        {
            Assert.That(_measurement.Encode(story), Is.EqualTo(vocabulary.EncodeWhole(story.Text)));
        }
    }

    [Test]
    public void It_knows_the_grammar_to_five_percent()
    {
        IReadOnlyList<Story> heldOut = Recipe.HeldOut(_grammar, Recipe.HeldOutStories);
        double entropy = heldOut.Average(story => story.Nats);
        double crossEntropy = heldOut.Average(_measurement.Nats);
        TestContext.Out.WriteLine($"{crossEntropy:F3} nats per story, the grammar {entropy:F3}: {crossEntropy / entropy:F4}");

        Assert.That(crossEntropy, Is.LessThanOrEqualTo(1.05 * entropy));
        Assert.That(crossEntropy, Is.EqualTo(Card("model's cross-entropy")).Within(0.02));
        Assert.That(entropy, Is.EqualTo(Card("grammar's entropy")).Within(0.001));
    }

    [Test]
    public void More_than_half_of_its_stories_are_word_for_word_stories_of_the_grammar()
    {
        var reader = new Storyreader(_grammar);
        string[] told = [.. Enumerable.Range(0, Recipe.ToldStories)
            .Select(seed => _measurement.Tell("Once upon a time", new SamplingOptions { Seed = (ulong)seed }))];

        int valid = told.Count(text => reader.Nats(text) is not null);

        Assert.That(valid, Is.GreaterThan(Recipe.ToldStories / 2).And.EqualTo(Card("told stories that the grammar could have told")));
        Assert.That(told, Is.Unique);
    }

    /// <summary>The number in the card's row of this name.</summary>
    private static double Card(string row)
    {
        string card = File.ReadAllText(Path.Combine(Folder, "fable.md"));
        Match match = Row().Matches(card).First(match => match.Groups["name"].Value == row);
        return double.Parse(match.Groups["number"].Value.Replace(",", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    private static string Root(string folder)
        => File.Exists(Path.Combine(folder, "Swarm.sln")) ? folder : Root(Path.GetDirectoryName(folder)!);

    [GeneratedRegex(@"^\| (?<name>[^|]+?) +\| (?<number>[\d,.]+)", RegexOptions.Multiline)]
    private static partial Regex Row();
}
