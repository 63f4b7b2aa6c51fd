using System.Net.Sockets;
using Swarm.Node.Discovery.Lan;
using Swarm.Node.Discovery.Lan.Wire;

namespace Swarm.Node.Diagnosis;

/// <summary>
/// Whether multicast DNS works on this device: asks the group for a name that nobody has, and listens for that very
/// question on the port that all responders share.
/// </summary>
internal static class MulticastProbe
{
    private const int NameBytes = 5;

    // What this device sends comes back at once, or not at all; twice, because packets may get lost.
    private static readonly TimeSpan HearMax = TimeSpan.FromMilliseconds(300);
    private const int Tries = 2;

    /// <summary>Tries each interface.</summary>
    public static async Task<IReadOnlyList<HeardInterface>> RunAsync(
        IReadOnlyList<LanInterface> interfaces, TimeProvider time, CancellationToken cancel)
    {
        var random = new EntropyRandom();
        byte[] name = new byte[NameBytes];
        random.NextBytes(name);
        ushort id = (ushort)random.Next(1, ushort.MaxValue);
        var question = new DnsWriter(DnsLimits.SentBytesMax6, isResponse: false, id);
        _ = question.TryAsk(new DnsQuestion(LanNames.Instance(Base32.Encode(name)), DnsType.Txt));
        byte[] packet = question.ToArray();

        return await Task.WhenAll(interfaces.Select(at => ProbeAsync(at, packet, time, cancel)));
    }

    private static async Task<HeardInterface> ProbeAsync(
        LanInterface at, byte[] packet, TimeProvider time, CancellationToken cancel)
    {
        string? refusal = null;
        bool isOpen = false;

        foreach (AddressFamily family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6])
        {
            if (!at.Has(family))
            {
                continue;
            }

            try
            {
                using var shared = LanSocket.Open(at, family, isShared: true);
                using var own = LanSocket.Open(at, family, isShared: false);
                isOpen = true;

                if (await IsHeardAsync(shared, own, packet, time, cancel))
                {
                    return new HeardInterface(at.Name, IsHeard: true, Refusal: null);
                }
            }
            catch (SocketException refused)
            {
                refusal = refused.Message;
            }
        }

        return new HeardInterface(at.Name, IsHeard: false, isOpen ? null : refusal);
    }

    private static async Task<bool> IsHeardAsync(
        LanSocket shared, LanSocket own, byte[] packet, TimeProvider time, CancellationToken cancel)
    {
        byte[] buffer = new byte[DnsLimits.PacketBytesMax];

        for (int sent = 0; sent < Tries; sent++)
        {
            own.Send(new LanPacket(packet, To: null, IsOneShot: true));
            using var patience = new CancellationTokenSource(HearMax, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

            try
            {
                // Neighbours talk on this port, too.
                while (true)
                {
                    (int length, _) = await shared.ReceiveAsync(buffer, either.Token);

                    if (packet.AsSpan().SequenceEqual(buffer.AsSpan(0, length)))
                    {
                        return true;
                    }
                }
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                // Once more.
            }
        }

        return false;
    }
}
