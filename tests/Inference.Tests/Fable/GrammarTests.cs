using NUnit.Framework;
using Swarm.Fable;
using Swarm.Fable.Corpus;

namespace Swarm.Inference.Tests.Fable;

/// <summary>What makes the grammar's entropy a number one may compare a model with.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class GrammarTests
{
    private const int Stories = 200;

    [Test]
    public void No_text_has_two_derivations()
        => Assert.That(Grammar.BuiltIn().Ambiguities(), Is.Empty);

    [Test]
    public void A_grammar_whose_options_cannot_be_told_apart_is_noticed()
        => Assert.That(Grammar.Parse("@story\n<a> end\n@a\nred\nred hat\n").Ambiguities(), Has.Exactly(1).Items);

    [Test]
    public void The_same_seed_tells_the_same_stories_and_another_seed_others()
    {
        var grammar = Grammar.BuiltIn();

        string[] stories = [.. Recipe.Tell(grammar, 3, Stories).Select(story => story.Text)];

        Assert.That(Recipe.Tell(grammar, 3, Stories).Select(story => story.Text), Is.EqualTo(stories));
        Assert.That(Recipe.Tell(grammar, 4, Stories).Select(story => story.Text), Has.None.AnyOf([.. stories]));
    }

    [Test]
    public void Every_story_told_is_read_at_the_price_it_was_told_for()
    {
        var grammar = Grammar.BuiltIn();
        var reader = new Storyreader(grammar);

        foreach (Story story in Recipe.Tell(grammar, 5, Stories))
        {
            Assert.That(reader.Nats(story.Text), Is.EqualTo(story.Nats).Within(1e-9), story.Text);
        }
    }

    [TestCase("<hero=name> and <b=name!hero> met. $hero sang, $^hero.1 did.", "Mia and Tom met. Mia sang, She did.", true)]
    [TestCase("<hero=name> and <b=name!hero> met. $hero sang, $^hero.1 did.", "Mia and Tom met. Tom sang, He did.", false)]
    [TestCase("<hero=name> and <b=name!hero> met. $hero sang, $^hero.1 did.", "Mia and Mia met. Mia sang, She did.", false)]
    [TestCase("<hero=name> and <b=name!hero> met. $hero sang, $^hero.1 did.", "Mia and Tom met. Mia sang, He did.", false)]
    public void A_text_that_forgets_who_is_who_is_no_story(string rule, string text, bool isStory)
    {
        var grammar = Grammar.Parse($"@story\n{rule}\n@name\nMia | she\nTom | he\n");

        Assert.That(new Storyreader(grammar).Nats(text) is not null, Is.EqualTo(isStory));
    }

    [Test]
    public void Weights_are_probabilities()
    {
        var grammar = Grammar.Parse("@story\n3* yes\nno\n");

        Assert.That(new Storyreader(grammar).Nats("yes"), Is.EqualTo(-Math.Log(0.75)).Within(1e-12));
        Assert.That(new Storyreader(grammar).Nats("no"), Is.EqualTo(-Math.Log(0.25)).Within(1e-12));
    }
}
