using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Relaying;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>Links over TCP under TLS 1.3, both sides proven by their certificates.</summary>
public sealed partial class TcpTransport : ITransport
{
    // Who is not let in yet waits in the system's queue, which costs the node nothing.
    private const int ListenBacklog = 1024;

    private readonly LinkHandshake _handshake;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Socket? _listener;
    private readonly Channel<ILink> _accepted = Channel.CreateBounded<ILink>(WireLimits.BacklogMax);
    private readonly HashSet<Link> _links = [];
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _gate = new();
    private readonly StrangerGate _strangers = new(WireLimits.StrangersMax, WireLimits.StrangersPerAddressMax);
    private readonly StrangerToll _toll;
    private readonly SwarmKeyring? _keyring;

    /// <summary>A transport that listens at <paramref name="listen"/>, or only dials when that is null.</summary>
    /// <param name="key">Who this node is.</param>
    /// <param name="hello">What it says of itself; its addresses are filled in when it names none.</param>
    /// <param name="listen">An address of this machine, or any (0.0.0.0, [::]); port 0 takes a free one.</param>
    /// <param name="time">The clock of every deadline.</param>
    /// <param name="log">Where refusals of strangers are noted.</param>
    /// <param name="keyring">The keys of a private swarm, which stay the caller's; null in a public one.</param>
    /// <param name="keepsPort">
    /// Whether a node that does not listen keeps a port for whom it meets at the same moment, where that can be.
    /// </param>
    /// <exception cref="ListenException">The port is taken, or the address is not of this machine.</exception>
    public TcpTransport(
        NodeKey key,
        Hello hello,
        IPEndPoint? listen,
        TimeProvider time,
        ILogger? log = null,
        SwarmKeyring? keyring = null,
        bool keepsPort = false)
    {
        _time = time;
        _toll = new StrangerToll(time);
        _keyring = keyring;
        _log = log ?? NullLogger.Instance;
        Hello own = hello.Clone();

        if (listen is not null)
        {
            _listener = Listen(listen);
            Endpoint = (IPEndPoint)_listener.LocalEndPoint!;
            _self = key.Id;
            Addresses = OwnAddresses = FindOwn(Endpoint);
        }
        else if (keepsPort && OperatingSystem.IsLinux())
        {
            _listener = Listen(new IPEndPoint(Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0));
            Endpoint = (IPEndPoint)_listener.LocalEndPoint!;
            KeepsPort = true;
        }

        if (own.Addresses.Count == 0)
        {
            own = own.WithAddresses(Addresses);
        }

        _handshake = new LinkHandshake(key, time, keyring) { Hello = own };

        if (keyring is not null)
        {
            keyring.Changed += RenewMemberships;
        }

        if (_listener is not null)
        {
            _ = AcceptAllAsync(_listener);
        }
    }

    /// <summary>Where this node listens, with the port the system chose; null when it does not.</summary>
    public IPEndPoint? Endpoint { get; }

    /// <inheritdoc/>
    public bool KeepsPort { get; }

    /// <inheritdoc/>
    public Hello Hello => _handshake.Hello;

    /// <inheritdoc/>
    public event DialledBackHandler? DialledBack;

    /// <inheritdoc/>
    public async ValueTask<ILink> DialAsync(PeerAddress address, CancellationToken cancel)
        => await LinkAsync(async stop => new SocketBearer(await ConnectAsync(address, stop)), address.Node, cancel);

    /// <inheritdoc/>
    public async ValueTask<ILink> DialOverAsync(
        Func<CancellationToken, Task<Circuit>> open, NodeId node, CancellationToken cancel)
        => await LinkAsync(async stop => new CircuitBearer(await open(stop)), node, cancel);

