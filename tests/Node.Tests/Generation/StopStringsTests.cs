using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Node.Generation;

namespace Swarm.Node.Tests.Generation;

/// <summary>Text stops before a stop string, however it is cut into pieces.</summary>
[TestFixture]
[Parallelizable]
public sealed class StopStringsTests
{
    [Test]
    public void Text_before_a_stop_string_comes_out_and_nothing_after_it()
        => Assert.That(Push(["The ", "end.\n", "\nMore"], "\n\n"), Is.EqualTo(("The end.", true)));

    [Test]
    public void What_only_began_like_a_stop_string_is_text()
        => Assert.That(Push(["a\n", "b"], "\n\n"), Is.EqualTo(("a\nb", false)));

    [Test]
    public void What_is_held_back_at_the_end_is_text()
        => Assert.That(Push(["a", "<"], "<end>"), Is.EqualTo(("a<", false)));

    [Test]
    public void Without_stop_strings_every_piece_comes_out_at_once()
        => Assert.That(new StopStrings([]).Push("abc"), Is.EqualTo("abc"));

    [Test]
    public void The_result_is_the_text_up_to_the_first_stop_however_it_was_cut()
    {
        Gen<string> texts = Gen.Elements('a', 'b', 'c').ListOf(12).Select(letters => string.Concat(letters));
        Gen<string> stops =
            Gen.Elements('a', 'b', 'c').NonEmptyListOf().Select(letters => string.Concat(letters.Take(3)));
        Gen<(string[] Pieces, string Stop, string Other)> cases =
            from pieces in texts.Select(
                text => text.Chunk(3).Select(piece => new string(piece)).ToArray())
            from stop in stops
            from other in stops
            select (pieces, stop, other);

        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            string whole = string.Concat(one.Pieces);
            int[] ends =
            [
                .. new[] { one.Stop, one.Other }
                    .Select(stop => whole.IndexOf(stop, StringComparison.Ordinal))
                    .Where(at => at >= 0),
            ];
            (string text, bool reached) = Push(one.Pieces, one.Stop, one.Other);

            // Which of two overlapping stops counts depends on which is complete first; neither is ever shown.
            return reached == (ends.Length > 0)
                && whole.StartsWith(text, StringComparison.Ordinal)
                && (reached ? text.Length <= ends.Max() : text == whole)
                && !text.Contains(one.Stop, StringComparison.Ordinal)
                && !text.Contains(one.Other, StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();
    }

    private static (string Text, bool Reached) Push(string[] pieces, params string[] stops)
    {
        var filter = new StopStrings(stops);
        string text = string.Concat(pieces.Select(filter.Push));
        return (text + (filter.Reached ? "" : filter.Flush()), filter.Reached);
    }
}
