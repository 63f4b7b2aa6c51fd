using System.Globalization;
using System.Text;
using System.Text.Json;
using Swarm.Protocol.Identity;

namespace Swarm.Localhost.Tests;

/// <summary>Some nodes as processes on loopback, in a swarm of their own, gone with the test.</summary>
internal sealed class LocalSwarm : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;

    public LocalSwarm(string model)
    {
        Model = model;
        SwarmKeyFile.LoadOrCreate(KeyFile).Dispose();
    }

    public string Model { get; }

    public string Name { get; } = $"test-{Guid.NewGuid():N}";

    public Dictionary<string, SwarmProcess> Nodes { get; } = [];

    /// <summary>Where the first node listens.</summary>
    public string Door { get; private set; } = "";

    /// <summary>The swarm's key: its processes share one file, each has a folder of its own.</summary>
    public string KeyFile => Path.Combine(_folder, "swarm.key");

    /// <summary>How a process of this device finds its way in.</summary>
    public string[] Way => ["--bootstrap", Door, "--swarm", Name, "--swarm-key", KeyFile];

    /// <summary>A folder for a process of this swarm.</summary>
    public string FolderOf(string name) => Path.Combine(_folder, name);

    /// <summary>Starts a node that holds the blocks, and waits until it serves them.</summary>
    public async Task<SwarmProcess> StartAsync(string name, string blocks, CancellationToken cancel)
    {
        SwarmProcess node = await ListenAsync(name, cancel, "--blocks", blocks);
        _ = await node.WaitForAsync("serving", cancel);
        return node;
    }

    /// <summary>Starts a node, and waits no longer than until others can reach it.</summary>
    public async Task<SwarmProcess> ListenAsync(
        string name, CancellationToken cancel, params IEnumerable<string> arguments)
    {
        var node = SwarmProcess.Start(
        [
            "join", "--model", Model, "--name", name, "--listen", "127.0.0.1:0",
            "--data-dir", FolderOf(name), "--swarm", Name, "--swarm-key", KeyFile,
            "--threads", "1", "--json",
            .. arguments, .. Door.Length > 0 ? (string[])["--bootstrap", Door] : [],
        ]);
        Nodes.Add(name, node);
        JsonElement listening = await node.WaitForAsync("listening", cancel);
        Door = Door.Length > 0 ? Door : listening.GetProperty("address").GetString()!;
        return node;
    }

    /// <summary>Starts a process that holds no block and generates; its events are JSON.</summary>
    public SwarmProcess Generate(string prompt, int tokens) => Generate(Model, prompt, tokens);

    /// <summary>The same without the file: tokenizer and metadata come from a holder.</summary>
    public SwarmProcess GenerateByName(string prompt, int tokens)
        => Generate(Path.GetFileNameWithoutExtension(Model), prompt, tokens);

    /// <summary>The same text from one process without a network.</summary>
    public async Task<string> ExpectedAsync(string prompt, int tokens, CancellationToken cancel)
    {
        SwarmResult alone = await SwarmProcess.RunAsync(
            cancel, ["generate", "--local", "--json", "--model", Model, .. Sampling(tokens), prompt]);

        return string.Concat(alone.Output.Split('\n')
            .Where(line => line.StartsWith("{\"event\":\"text\"", StringComparison.Ordinal))
            .Select(line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("text").GetString()));
    }

    /// <summary>Follows a generation to its end; <paramref name="onToken"/> hears of every token with its count.</summary>
    public static async Task<Story> FollowAsync(
        SwarmProcess teller, CancellationToken cancel, Action<int, IReadOnlyList<string>>? onToken = null)
    {
        var text = new StringBuilder();
        var routes = new List<IReadOnlyList<string>>();
        var pauses = new List<double>();

        while (await teller.NextAsync(cancel) is { } told)
        {
            switch (told.GetProperty("event").GetString())
            {
                case "route":
                    routes.Add(Names(told));
                    break;
                case "repaired":
                    routes.Add(Names(told));
                    pauses.Add(told.GetProperty("pauseMs").GetDouble());
                    break;
                case "text":
                    _ = text.Append(told.GetProperty("text").GetString());
                    onToken?.Invoke(told.GetProperty("tokens").GetInt32(), routes[^1]);
                    break;
                default:
                    break;
            }
        }

        return new Story(await teller.ExitAsync(cancel), text.ToString(), routes, pauses, teller.Errors);
    }

    public void Dispose()
    {
        foreach (SwarmProcess node in Nodes.Values)
        {
            node.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private SwarmProcess Generate(string model, string prompt, int tokens)
        => SwarmProcess.Start(
        [
            "generate", "--model", model, .. Way, "--data-dir", FolderOf("guest"), "--json",
            .. Sampling(tokens), prompt,
        ]);

    private static string[] Sampling(int tokens)
        => ["--seed", "7", "--temp", "0.9", "-n", tokens.ToString(CultureInfo.InvariantCulture), "--threads", "1"];

    private static string[] Names(JsonElement told)
        => [.. told.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("name").GetString()!)];
}
