using System.Net;
using System.Net.Sockets;

namespace Swarm.Protocol.Transport;

/// <summary>
/// Leaves an address alone for a while after a dial to it failed, and a device after dials to several nodes that are
/// not there: whoever names nodes that do not exist cannot aim this node at somebody.
/// </summary>
internal sealed class DialBackOff(TimeProvider time, LinkPoolOptions options)
{
    // A peer can make us dial many addresses; what is beyond this is forgotten whole.
    private const int AddressesMax = 4096;

    // What is old is looked for when there is half as much again as was left the last time.
    private const int SweepAtLeast = 16;

    private static readonly TimeSpan Memory = TimeSpan.FromMinutes(1);

    private readonly Dictionary<PeerAddress, (int Failures, long Until)> _failed = [];
    private readonly Dictionary<(string Host, int Port), List<(PeerAddress Address, long At)>> _absent = [];
    private readonly Lock _gate = new();
    private int _sweepAt = SweepAtLeast;

    /// <summary>Why the address is not dialled now, or null when it may be.</summary>
    internal string? Refusal(PeerAddress address)
    {
        lock (_gate)
        {
            if (_failed.TryGetValue(address, out (int Failures, long Until) failed)
                && failed.Until > time.GetTimestamp())
            {
                return $"{address} could not be reached a moment ago.";
            }

            if (AbsentAt(address) is { } absent
                && absent.Count >= options.AbsentNodesMax
                && absent.TrueForAll(other => other.Address != address))
            {
                return $"Several nodes that were to be at {address.Host} are not there.";
            }

            return null;
        }
    }

    internal void Succeeded(PeerAddress address)
    {
        lock (_gate)
        {
            _ = _failed.Remove(address);
            _ = _absent.Count > 0 && _absent.Remove(DeviceOf(address));
        }
    }

    internal void Failed(PeerAddress address)
    {
        lock (_gate)
        {
            if (_failed.Count >= _sweepAt)
            {
                Sweep();
            }

            int failures = _failed.TryGetValue(address, out (int Failures, long Until) failed) ? failed.Failures : 0;
            double factor = Math.Pow(2, Math.Min(failures, 16));
            TimeSpan wait = options.BackOffMin * factor < options.BackOffMax
                ? options.BackOffMin * factor
                : options.BackOffMax;

            long until = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
            _failed[address] = (failures + 1, until);

            if (address.Node is not null)
            {
                List<(PeerAddress Address, long At)> absent = AbsentAt(address) ?? new(1);
                _ = absent.RemoveAll(other => other.Address == address);
                absent.Add((address, time.GetTimestamp()));
                _absent[DeviceOf(address)] = absent;
            }
        }
    }

    // What has not been dialled for a while begins anew.
    private void Sweep()
    {
        foreach ((PeerAddress address, (int _, long until)) in _failed)
        {
            if (time.GetElapsedTime(until) > Memory)
            {
                _ = _failed.Remove(address);
            }
        }

        foreach (((string Host, int Port) device, List<(PeerAddress Address, long At)> absent) in _absent)
        {
            if (absent.TrueForAll(other => time.GetElapsedTime(other.At) > Memory))
            {
                _ = _absent.Remove(device);
            }
        }

        if (_failed.Count >= AddressesMax || _absent.Count >= AddressesMax)
        {
            _failed.Clear();
            _absent.Clear();
        }

        _sweepAt = Math.Clamp(_failed.Count * 3 / 2, SweepAtLeast, AddressesMax);
    }

    // An address without a node is no hearsay: somebody here typed it.
    private List<(PeerAddress Address, long At)>? AbsentAt(PeerAddress address)
    {
        if (address.Node is null
            || _absent.Count == 0
            || !_absent.TryGetValue(DeviceOf(address), out List<(PeerAddress Address, long At)>? absent))
        {
            return null;
        }

        _ = absent.RemoveAll(other => time.GetElapsedTime(other.At) > Memory);
        return absent;
    }

    // On the own network every port is told apart: a device there may run several nodes, and may be this one.
    private static (string Host, int Port) DeviceOf(PeerAddress address)
    {
        if (!IPAddress.TryParse(address.Host, out IPAddress? ip))
        {
            return (address.Host, address.Port);
        }

        // 127.1, 0x7f.0.0.1 and ::ffff:127.0.0.1 are one device.
        ip = ReachableAddresses.Plain(ip);
        string host = ip.ToString();

        // One text is kept, not two: a node remembers dozens.
        return (host == address.Host ? address.Host : host, IsOwnNetwork(ip) ? address.Port : 0);
    }

    private static bool IsOwnNetwork(IPAddress ip)
        => IPAddress.IsLoopback(ip) || (ip.AddressFamily == AddressFamily.InterNetwork
            ? ip.GetAddressBytes() is [10, ..] or [192, 168, ..] or [169, 254, ..] or [172, >= 16 and <= 31, ..]
            : ip.IsIPv6LinkLocal || ip.IsIPv6UniqueLocal);
}
