using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;

namespace Swarm.Localhost.Tests;

/// <summary>The real program in a process of its own.</summary>
internal sealed class SwarmProcess : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "swarm.dll");

    private readonly Process _process;
    private readonly Channel<JsonElement> _events = Channel.CreateUnbounded<JsonElement>();
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private SwarmProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => OnOutput(line.Data);
        process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
    }

    public int Id => _process.Id;

    public bool IsRunning => !_process.HasExited;

    /// <summary>What it wrote to standard output so far.</summary>
    public string Output => Read(_output);

    public string Errors => Read(_errors);

    public static SwarmProcess Start(params IEnumerable<string> arguments)
        => Start("dotnet", [Program, .. arguments]);

    /// <summary>Starts it in a network namespace.</summary>
    public static SwarmProcess StartIn(string space, params IEnumerable<string> arguments)
        => Start("ip", ["netns", "exec", space, "dotnet", Program, .. arguments]);

    /// <summary>Runs the program to its end.</summary>
    public static async Task<SwarmResult> RunAsync(CancellationToken cancel, params IEnumerable<string> arguments)
    {
        using SwarmProcess process = Start(arguments);
        return await process.ResultAsync(cancel);
    }

    /// <summary>The same in a network namespace.</summary>
    public static async Task<SwarmResult> RunInAsync(
        string space, CancellationToken cancel, params IEnumerable<string> arguments)
    {
        using SwarmProcess process = StartIn(space, arguments);
        return await process.ResultAsync(cancel);
    }

    /// <summary>The next JSON event, or null when the process has ended.</summary>
    public async Task<JsonElement?> NextAsync(CancellationToken cancel)
        => await _events.Reader.WaitToReadAsync(cancel) && _events.Reader.TryRead(out JsonElement next) ? next : null;

    /// <summary>The next event of one kind.</summary>
    public async Task<JsonElement> WaitForAsync(string name, CancellationToken cancel)
    {
        while (await NextAsync(cancel) is { } next)
        {
            if (next.GetProperty("event").GetString() == name)
            {
                return next;
            }
        }

        throw new InvalidOperationException($"The process ended before '{name}': {Errors}");
    }

    /// <summary>Waits for the end, all output read.</summary>
    public async Task<int> ExitAsync(CancellationToken cancel)
    {
        await _process.WaitForExitAsync(cancel);
        return _process.ExitCode;
    }

    /// <summary>Ends it at once: SIGKILL.</summary>
    public void Kill() => _process.Kill();

    /// <summary>Sends it a signal by name: STOP, CONT, INT, TERM.</summary>
    public void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", $"{Id}"]);
        kill.WaitForExit();
    }

    public void Dispose()
    {
        if (IsRunning)
        {
            _process.Kill();
            _ = _process.WaitForExit(5000);
        }

        _process.Dispose();
    }

    private static SwarmProcess Start(string program, IEnumerable<string> arguments)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        var process = new SwarmProcess(new Process { StartInfo = info });
        _ = process._process.Start();
        process._process.StandardInput.Close();
        process._process.BeginOutputReadLine();
        process._process.BeginErrorReadLine();
        return process;
    }

    private async Task<SwarmResult> ResultAsync(CancellationToken cancel)
    {
        int code = await ExitAsync(cancel);
        return new SwarmResult(code, Output, Errors);
    }

    private void OnOutput(string? line)
    {
        Append(_output, line);

        if (line is null)
        {
            _ = _events.Writer.TryComplete();
        }
        else if (line.StartsWith("{\"event\"", StringComparison.Ordinal))
        {
            _ = _events.Writer.TryWrite(JsonSerializer.Deserialize<JsonElement>(line));
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private static void Append(StringBuilder text, string? line)
    {
        if (line is not null)
        {
            lock (text)
            {
                _ = text.AppendLine(line);
            }
        }
    }
}
