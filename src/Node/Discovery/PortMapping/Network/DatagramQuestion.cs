using System.Net;
using System.Net.Sockets;

namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>One question and its answer over UDP: asked again until something that answers it arrives.</summary>
internal static class DatagramQuestion
{
    /// <summary>
    /// Asks the gateway from a fresh port, each try as long as <paramref name="patience"/> says. Datagrams from
    /// elsewhere, malformed ones and those for which <paramref name="read"/> gives null are passed over.
    /// </summary>
    /// <exception cref="GatewayException">Nobody answered, or <paramref name="read"/> found a refusal.</exception>
    public static async Task<T> AskAsync<T>(
        IGatewayNetwork network,
        Gateway gateway,
        ReadOnlyMemory<byte> question,
        Func<ReadOnlyMemory<byte>, T?> read,
        IReadOnlyList<TimeSpan> patience,
        TimeProvider time,
        CancellationToken cancel)
        where T : class
    {
        var target = new IPEndPoint(gateway.Address, PortMappingLimits.ServerPort);

        // One more byte than allowed shows what was too long.
        byte[] buffer = new byte[PortMappingLimits.PcpBytesMax + 1];

        try
        {
            using IDatagrams socket = network.Open(gateway);

            foreach (TimeSpan wait in patience)
            {
                using var deadline = new CancellationTokenSource(wait, time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);

                try
                {
                    await socket.SendAsync(question, target, either.Token);
                    return await ReadAsync(socket, target, buffer, read, either.Token);
                }
                catch (OperationCanceledException)
                {
                    cancel.ThrowIfCancellationRequested();
                }
            }
        }
        catch (SocketException broken)
        {
            throw new GatewayException(GatewayFault.Silent, $"The gateway is out of reach: {broken.Message}", broken);
        }

        throw new GatewayException(GatewayFault.Silent, "The gateway does not answer.");
    }

    private static async Task<T> ReadAsync<T>(
        IDatagrams socket,
        IPEndPoint expected,
        byte[] buffer,
        Func<ReadOnlyMemory<byte>, T?> read,
        CancellationToken cancel)
        where T : class
    {
        for (int i = 0; i < PortMappingLimits.DatagramsMax; i++)
        {
            (int count, IPEndPoint source) = await socket.ReceiveAsync(buffer, cancel);

            if (source.Equals(expected) && TryRead(read, buffer.AsMemory(0, count)) is { } answer)
            {
                return answer;
            }
        }

        throw new GatewayException(GatewayFault.Silent, "The gateway's answer drowned in a flood of datagrams.");
    }

    private static T? TryRead<T>(Func<ReadOnlyMemory<byte>, T?> read, ReadOnlyMemory<byte> datagram)
        where T : class
    {
        try
        {
            return read(datagram);
        }
        catch (GatewayException error) when (error.Fault is GatewayFault.Malformed)
        {
            return null;
        }
    }
}
