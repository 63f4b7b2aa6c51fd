using System.Runtime.InteropServices;

namespace Swarm.Node.CommandLine;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks for an orderly end, the second ends now. A process that another one started
/// for itself alone also ends, at once, with that other one.
/// </summary>
internal sealed class Interrupts : IDisposable
{
    /// <summary>Set to 1 by a parent that keeps this process's standard input open for as long as it lives.</summary>
    public const string BoundToParent = "SWARM_BOUND_TO_PARENT";

    private readonly CancellationTokenSource _first = new();
    private readonly CancellationTokenSource _second = new();
    private readonly List<PosixSignalRegistration> _signals = [];
    private int _count;

    public Interrupts()
    {
        foreach (PosixSignal signal in (PosixSignal[])[PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP])
        {
            _signals.Add(PosixSignalRegistration.Create(signal, OnSignal));
        }

        if (Environment.GetEnvironmentVariable(BoundToParent) == "1")
        {
            new Thread(EndWithParent) { IsBackground = true, Name = "swarm parent watch" }.Start();
        }
    }

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken First => _first.Token;

    /// <summary>Cancelled by the second signal.</summary>
    public CancellationToken Second => _second.Token;

    /// <summary>Ends in order for another reason than a signal.</summary>
    public void Raise() => _first.Cancel();

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
        {
            signal.Dispose();
        }

        _first.Dispose();
        _second.Dispose();
    }

    // Whoever is killed closes nothing itself, but the system does: the only goodbye that is never forgotten.
    private static void EndWithParent()
    {
        using Stream input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[64];

        while (input.Read(ignored) > 0)
        {
        }

        Environment.Exit(ExitCode.Interrupted);
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;

        if (Interlocked.Increment(ref _count) == 1)
        {
            _first.Cancel();
        }
        else
        {
            _second.Cancel();
        }
    }
}
