namespace Swarm.Localhost.Tests;

/// <summary>A generation that was followed to its end.</summary>
/// <param name="ExitCode">Of the process.</param>
/// <param name="Text">What it told.</param>
/// <param name="Routes">The names on its first route, and on each repaired one.</param>
/// <param name="PausesMs">How long each repair took.</param>
/// <param name="Errors">What the process wrote to standard error.</param>
internal sealed record Story(
    int ExitCode,
    string Text,
    IReadOnlyList<IReadOnlyList<string>> Routes,
    IReadOnlyList<double> PausesMs,
    string Errors);
