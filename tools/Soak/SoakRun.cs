using System.Diagnostics;
using Swarm.Inference.Model;
using Swarm.Protocol;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;
using Swarm.Simulator;

namespace Swarm.Soak;

/// <summary>Nodes that join, leave and are killed, while others look at what they find.</summary>
internal sealed class SoakRun : IDisposable
{
    private const int GroupBlocks = 8;
    private const int Doors = 3;

    // A start that takes longer is one that hangs.
    private static readonly TimeSpan StartMax = TimeSpan.FromSeconds(30);

    private readonly SoakOptions _options;
    private readonly Random _random;
    private readonly byte[] _secret = new byte[SwarmKey.Size];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("swarm-soak-");
    private readonly Lock _gate = new();
    private readonly List<SoakNode> _ready = [];
    private readonly List<Task> _going = [];
    private readonly Queue<(string KeyFile, BlockRange Blocks)> _returning = new();
    private readonly List<WeakReference> _all = [];
    private int _born;

    public SoakRun(SoakOptions options)
    {
        _options = options;
        _random = new Random(options.Seed);
        using var key = SwarmKey.Create();
        key.Write(_secret);
    }

    public SoakTruth Truth { get; } = new();

    public Samples StartSeconds { get; } = new();

    public int Killed { get; private set; }

    public int Left { get; private set; }

    public int Returned { get; private set; }

    /// <summary>Starts and ends that did not come to their end, in words.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Objects of nodes that have ended and that something still holds.</summary>
    public int Remaining => _all.Count(node => node.IsAlive);

    public int Live
    {
        get
        {
            lock (_gate)
            {
                return _ready.Count;
            }
        }
    }

    /// <summary>Starts all nodes, four at a time.</summary>
    public async Task BeginAsync()
    {
        await StartOneAsync();

        for (int started = 1; started < _options.Nodes; started += 4)
        {
            await Task.WhenAll(
                Enumerable.Range(0, Math.Min(4, _options.Nodes - started)).Select(_ => StartOneAsync()));
        }
    }

    /// <summary>For some seconds nodes go, each in its own way, and others come.</summary>
    public async Task ChurnAsync(CancellationToken stop)
    {
        try
        {
            while (_options.DeathsPerMinute > 0)
            {
                double wait = -Math.Log(1 - Chance()) * 60 / _options.DeathsPerMinute;
                await Task.Delay(TimeSpan.FromSeconds(wait), stop);
                _ = _going.RemoveAll(task => task.IsCompletedSuccessfully);

                if (Take() is { } node)
                {
                    _going.Add(ReplaceAsync(node, kill: Chance() < 0.5));
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over.
        }
    }

    /// <summary>One of those that are there, drawn by the caller's own chance.</summary>
    public SoakNode? Draw(Random random)
    {
        lock (_gate)
        {
            return _ready.Count == 0 ? null : _ready[random.Next(_ready.Count)];
        }
    }

    /// <summary>All nodes end, half of them by force.</summary>
    public async Task EndAsync()
    {
        await Task.WhenAll(_going);

        while (Take() is { } node)
        {
            await EndOneAsync(node, Live % 2 == 0);
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private double Chance()
    {
        lock (_gate)
        {
            return _random.NextDouble();
        }
    }

    private SoakNode? Take()
    {
        lock (_gate)
        {
            if (_ready.Count == 0)
            {
                return null;
            }

            int place = _random.Next(_ready.Count);
            SoakNode node = _ready[place];
            _ready.RemoveAt(place);
            return node;
        }
    }

    private async Task ReplaceAsync(SoakNode node, bool kill)
    {
        await EndOneAsync(node, kill);
        await StartOneAsync();
    }

    private async Task EndOneAsync(SoakNode node, bool kill)
    {
        Truth.Ending(node.Id);

        try
        {
            if (kill)
            {
                Task ended = node.KillAsync();
                Truth.Ended(node.Id, withdrawn: false);
                await ended;
            }
            else
            {
                await node.LeaveAsync();
                Truth.Ended(node.Id, withdrawn: true);
            }
        }
        catch (Exception e) when (e is ProtocolException or LinkClosedException or ObjectDisposedException)
        {
            Fail($"an end failed: {e.Message}");
        }

        lock (_gate)
        {
            Killed += kill ? 1 : 0;
            Left += kill ? 0 : 1;

            // A machine that was switched off comes back under its name.
            if (kill)
            {
                _returning.Enqueue((node.KeyFile, node.Blocks));
            }
        }
    }

    private async Task StartOneAsync()
    {
        (SoakNode node, PeerAddress[] doors) = Create();
        long begun = Stopwatch.GetTimestamp();
        using var patience = new CancellationTokenSource(StartMax);

        try
        {
            await node.StartAsync(doors, patience.Token);
            Truth.Ready(node.Id);

            lock (_gate)
            {
                StartSeconds.Add(Stopwatch.GetElapsedTime(begun).TotalSeconds);
                _ready.Add(node);
            }
        }
        catch (Exception e) when (e is LinkClosedException or FaultException or OperationCanceledException)
        {
            // All its doors may have been killed while it knocked.
            if (doors.Any(door => Truth.Sure(begun).Count > 0 && IsOpen(door)))
            {
                Fail($"a start failed: {e.Message}");
            }

            await node.KillAsync();
            Truth.Ending(node.Id);
            Truth.Ended(node.Id, withdrawn: false);
        }
    }

    private (SoakNode Node, PeerAddress[] Doors) Create()
    {
        lock (_gate)
        {
            string file = Path.Combine(_folder.FullName, $"{_born++}.pem");
            int first = GroupBlocks * _random.Next((SoakNode.BlockCount / GroupBlocks) - 1);
            var blocks = new BlockRange(first, first + (2 * GroupBlocks));

            // One in four is one that was killed some time before.
            if (_returning.Count > 0 && _random.Next(4) == 0)
            {
                (file, blocks) = _returning.Dequeue();
                Returned++;
            }

            var node = new SoakNode(file, _secret, blocks, _options.Lease);
            PeerAddress[] doors = [.. _ready.OrderBy(_ => _random.Next()).Take(Doors).Select(other => other.Address)];
            Truth.Begin(node);
            _all.Add(new WeakReference(node.Dht));
            return (node, doors);
        }
    }

    private bool IsOpen(PeerAddress door)
    {
        lock (_gate)
        {
            return _ready.Exists(node => node.Address == door);
        }
    }

    private void Fail(string what)
    {
        lock (_gate)
        {
            Failures.Add(what);
        }
    }
}
