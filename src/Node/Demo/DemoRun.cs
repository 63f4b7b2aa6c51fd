using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Spectre.Console;
using Swarm.Inference.Model;
using Swarm.Node.Access;
using Swarm.Node.CommandLine;
using Swarm.Node.Membership;
using Swarm.Node.Placement;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Demo;

/// <summary>
/// The main job before one's eyes: four processes hold a model none of them could hold, a fifth one tells a story over
/// them, one of them is killed, and the story is the same.
/// </summary>
internal sealed class DemoRun(DemoOptions options, IAnsiConsole console, TimeProvider time) : IDisposable
{
    private readonly string _folder = Path.Combine(
        Path.GetTempPath(), $"swarm-demo-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(6))}");
    private readonly string _swarm = $"demo-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8))}";
    private readonly List<DemoProcess> _nodes = [];
    private readonly List<DemoProcess> _guests = [];

    private string KeyFile => Path.Combine(_folder, "swarm.key");

    /// <summary>Runs the demo; true only if a repair happened and not a byte differs.</summary>
    public async Task<bool> RunAsync(CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(DemoOptions.TimeMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            NodeFolder.Ensure(_folder);
            SwarmKeyFile.LoadOrCreate(KeyFile).Dispose();
            PeerAddress door = await StartNodesAsync(either.Token);
            await ShowBlocksAsync(door, either.Token);
            var story = new DemoStory(options, _nodes, console);
            DemoProcess teller = Tell(door);
            await story.FollowAsync(teller, either.Token);
            return Compare(story, either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw CommandException.Failed($"the demo took longer than {DemoOptions.TimeMax.TotalSeconds} s: is this "
                + "machine very busy?");
        }
    }

    /// <summary>Whatever happened, nothing stays behind.</summary>
    public void Dispose()
    {
        foreach (DemoProcess process in _nodes.Concat(_guests))
        {
            process.Dispose();
        }

        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    // One after the other, so that each sees what those before it took.
    private async Task<PeerAddress> StartNodesAsync(CancellationToken cancel)
    {
        long memory = MemoryOfHalf(out int blocks, out long all);
        Say($"[bold]1[/]  Four nodes start, each a process of its own. The model '{options.ModelName}' has");
        Say($"   {blocks} blocks and needs {ByteSize.Format(all)}; each node may use {ByteSize.Format(memory)}.\n");
        PeerAddress? door = null;

        foreach (string name in options.Names)
        {
            var node = DemoProcess.Start(name, NodeArguments(name, memory, door));
            _nodes.Add(node);
            JsonElement listening = await node.WaitForAsync("listening", cancel);
            JsonElement chosen = await node.WaitForAsync("blocksChosen", cancel);
            string address = listening.GetProperty("address").GetString()!;
            Say($"   {name,-4} process {node.Id,-7} {address,-16} takes "
                + $"blocks {chosen.GetProperty("blocks").GetString()}");

            if (door is null && !PeerAddress.TryParse(address, out door))
            {
                throw CommandException.Failed($"{name} listens at '{address}', which is no address.");
            }
        }

        foreach (DemoProcess node in _nodes)
        {
            _ = await node.WaitForAsync("serving", cancel);
        }

        return door!;
    }

    private IEnumerable<string> NodeArguments(string name, long memory, PeerAddress? door) =>
    [
        "join", "--model", options.Model, "--memory", memory.ToString(CultureInfo.InvariantCulture), "--name", name,
        "--listen", "127.0.0.1:0", "--data-dir", Path.Combine(_folder, name), "--swarm", _swarm,
        "--swarm-key", KeyFile, "--threads", "1", "--json",
        .. door is null ? (string[])[] : ["--bootstrap", door.ToString()],
    ];

    private async Task ShowBlocksAsync(PeerAddress door, CancellationToken cancel)
    {
        Say("\n[bold]2[/]  Who holds what, as the nodes announced it to one another:\n");
        await using SwarmMember guest = await Doors.EnterAsync(
            new SwarmChoice(_swarm, new KeySource(_folder) { NamedFile = KeyFile }, [door]), cancel);
        SwarmStatus status = await SwarmStatus.ReadAsync(guest, _swarm, cancel);
        ModelStatus model = status.Models.Single();
        StatusTable.Show(console, model);

        if (model.Replicas.Min() < DemoOptions.Holders)
        {
            throw CommandException.Failed(
                $"not every block found {DemoOptions.Holders} holders: is this machine very busy? Run the demo again.");
        }
    }

    private DemoProcess Tell(PeerAddress door)
    {
        var teller = DemoProcess.Start("the teller",
        [
            "generate", "--model", options.Model, "--bootstrap", door.ToString(), "--swarm", _swarm,
            "--data-dir", Path.Combine(_folder, "teller"), "--swarm-key", KeyFile,
            "--seed", options.Seed.ToString(CultureInfo.InvariantCulture),
            "--max-tokens", options.TokensMax.ToString(CultureInfo.InvariantCulture), "--json", options.Prompt,
        ]);
        _guests.Add(teller);
        Say($"\n[bold]3[/]  A fifth process ({teller.Id}), which holds nothing, asks for a story:\n");
        return teller;
    }

    private bool Compare(DemoStory story, CancellationToken cancel)
    {
        Say("\n[bold]4[/]  The same story, told by one process alone and without a network:");
        using var output = new MemoryStream();
        ClosingLine line = LocalGeneration.Run(story.Request, options.ModelFile, output, time, cancel);
        byte[] alone = output.ToArray();
        byte[] together = Encoding.UTF8.GetBytes(story.Text);
        bool isEqual = alone.AsSpan().SequenceEqual(together);

        Say(Text($"   {line.Tokens} tokens, {alone.Length} bytes, SHA-256 {Hash(alone)}"));
        Say(Text($"   {story.Tokens} tokens, {together.Length} bytes, SHA-256 {Hash(together)} over the swarm"));
        Say("");

        if (!story.IsRepaired)
        {
            Say("[red]✗[/]  The story ended before the death of a node was noticed: nothing was shown.");
        }
        else
        {
            Say(isEqual
                ? "[green]✓[/]  A node died in mid-story, and the text is the same, byte for byte."
                : Text($"[red]✗[/]  The texts differ from byte {alone.AsSpan().CommonPrefixLength(together)} on."));
        }

        return isEqual && story.IsRepaired;
    }

    // Just enough for the larger half of the model: so nobody can hold it whole, and two can hold it together.
    private long MemoryOfHalf(out int blocks, out long all)
    {
        using var model = ModelFile.Open(options.ModelFile);
        var plan = MemoryPlan.For(model, long.MaxValue);
        blocks = model.Config.BlockCount;
        all = plan.BytesMin(model.Config.AllBlocks);
        int half = blocks / 2;
        return Math.Max(plan.BytesMin(new BlockRange(0, half)), plan.BytesMin(new BlockRange(half, blocks)));
    }

    private void Say(string markup) => console.MarkupLine(markup);

    private static string Hash(byte[] bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes)[..8]);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
