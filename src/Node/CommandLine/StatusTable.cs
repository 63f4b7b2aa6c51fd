using System.Globalization;
using Spectre.Console;
using Swarm.Inference.Model;
using Swarm.Node.Membership;
using Swarm.Node.Routing;
using Swarm.Protocol.Messages;

namespace Swarm.Node.CommandLine;

/// <summary>Shows who holds which blocks, for people.</summary>
internal static class StatusTable
{
    // One column per block as long as a terminal has room for them.
    private const int MapBlocksMax = 40;

    /// <summary>The swarm and, when one runs here, how the node of this device is linked.</summary>
    public static void Show(IAnsiConsole console, SwarmStatus status, OwnNode? own)
    {
        string nodes = Count(status.NodeCount, "node");
        string models = Count(status.Models.Count, "model");
        console.WriteLine($"swarm '{status.Swarm}': {nodes}, {models}");

        foreach (ModelStatus model in status.Models)
        {
            console.WriteLine();
            Show(console, model);
        }

        if (own is not null)
        {
            console.WriteLine();
            Show(console, own);
        }
    }

    public static void Show(IAnsiConsole console, ModelStatus model)
    {
        ModelListing listing = model.Listing;
        string hash = Convert.ToHexStringLower(listing.Model.Span[..6]);
        console.Write(new Markup(Text($"[bold]{Markup.Escape(listing.Name)}[/]  ")));
        string size = ByteSize.Format((long)listing.Bytes);
        console.WriteLine(Text($"{listing.Architecture}, {listing.BlockCount} blocks, {size}, manifest {hash}"));
        console.Write(NodeTable(model));
        string missing = string.Join(", ", model.Uncovered.Select(Words));

        if (missing.Length > 0)
        {
            console.Write(new Markup($"[red]nobody serves {missing}[/]\n"));
        }
        else
        {
            console.WriteLine(Text($"every block is served; the scarcest by {Count(model.Replicas.Min(), "node")}"));
        }
    }

    private static void Show(IAnsiConsole console, OwnNode own)
    {
        if (own.Links.Count == 0)
        {
            console.WriteLine($"{own.Name}, the node of this device, is linked to nobody");
            return;
        }

        console.WriteLine($"{own.Name}, the node of this device, is linked to {Count(own.Links.Count, "node")}:");
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn("node").AddColumn("id").AddColumn("linked").AddColumn("seen at")
            .AddColumn(new TableColumn("round trip, ms").RightAligned());

        foreach (NodeLink link in own.Links)
        {
            string way = link.Relay is { } relay
                ? $"by relay {relay.Brief}"
                : link.Way.ToString().ToLowerInvariant();
            _ = table.AddRow(
                new Text(link.Name),
                new Text(link.Node.Brief),
                new Text(way),
                new Text(link.SeenAt is { } seen ? (seen with { Node = null }).ToString() : ""),
                new Text(link.RoundTripMs > 0 ? Text($"{link.RoundTripMs:0.#}") : ""));
        }

        console.Write(table);
    }

    /// <summary>A range in words: <c>block 4</c>, <c>blocks 4 to 7</c>.</summary>
    public static string Words(BlockRange range)
        => range.Count == 1 ? Text($"block {range.First}") : Text($"blocks {range.First} to {range.Last - 1}");

    private static Table NodeTable(ModelStatus model)
    {
        bool map = model.BlockCount <= MapBlocksMax;
        Table table = new Table().Border(TableBorder.Rounded).AddColumn("node").AddColumn("id").AddColumn("blocks");

        if (map)
        {
            _ = table.AddColumn(new TableColumn(Digits(model.BlockCount)).NoWrap());
        }

        _ = table.AddColumn("state").AddColumn(new TableColumn("ms/block").RightAligned())
            .AddColumn(new TableColumn("room, tokens").RightAligned());

        foreach (PeerOffer offer in model.View.Offers)
        {
            Add(table, offer, map ? Row(block => offer.Blocks.Contains(block) ? '■' : '·', model.BlockCount) : null);
        }

        if (map)
        {
            string replicas = Row(block => Digit(model.Replicas[block]), model.BlockCount);
            _ = table.AddEmptyRow().AddRow("replicas", "", "", replicas);
        }

        return table;
    }

    private static void Add(Table table, PeerOffer offer, string? map)
    {
        string state = offer.Offer.State.ToString().ToLowerInvariant() + (offer.IsRelayed ? ", by relay" : "");
        List<Text> cells = [new(offer.Offer.Name), new(offer.Node.Brief), new(offer.Blocks.ToString())];

        if (map is not null)
        {
            cells.Add(new Text(map, new Style(Color.Green)));
        }

        cells.Add(new Text(state));
        cells.Add(new Text(Text($"{offer.Offer.DecodePerBlockMs:0.###}")));
        cells.Add(new Text(Text($"{offer.Offer.KvTokensFree:N0}")));
        _ = table.AddRow(cells);
    }

    private static string Digits(int blocks) => Row(block => (char)('0' + (block % 10)), blocks);

    private static char Digit(int count) => count > 9 ? '+' : (char)('0' + count);

    private static string Row(Func<int, char> cell, int blocks)
        => string.Join(' ', Enumerable.Range(0, blocks).Select(cell));

    private static string Count(int count, string thing) => Text($"{count} {thing}{(count == 1 ? "" : "s")}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
