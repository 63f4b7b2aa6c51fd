using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Swarm.Inference;
using Swarm.Inference.Measuring;
using Swarm.Inference.Model;

namespace Swarm.Node.CommandLine;

/// <summary>What <c>swarm bench</c> found, as a table or as JSON.</summary>
internal sealed class BenchReport(ModelFile model, string path)
{
    private static readonly JsonSerializerOptions Indented = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private readonly List<(BenchRun Run, IReadOnlyList<BenchResult> Results)> _measured = [];
    private readonly TokenCost _cost = TokenCost.Of(model);

    private long _peakBytes;

    /// <summary>Notes the most memory the process had in use; later calls would count the memory test.</summary>
    public void NotePeak()
    {
        if (_peakBytes == 0)
        {
            using var process = Process.GetCurrentProcess();
            _peakBytes = process.PeakWorkingSet64;
        }
    }

    /// <summary>Adds what was found with one number of threads.</summary>
    public void Add(BenchRun run, IReadOnlyList<BenchResult> results) => _measured.Add((run, results));

    /// <summary>Writes the table.</summary>
    public void Show(IAnsiConsole console)
    {
        long bytes = model.Tensors.Sum(tensor => tensor.Bytes);
        console.Profile.Out.Writer.WriteLine($"{model.Config.Name}: {ByteSize.Format(bytes)} of weights, "
            + $"{ByteSize.Format(_cost.BytesRead)} read for each token, "
            + $"at most {ByteSize.Format(_peakBytes)} resident");
        Table table = new Table().Border(TableBorder.Rounded)
            .AddColumn(new TableColumn("threads").RightAligned()).AddColumn("test");

        foreach (string column in (string[])["tokens/s", "least", "most", "of bandwidth", "of arithmetic"])
        {
            _ = table.AddColumn(new TableColumn(column).RightAligned());
        }

        foreach (BenchResult result in _measured.SelectMany(measured => measured.Results))
        {
            _ = table.AddRow(
                Text($"{result.Threads}"),
                result.Test,
                Text($"{result.Speed.Median:F1}"),
                Text($"{result.Speed.Least:F1}"),
                Text($"{result.Speed.Most:F1}"),
                result.BandwidthShare is { } bandwidth ? Text($"{bandwidth:P0}") : "",
                result.PeakShare is { } peak ? Text($"{peak:P0}") : "");
        }

        console.Write(table);

        foreach ((BenchRun run, IReadOnlyList<BenchResult> results) in _measured)
        {
            console.Profile.Out.Writer.WriteLine(
                Text($"threads {results[0].Threads}: loaded in {run.LoadTime.TotalSeconds:F2} s, ")
                + Text($"memory reads {run.Bandwidth} GB/s, arithmetic {run.Peak.Median:F0} G operations/s"));
        }
    }

    /// <summary>The same for machines.</summary>
    public string Json() => JsonSerializer.Serialize(
        new
        {
            model = model.Config.Name,
            file = path,
            architecture = model.Config.Architecture,
            weightBytes = model.Tensors.Sum(tensor => tensor.Bytes),
            bytesReadPerToken = _cost.BytesRead,
            peakResidentBytes = _peakBytes,
            numerics = Numerics.Version,
            runs = _measured.Select(measured => new
            {
                threads = measured.Results[0].Threads,
                loadSeconds = measured.Run.LoadTime.TotalSeconds,
                memoryGigabytesPerSecond = measured.Run.Bandwidth,
                arithmeticGigaOperationsPerSecond = measured.Run.Peak,
                tests = measured.Results.Select(result => new
                {
                    test = result.Test,
                    tokensPerSecond = result.Speed,
                    bandwidthShare = result.BandwidthShare,
                    arithmeticShare = result.PeakShare,
                }),
            }),
        },
        Indented);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
