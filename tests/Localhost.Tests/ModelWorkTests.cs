using System.Text.Json;
using NUnit.Framework;
using Swarm.Inference.Making;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Localhost.Tests;

/// <summary>Work on model files from the command line: make, quantize, measure.</summary>
[TestFixture]
public sealed class ModelWorkTests
{
    private string _folder = "";

    [OneTimeSetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("swarm-work-").FullName;

    [OneTimeTearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_model_is_made_quantized_and_still_predicts_about_as_well()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string text = Path.Combine(_folder, "text.txt");
        await File.WriteAllTextAsync(text, string.Concat(Enumerable.Repeat("the sea was calm ", 60)), deadline.Token);
        string made = Path.Combine(_folder, "made.gguf");
        string small = Path.Combine(_folder, "small.gguf");

        SwarmResult making = await SwarmProcess.RunAsync(
            deadline.Token, "make-model", "--shape", "tiny-qwen3", "--type", "f16", made);
        SwarmResult quantizing = await SwarmProcess.RunAsync(deadline.Token, "quantize", made, small, "Q5_K_M");
        Assert.That(making.ExitCode, Is.Zero, making.Errors);
        Assert.That(quantizing.ExitCode, Is.Zero, quantizing.Errors);
        Assert.That(quantizing.Errors, Does.Contain("16.").And.Contain("bits each"));
        Assert.That(new FileInfo(small).Length, Is.LessThan(new FileInfo(made).Length));

        double before = await PerplexityAsync(made, text, deadline.Token);
        double after = await PerplexityAsync(small, text, deadline.Token);
        Assert.That(after / before, Is.EqualTo(1).Within(0.15));
    }

    [Test]
    public async Task Bench_tells_speed_and_what_the_machine_allows()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        string model = TinyModel.Write(Path.Combine(_folder, "bench.gguf"), ModelShape.Tiny, GgmlType.Q8_0);
        SwarmResult bench = await SwarmProcess.RunAsync(
            deadline.Token, "bench", "-m", model, "-p", "16", "-n", "8", "-t", "1,2", "--batch", "1,2", "-r", "1", "--json");
        Assert.That(bench.ExitCode, Is.Zero, bench.Errors);
        using var json = JsonDocument.Parse(bench.Output);
        JsonElement runs = json.RootElement.GetProperty("runs");
        string?[] tests = [.. runs[1].GetProperty("tests").EnumerateArray().Select(test => test.GetProperty("test").GetString())];

        Assert.That(runs.GetArrayLength(), Is.EqualTo(2));
        Assert.That(tests, Is.EqualTo((string[])["pp16", "tg8", "tg8 x2"]));
        Assert.That(json.RootElement.GetProperty("peakResidentBytes").GetInt64(), Is.GreaterThan(1 << 20));
        Assert.That(json.RootElement.GetProperty("bytesReadPerToken").GetInt64(), Is.Positive);

        foreach (JsonElement run in runs.EnumerateArray())
        {
            Assert.That(run.GetProperty("memoryGigabytesPerSecond").GetProperty("median").GetDouble(), Is.Positive);
            Assert.That(
                run.GetProperty("tests").EnumerateArray()
                    .Select(test => test.GetProperty("tokensPerSecond").GetProperty("median").GetDouble()),
                Is.All.Positive);
        }
    }

    private static async Task<double> PerplexityAsync(string model, string text, CancellationToken cancel)
    {
        SwarmResult result = await SwarmProcess.RunAsync(
            cancel, "perplexity", "-m", model, "-f", text, "--ctx", "64", "--json");
        Assert.That(result.ExitCode, Is.Zero, result.Errors);
        using var json = JsonDocument.Parse(result.Output);
        return json.RootElement.GetProperty("perplexity").GetDouble();
    }
}
