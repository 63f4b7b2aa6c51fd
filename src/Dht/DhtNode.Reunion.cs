using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

// Whoever was lost may come back, alone or with half of the swarm.
public sealed partial class DhtNode
{
    // When one that was lost is back, so many others are tried at once.
    private const int TriedAtOnceMax = 8;

    private readonly Queue<Contact> _remembered = new();
    private readonly HashSet<PeerAddress> _silentBootstraps = [];

    // A node that knows nobody tries its bootstrap addresses; one that knows some tries now and then somebody it lost,
    // so that two halves of a swarm find each other again when what parted them is gone.
    private async Task SeekTheLostAsync(CancellationToken cancel)
    {
        TimeSpan soughtAt = Elapsed;
        TimeSpan greetedAt = Elapsed;

        while (true)
        {
            await Task.Delay(Jittered(_options.BootstrapInterval), _time, cancel);

            if ((_table.Count == 0 || !_isReady) && _bootstraps.Count > 0 && !_isJoining)
            {
                _ = await JoinAsync(cancel);
            }

            if (_table.Count > 0 && Elapsed - soughtAt < _options.SeekInterval)
            {
                continue;
            }

            soughtAt = Elapsed;
            bool greets = Elapsed - greetedAt >= _options.RefreshInterval;
            greetedAt = greets ? Elapsed : greetedAt;
            int back = await TryTheLostAsync(1, cancel) + (await TryBootstrapAsync(greets, cancel) ? 1 : 0);

            if (back > 0)
            {
                await ReuniteAsync(back, cancel);
            }
        }
    }

    // One node may have been away alone. With others it was part of another half, in which nobody knows whom we met
    // since, and where older records of ours may be left.
    private async Task ReuniteAsync(int back, CancellationToken cancel)
    {
        back += await TryTheLostAsync(TriedAtOnceMax, cancel);

        if (back > 1)
        {
            await FindPlaceAsync(cancel);
        }

        await SearchHoldersAnewAsync(cancel);
    }

    private async Task<int> TryTheLostAsync(int most, CancellationToken cancel)
    {
        var tried = new List<Contact>();

        lock (_gate)
        {
            while (tried.Count < most && _remembered.TryDequeue(out Contact? lost))
            {
                if (!_table.Contains(lost.Id))
                {
                    tried.Add(lost);
                }
            }
        }

        Envelope?[] answers = await Task.WhenAll(tried.Select(lost => PingAsync(lost, cancel)));

        foreach (Contact lost in tried.Where((_, i) => answers[i] is null))
        {
            Remember(lost);
        }

        return answers.Count(answer => answer is not null);
    }

    // Whether one that was silent answers again. Those that are silent are tried each time, those that only found no
    // room in the table now and then.
    private async Task<bool> TryBootstrapAsync(bool greets, CancellationToken cancel)
    {
        PeerAddress address;

        lock (_gate)
        {
            PeerAddress[] unknown = [.. _bootstraps
                .Where(known => known.Value is not { } node || (node != Id && !_table.Contains(node)))
                .Select(known => known.Key)
                .Where(address => greets || _silentBootstraps.Contains(address))];

            if (unknown.Length == 0)
            {
                return false;
            }

            address = unknown[_random.Next(unknown.Length)];
        }

        if (await GreetAsync(address, cancel) is not null)
        {
            return _silentBootstraps.Remove(address);
        }

        _ = _silentBootstraps.Add(address);
        return false;
    }

    private void Remember(Contact lost)
    {
        lock (_gate)
        {
            if (_remembered.Count == DhtLimits.RememberedMax)
            {
                _ = _remembered.Dequeue();
            }

            _remembered.Enqueue(lost);
        }
    }
}
