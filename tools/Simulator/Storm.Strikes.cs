using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Testing;
using Swarm.Testing.Kademlia;
using Strike = Swarm.Simulator.StormWeather.Strike;

namespace Swarm.Simulator;

// What goes wrong, and what mends it.
public sealed partial class Storm
{
    // So many stay, whatever strikes: a swarm of two has nothing to recover with.
    private const int LivingMin = 5;

    private async Task<DhtMember?> StrikeAsync()
    {
        Strike strike = _weather.Strikes[_loop.Random.Next(_weather.Strikes.Count)];
        DhtMember struck = _swarm.Pick();
        SimulatedNetwork network = _swarm.Network;
        Note($"{strike} {struck.Id}");

        switch (strike)
        {
            case Strike.Kill or Strike.Vanish:
                return Kill(struck, silently: strike == Strike.Vanish);
            case Strike.Revive:
                return await ReviveAsync();
            case Strike.Freeze:
                network.Freeze(struck.Id);
                _ = _frozen.Add(struck.Id);
                break;
            case Strike.Hide:
                network.Hide(struck.Id);
                _ = _closed.Add(struck.Id);
                await TellAsync(struck, "record of a hidden node read");
                break;
            case Strike.Refuse:
                network.Refuse(struck.Id);
                _ = _closed.Add(struck.Id);
                break;
            case Strike.Slow:
                network.Slow(struck.Id, TimeSpan.FromMilliseconds(500));
                _ = _slow.Add(struck.Id);
                break;
            case Strike.OneWay:
                await CutAsync(struck);
                break;
            case Strike.Halves:
                network.Partition(_swarm.Members.Where((_, i) => i % 2 == 0).Select(member => member.Id));
                _halved = true;
                break;
            case Strike.Isolate:
                network.Partition([struck.Id]);
                network.Note("isolate", struck.Id);
                break;
            case Strike.Reset:
                network.ResetLinks(struck.Id, _swarm.Pick().Id);
                break;
            case Strike.ClockJump:
                Jump(struck);
                break;
            default:
                await WithdrawAsync();
                break;
        }

        return struck;
    }

    private DhtMember? Kill(DhtMember struck, bool silently)
    {
        if (_swarm.Servers.Count() <= LivingMin)
        {
            return null;
        }

        struck.Kill(silently);
        _dead.Add(struck);
        _ = _frozen.Remove(struck.Id);
        return struck;
    }

    // It starts again under its name and at its address, and knows nothing.
    private async Task<DhtMember?> ReviveAsync()
    {
        if (_dead.FindLast(one => one.IsServer && !_swarm.Members.Any(other => other.Id == one.Id)) is not { } dead)
        {
            return null;
        }

        _ = _dead.Remove(dead);
        DhtMember again = _swarm.Revive(dead);
        _swarm.Network.Note("revive", again.Id);
        _ = await again.StartAsync([.. _swarm.Servers.Where(one => one != again).Take(2).Select(one => one.Address)]);
        await _swarm.WaitAsync(5);
        Meet(
            "returned under its name",
            again.Dht.IsReady && _swarm.Members.Any(other => other.Contacts.Contains(again.Id)));
        return again;
    }

    private async Task CutAsync(DhtMember from)
    {
        DhtMember to = _swarm.Pick();

        if (to == from)
        {
            return;
        }

        _swarm.Network.Cut(from.Id, to.Id);
        Word? word = _words.FindLast(one => one.Publisher.IsAlive && !one.IsWithdrawn);

        if (word is not null)
        {
            IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(to, word.Key);
            Meet("read over a one-way cut", found.Any(record => record.Signer == word.Publisher.Id));
        }
    }

    // Nobody can dial it, but it says something.
    private async Task TellAsync(DhtMember member, string path)
    {
        NodeId key = _swarm.PickPoint();
        _words.Add(new Word(
            member,
            key,
            await member.Dht.PublishAsync(key, new byte[] { 2 }, Lease, CancellationToken.None))
        {
            Said = _loop.Clock.GetTimestamp(),
        });
        DhtMember reader = _swarm.Pick();
        Meet(path, reader != member && (await DhtSwarm.ReadAsync(reader, key)).Count > 0);
    }

    private void Jump(DhtMember struck)
    {
        var clock = (SkewedClock)struck.Clock;
        _ = _jumped.TryAdd(struck.Id, clock.Offset);
        clock.Offset += TimeSpan.FromSeconds(_loop.Random.Next(2) == 0 ? 300 : -300);
        _swarm.Network.Note("clock jump", struck.Id);
    }

    private async Task WithdrawAsync()
    {
        if (_words.FindLast(one => one.Publisher.IsAlive && !one.IsWithdrawn) is not { } word)
        {
            return;
        }

        word.IsWithdrawn = true;
        _swarm.Network.Note("withdraw", word.Publisher.Id);
        _ = await word.Publication.WithdrawAsync(Tombstone, CancellationToken.None);
        IReadOnlyList<FoundRecord> found = await DhtSwarm.ReadAsync(_swarm.Pick(), word.Key);
        Meet("tombstone read", found.Any(record => record.Value.Span.SequenceEqual(Tombstone)));
    }

    private void Mend()
    {
        _swarm.Network.Heal();

        foreach (DhtMember member in _swarm.Members)
        {
            if (_closed.Remove(member.Id))
            {
                _swarm.Network.Open(member.Id);
            }

            if (_slow.Remove(member.Id))
            {
                _swarm.Network.Slow(member.Id, TimeSpan.Zero);
            }

            if (_frozen.Contains(member.Id))
            {
                _swarm.Network.Thaw(member.Id);
            }

            if (_jumped.Remove(member.Id, out TimeSpan right))
            {
                ((SkewedClock)member.Clock).Offset = right;
            }
        }
    }
}
