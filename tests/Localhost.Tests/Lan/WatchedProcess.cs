using System.Diagnostics;
using System.Threading.Channels;

namespace Swarm.Localhost.Tests.Lan;

/// <summary>Somebody else's program in a network namespace, and the lines it writes with the time of each.</summary>
internal sealed class WatchedProcess : IDisposable
{
    private readonly Process _process;
    private readonly Channel<(string Line, long At)> _lines = Channel.CreateUnbounded<(string, long)>();
    private readonly List<string> _all = [];

    public WatchedProcess(string space, string? bus, params string[] command)
    {
        var info = new ProcessStartInfo("ip", ["netns", "exec", space, .. command])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["DBUS_SYSTEM_BUS_ADDRESS"] = bus;
        _process = new Process { StartInfo = info };
        _process.OutputDataReceived += (_, line) => Add(line.Data);
        _process.ErrorDataReceived += (_, line) => Add(line.Data);
        _ = _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Everything it wrote so far.</summary>
    public string Output
    {
        get
        {
            lock (_all)
            {
                return string.Join('\n', _all);
            }
        }
    }

    /// <summary>Waits for a line that it has not shown yet, and gives it with the time it came.</summary>
    public async Task<(string Line, long At)> WaitForAsync(Func<string, bool> isIt, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                (string line, long at) = await _lines.Reader.ReadAsync(cancel);

                if (isIt(line))
                {
                    return (line, at);
                }
            }
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"The line did not come; there was:\n{Output}");
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _ = _process.WaitForExit(5000);
        }

        _process.Dispose();
    }

    private void Add(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_all)
        {
            _all.Add(line);
        }

        _ = _lines.Writer.TryWrite((line, Stopwatch.GetTimestamp()));
    }
}
