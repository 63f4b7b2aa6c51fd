namespace Swarm.Protocol.Transport;

/// <summary>Leaves an address alone for a while after a dial to it failed.</summary>
internal sealed class DialBackOff(TimeProvider time, LinkPoolOptions options)
{
    // A peer can make us dial many addresses; what is beyond this is old and forgotten whole.
    private const int AddressesMax = 4096;

    private readonly Dictionary<PeerAddress, (int Failures, long Until)> _failed = [];
    private readonly Lock _gate = new();

    internal void ThrowIfTooSoon(PeerAddress address)
    {
        lock (_gate)
        {
            if (_failed.TryGetValue(address, out (int Failures, long Until) failed)
                && failed.Until > time.GetTimestamp())
            {
                throw new LinkClosedException($"{address} could not be reached a moment ago.");
            }
        }
    }

    internal void Succeeded(PeerAddress address)
    {
        lock (_gate)
        {
            _ = _failed.Remove(address);
        }
    }

    internal void Failed(PeerAddress address)
    {
        lock (_gate)
        {
            if (_failed.Count >= AddressesMax)
            {
                _failed.Clear();
            }

            int failures = _failed.TryGetValue(address, out (int Failures, long Until) failed) ? failed.Failures : 0;
            double factor = Math.Pow(2, Math.Min(failures, 16));
            TimeSpan wait = options.BackOffMin * factor < options.BackOffMax
                ? options.BackOffMin * factor
                : options.BackOffMax;

            long until = time.GetTimestamp() + (long)(wait.TotalSeconds * time.TimestampFrequency);
            _failed[address] = (failures + 1, until);
        }
    }
}
