using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;

namespace Swarm.Repository.Tests;

/// <summary>
/// The threats that the network was designed against, by their numbers: each has tests that bear it, or SECURITY.md says
/// why not.
/// </summary>
[TestFixture]
public sealed partial class ThreatTests
{
    // Links and framing are 1 to 14, the DHT and discovery 15 to 33.
    private static readonly int[] Rows = [.. Enumerable.Range(1, 33)];

    private static readonly string Root = FindRoot(AppContext.BaseDirectory);

    [Test]
    public void Each_threat_has_a_test_that_bears_its_number_or_a_sentence_that_says_why_not(
        [ValueSource(nameof(Rows))] int row)
    {
        string sentence = string.Create(CultureInfo.InvariantCulture, $"Row {row} ");
        string security = File.ReadAllText(Path.Combine(Root, "SECURITY.md"));

        Assert.That(Tested().Contains(row) || security.Contains(sentence, StringComparison.Ordinal), $"row {row}");
    }

    private static HashSet<int> Tested()
        => [.. Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*.cs", SearchOption.AllDirectories)
            .SelectMany(path => Name().Matches(File.ReadAllText(path)))
            .Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    private static string FindRoot(string folder)
        => File.Exists(Path.Combine(folder, "Swarm.sln")) ? folder : FindRoot(Path.GetDirectoryName(folder)!);

    [GeneratedRegex(@"\bThreat_([0-9]+)_[A-Z]")]
    private static partial Regex Name();
}
