using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;

namespace Swarm.Node.Demo;

/// <summary>A process of the demo and the JSON events it writes, one per line.</summary>
internal sealed class DemoProcess : IDisposable
{
    // What is not read in time may be dropped: only the generating process writes many, and it is always read.
    private const int EventsMax = 4096;

    private readonly Process _process;
    private readonly Channel<JsonElement> _events = Channel.CreateBounded<JsonElement>(EventsMax);
    private readonly List<string> _errors = [];

    private DemoProcess(string name, Process process)
    {
        Name = name;
        _process = process;
        process.OutputDataReceived += OnOutput;
        process.ErrorDataReceived += OnError;
    }

    public string Name { get; }

    public int Id => _process.Id;

    public bool IsRunning => !_process.HasExited;

    public static DemoProcess Start(string name, IEnumerable<string> arguments)
    {
        var demo = new DemoProcess(name, new Process { StartInfo = OwnProgram.StartInfo(arguments) });
        _ = demo._process.Start();
        demo._process.BeginOutputReadLine();
        demo._process.BeginErrorReadLine();
        return demo;
    }

    /// <summary>The next event, or null when the process has ended.</summary>
    public async Task<JsonElement?> NextAsync(CancellationToken cancel)
        => await _events.Reader.WaitToReadAsync(cancel) && _events.Reader.TryRead(out JsonElement next) ? next : null;

    /// <summary>The next event of one kind; those before it are passed over.</summary>
    /// <exception cref="CommandException">The process ended before it.</exception>
    public async Task<JsonElement> WaitForAsync(string name, CancellationToken cancel)
    {
        while (await NextAsync(cancel) is { } next)
        {
            if (next.GetProperty("event").GetString() == name)
            {
                return next;
            }
        }

        throw await FailureAsync(cancel);
    }

    /// <summary>Waits for the end of the process and gives its exit code.</summary>
    public async Task<int> ExitAsync(CancellationToken cancel)
    {
        await _process.WaitForExitAsync(cancel);
        return _process.ExitCode;
    }

    /// <summary>The process ended unasked: says what it said last.</summary>
    public async Task<CommandException> FailureAsync(CancellationToken cancel)
    {
        int code = await ExitAsync(cancel);

        lock (_errors)
        {
            return CommandException.Failed($"{Name} ended with exit "
                + $"code {code}: {string.Join(' ', _errors.TakeLast(3))}");
        }
    }

    /// <summary>Ends the process at once, without a goodbye (SIGKILL).</summary>
    public void Kill()
    {
        if (IsRunning)
        {
            _process.Kill();
        }
    }

    public void Dispose()
    {
        Kill();
        _ = _process.WaitForExit(1000);
        _process.Dispose();
    }

    private void OnOutput(object sender, DataReceivedEventArgs line)
    {
        if (line.Data is null)
        {
            _ = _events.Writer.TryComplete();
        }
        else if (line.Data.StartsWith('{'))
        {
            _ = _events.Writer.TryWrite(JsonSerializer.Deserialize(line.Data, DemoJson.Default.JsonElement));
        }
    }

    private void OnError(object sender, DataReceivedEventArgs line)
    {
        if (!string.IsNullOrWhiteSpace(line.Data))
        {
            lock (_errors)
            {
                _errors.Add(line.Data);
            }
        }
    }
}
