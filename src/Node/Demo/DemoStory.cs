using System.Globalization;
using System.Text;
using System.Text.Json;
using Spectre.Console;
using Swarm.Node.Access;
using Swarm.Node.CommandLine;
using Swarm.Protocol.Messages;

namespace Swarm.Node.Demo;

/// <summary>Follows the telling process, shows its text, and kills one of the nodes it depends on.</summary>
internal sealed class DemoStory
{
    private readonly DemoOptions _options;
    private readonly IReadOnlyList<DemoProcess> _nodes;
    private readonly IAnsiConsole _console;
    private readonly Random _random;
    private readonly StringBuilder _text = new();
    private readonly int _killAfter;
    private string[] _route = [];
    private DemoProcess? _killed;
    private bool _isMidLine;

    public DemoStory(DemoOptions options, IReadOnlyList<DemoProcess> nodes, IAnsiConsole console)
    {
        _options = options;
        _nodes = nodes;
        _console = console;
        _random = new Random(options.Seed);
        _killAfter = _random.Next(DemoOptions.KillAfterMin, DemoOptions.KillAfterMax);
    }

    /// <summary>What was told so far.</summary>
    public string Text => _text.ToString();

    /// <summary>How many tokens that took.</summary>
    public int Tokens { get; private set; }

    /// <summary>Whether the killed node was replaced on the route.</summary>
    public bool IsRepaired { get; private set; }

    /// <summary>The same request, for one process alone.</summary>
    public GenerateOptions Request => new()
    {
        Model = _options.Model,
        Prompt = _options.Prompt,
        TokensMax = _options.TokensMax,
        Sampling = SamplingFlags.Defaults((ulong)_options.Seed),
        Threads = 1,
        Swarm = new SwarmChoice("", new KeySource(""), []),
        Kv = KvType.F16,
    };

    public async Task FollowAsync(DemoProcess teller, CancellationToken cancel)
    {
        while (await teller.NextAsync(cancel) is { } next)
        {
            Show(next);
        }

        if (await teller.ExitAsync(cancel) != ExitCode.Ok)
        {
            throw await teller.FailureAsync(cancel);
        }
    }

    private void Show(JsonElement told)
    {
        switch (told.GetProperty("event").GetString())
        {
            case "route":
                _route = Names(told);
                Note(string.Create(CultureInfo.InvariantCulture, $"route: {Stages(told)}"));
                Write(_options.Prompt);
                break;
            case "text":
                Tokens = told.GetProperty("tokens").GetInt32();
                Write(told.GetProperty("text").GetString()!, isStory: true);
                KillOnce();
                break;
            case "repaired":
                IsRepaired |= _killed is not null && !Names(told).Contains(_killed.Name);
                Note(string.Create(
                    CultureInfo.InvariantCulture,
                    $"repaired after {told.GetProperty("pauseMs").GetDouble():0} ms: {Stages(told)}"));
                break;
            case "done":
                Note(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{told.GetProperty("tokens").GetInt32()} "
                        + $"tokens, {told.GetProperty("tokensPerSecond").GetDouble():0} a second"));
                break;
            default:
                break;
        }
    }

    // One of those that serve the running route, whichever the seed says.
    private void KillOnce()
    {
        if (_killed is not null || Tokens < _killAfter)
        {
            return;
        }

        string name = _route[_random.Next(_route.Length)];
        _killed = _nodes.Single(node => node.Name == name);
        _killed.Kill();
        string after = Tokens.ToString(CultureInfo.InvariantCulture);
        Note($"killed {name} (process {_killed.Id}) after {after} tokens");
    }

    private void Write(string text, bool isStory = false)
    {
        if (isStory)
        {
            _ = _text.Append(text);
        }

        _isMidLine |= text.Length > 0;
        _console.Profile.Out.Writer.Write(text);
        _console.Profile.Out.Writer.Flush();
    }

    private void Note(string text)
    {
        if (_isMidLine)
        {
            _console.WriteLine();
        }

        _isMidLine = false;

        _console.Write(new Text($"   ── {text}\n", new Style(Color.Yellow)));
    }

    private static string[] Names(JsonElement told)
        => [.. told.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("name").GetString()!)];

    private static string Stages(JsonElement told)
        => string.Join(" → ", told.GetProperty("stages").EnumerateArray()
            .Select(stage => $"{stage.GetProperty("name").GetString()} {stage.GetProperty("blocks").GetString()}"));
}
