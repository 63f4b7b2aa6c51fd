using System.Net;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;

namespace Swarm.Benchmarks;

/// <summary>A node of a private swarm on loopback, as one process of a load measurement has it.</summary>
internal sealed class LoadNode : IAsyncDisposable
{
    private readonly NodeKey _key = NodeKey.Create();
    private readonly SwarmKeyring _keyring;

    public LoadNode(string secret)
    {
        _keyring = new SwarmKeyring([SwarmKey.Read(Convert.FromHexString(secret))]);
        Hello hello = Hellos.Create(SwarmId.FromName("bench"), numerics: 1, "swarm bench", "bench", server: true);
        Transport = new TcpTransport(
            _key, hello, new IPEndPoint(IPAddress.Loopback, 0), TimeProvider.System, log: null, _keyring);
    }

    public TcpTransport Transport { get; }

    /// <summary>A new swarm's key, as the other process is told it.</summary>
    public static string NewSecret()
    {
        using var key = SwarmKey.Create();
        byte[] secret = new byte[SwarmKey.Size];
        key.Write(secret);
        return Convert.ToHexString(secret);
    }

    /// <summary>Accepts links and keeps them, and answers the first stream of each, byte for byte.</summary>
    public async Task ServeAsync(List<ILink> links, CancellationToken cancel)
    {
        try
        {
            while (true)
            {
                ILink link = await Transport.AcceptAsync(cancel);
                links.Add(link);
                _ = EchoAsync(link, cancel);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException)
        {
            // The measurement is over.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Transport.DisposeAsync();
        _keyring.Dispose();
        _key.Dispose();
    }

    private static async Task EchoAsync(ILink link, CancellationToken cancel)
    {
        try
        {
            await using ILinkStream stream = await link.AcceptAsync(cancel);
            byte[] bytes = [];

            while (await stream.ReceiveAsync(cancel) is { } message)
            {
                bytes = bytes.Length == stream.PayloadLength ? bytes : new byte[stream.PayloadLength];
                await stream.ReadPayloadAsync(bytes, cancel);
                await stream.SendAsync(message, bytes, cancel);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or LinkClosedException)
        {
            // The measurement is over.
        }
    }
}