    /// <inheritdoc/>
    public async ValueTask<ILink?> AcceptOverAsync(Circuit circuit, CancellationToken cancel)
    {
        try
        {
            var bearer = new CircuitBearer(circuit);

            return _keyring is null || _handshake.Admits(await _handshake.ReadCookieAsync(bearer, cancel))
                ? await WelcomeAsync(bearer, cancel)
                : throw new LinkClosedException(NoKey);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException)
        {
            TcpTransportLog.StrangerInCircuit(_log, circuit.Stream.Link.Remote, e.Message);
            return null;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DialBackAsync(PeerAddress address, ReadOnlyMemory<byte> nonce, CancellationToken cancel)
        => _ = await DialAsync(
            async stop => new SocketBearer(await ConnectAsync(address, stop)),
            async (bearer, papers, stop) =>
            {
                await _handshake.DialBackAsync(bearer, address.Node, papers, nonce, stop);
                return true;
            },
            cancel);

    /// <inheritdoc/>
    public ValueTask<ILink> AcceptAsync(CancellationToken cancel)
        => _accepted.Reader.NextAsync(() => "This node has stopped listening.", cancel);

    /// <summary>Ends the node as SIGKILL would: no goodbye, every connection reset.</summary>
    public void Kill()
    {
        StopListening();

        foreach (Link link in Links())
        {
            link.Sever();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        StopListening();
        await Task.WhenAll(Links().Select(async link => await link.DisposeAsync()));
    }

    private Task<Link> LinkAsync(
        Func<CancellationToken, Task<Bearer>> connect, NodeId? node, CancellationToken cancel)
        => DialAsync(
            connect,
            async (bearer, papers, stop) => Track(await _handshake.DialAsync(bearer, node, papers, stop)),
            cancel);

    // While a key is being replaced some members know only the old one: where the first key fails, the next may do.
    private async Task<T> DialAsync<T>(
        Func<CancellationToken, Task<Bearer>> connect,
        Func<Bearer, LinkHandshake.Papers, CancellationToken, Task<T>> shake,
        CancellationToken cancel)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        IReadOnlyList<SwarmKey> keys = _keyring?.Keys ?? [];

        for (int shown = 1; ; shown++)
        {
            try
            {
                // Before it connects: the peer waits three seconds for the cookie, and a slow device makes its first
                // certificate in as many.
                LinkHandshake.Papers papers = _handshake.Prepare(keys.ElementAtOrDefault(shown - 1));
                return await shake(await connect(stop.Token), papers, stop.Token);
            }
            catch (LinkClosedException e) when (e.IsTurnedAway && shown < keys.Count)
            {
                // The same way with the next key.
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new LinkClosedException("This node is stopping.");
            }
        }
    }

    private static Socket Listen(IPEndPoint at)
    {
        var socket = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

        try
        {
            if (at.AddressFamily == AddressFamily.InterNetworkV6)
            {
                socket.DualMode = at.Address.Equals(IPAddress.IPv6Any);
            }

            socket.Bind(at);
            socket.Listen(ListenBacklog);
            Share(socket);
            return socket;
        }
        catch (SocketException e)
        {
            socket.Dispose();

            throw new ListenException(
                e.SocketErrorCode switch
                {
                    SocketError.AddressAlreadyInUse => $"Port {at.Port} is in use; choose another with --listen.",
                    SocketError.AddressNotAvailable => $"{at.Address} is no address of this machine.",
                    SocketError.AccessDenied => $"Port {at.Port} needs more rights; choose one above 1023.",
                    _ => $"Cannot listen at {at}: {e.Message}",
                },
                e);
        }
    }

    private async Task<Socket> ConnectAsync(PeerAddress address, CancellationToken cancel)
    {
        string why = "the name has no address";

        foreach (IPAddress ip in await ResolveAsync(address, cancel))
        {
            var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            using var patience = new CancellationTokenSource(LinkTimes.ConnectMax, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

            try
            {
                await socket.ConnectAsync(new IPEndPoint(ip, address.Port), either.Token);
                return socket;
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                cancel.ThrowIfCancellationRequested();
                why = e is SocketException ? e.Message : "no answer";
            }
        }

        throw new LinkClosedException($"Cannot reach {address}: {why}.");
    }

    private static async Task<IPAddress[]> ResolveAsync(PeerAddress address, CancellationToken cancel)
    {
        if (IPAddress.TryParse(address.Host, out IPAddress? literal))
        {
            return [literal];
        }

        try
        {
            return await Dns.GetHostAddressesAsync(address.Host, cancel);
        }
        catch (Exception e) when (e is SocketException or ArgumentException)
        {
            throw new LinkClosedException($"Cannot find {address.Host}: {e.Message}.", e);
        }
    }

    private void RenewMemberships()
    {
        foreach (Link link in Links())
        {
            link.RenewMembership();
        }
    }

    private Link Track(Link link)
    {
        lock (_gate)
        {
            _ = _links.Add(link);
        }

        _ = ForgetAsync(link);

        // Its key may have left the keyring while it was coming up.
        if (_keyring is not null && !link.IsMember)
        {
            link.RenewMembership();
        }

        if (_stop.IsCancellationRequested)
        {
            link.Abort(FaultCode.Leaving, "This node is stopping.");
        }

        return link;
    }

    private async Task ForgetAsync(Link link)
    {
        await link.Gone;

        lock (_gate)
        {
            _ = _links.Remove(link);
        }
    }

    private Link[] Links()
    {
        lock (_gate)
        {
            return [.. _links];
        }
    }

    private void StopListening()
    {
        if (_keyring is not null)
        {
            _keyring.Changed -= RenewMemberships;
        }

        _stop.Cancel();
        _listener?.Dispose();
        _ = _accepted.Writer.TryComplete();
    }
}
