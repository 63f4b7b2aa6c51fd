using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Identity;

namespace Swarm.Protocol.Transport;

// Connections that begin at the port this node listens at: routers keep the way open that they came from.
public sealed partial class TcpTransport
{
    // Whose connections are not strangers': they are dialled at the same time, and either may come first.
    private readonly Dictionary<IPEndPoint, TaskCompletionSource<Socket>> _expected = [];

    /// <inheritdoc/>
    public async ValueTask<ILink> DialFromListenerAsync(PeerAddress address, CancellationToken cancel)
        => await LinkAsync(stop => ConnectFromListenerAsync(address, stop), address.Node, cancel);

    /// <inheritdoc/>
    public async ValueTask<ILink> PunchAsync(
        PeerAddress address, bool leads, TimeSpan after, CancellationToken cancel)
    {
        if (address.Node is not { } node || !IPAddress.TryParse(address.Host, out IPAddress? ip))
        {
            throw new LinkClosedException($"{address} does not say where and who is meant.");
        }

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        Bearer? bearer = null;

        try
        {
            // Before it connects: who waits for a cookie is not kept waiting for a certificate.
            LinkHandshake.Papers papers = _handshake.Prepare(leads ? SharedKey(node) : null);
            bearer = new SocketBearer(
                await ConnectBothWaysAsync(new IPEndPoint(ip, address.Port), after, stop.Token), isFromListener: true);

            return leads
                ? Track(await _handshake.DialAsync(bearer, node, papers, stop.Token))
                : await FollowAsync(bearer, node, stop.Token);
        }
        catch (Exception e)
        {
            bearer?.Sever();
            cancel.ThrowIfCancellationRequested();

            if (e is SocketException or OperationCanceledException)
            {
                throw new LinkClosedException($"No way through to {address}: {e.Message}", e);
            }

            throw;
        }
    }

    // As a server in TLS, and only for this node.
    private async Task<Link> FollowAsync(Bearer bearer, NodeId node, CancellationToken cancel)
    {
        if (_keyring is not null && !_handshake.Admits(await _handshake.ReadCookieAsync(bearer, cancel)))
        {
            throw new LinkClosedException(NoKey);
        }

        return await _handshake.AcceptAsync(bearer, node, onDialledBack: null, cancel) is { } link
            ? Track(link)
            : throw new LinkClosedException("The peer brought a nonce where a link was to be.");
    }

    // What it has proved over the relay.
    private SwarmKey? SharedKey(NodeId node)
        => Links().Where(link => link.Remote == node).Select(link => link.SharedKey).OfType<SwarmKey>().FirstOrDefault()
            ?? _keyring?.Keys[0];

    private async Task<Bearer> ConnectFromListenerAsync(PeerAddress address, CancellationToken cancel)
    {
        if (CanShare && IPAddress.TryParse(address.Host, out IPAddress? ip))
        {
            using var patience = new CancellationTokenSource(LinkTimes.ConnectMax, _time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

            try
            {
                Socket socket = await ConnectFromListenerAsync(new IPEndPoint(ip, address.Port), either.Token);
                return new SocketBearer(socket, isFromListener: true);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException)
            {
                // An earlier connection between these two ports is not forgotten yet: then from any port.
                cancel.ThrowIfCancellationRequested();
            }
        }

        return new SocketBearer(await ConnectAsync(address, cancel));
    }

    // The peer's packets meet this node's on the way (simultaneous open), or come first, and then to the listener.
    private async Task<Socket> ConnectBothWaysAsync(IPEndPoint peer, TimeSpan after, CancellationToken cancel)
    {
        if (!CanShare)
        {
            throw new LinkClosedException("This node cannot dial from the port it listens at.");
        }

        var came = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);

        lock (_gate)
        {
            if (!_expected.TryAdd(peer, came))
            {
                throw new LinkClosedException($"{peer} is being met already.");
            }
        }

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task<Socket> made = ConnectAfterAsync(peer, after, over.Token);
        Socket? taken = null;

        try
        {
            _ = await Task.WhenAny(made, came.Task);

            // A dial that failed may have opened the way for the peer's.
            return taken = made.IsCompletedSuccessfully ? await made : await came.Task.WaitAsync(cancel);
        }
        finally
        {
            lock (_gate)
            {
                _ = _expected.Remove(peer);
            }

            _ = came.TrySetCanceled(CancellationToken.None);
            over.Cancel();
            _ = DropAsync(made, taken);
            _ = DropAsync(came.Task, taken);
        }
    }

    private async Task<Socket> ConnectAfterAsync(IPEndPoint peer, TimeSpan after, CancellationToken cancel)
    {
        await Task.Delay(after, _time, cancel);
        return await ConnectFromListenerAsync(peer, cancel);
    }

    private async Task<Socket> ConnectFromListenerAsync(IPEndPoint peer, CancellationToken cancel)
    {
        var socket = new Socket(peer.AddressFamily, SocketType.Stream, ProtocolType.Tcp);

        try
        {
            Share(socket);
            IPAddress any = peer.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
            IPAddress own = ReachableAddresses.Plain(Endpoint!.Address);
            bool isAny = own.Equals(IPAddress.Any) || own.Equals(IPAddress.IPv6Any);
            socket.Bind(new IPEndPoint(isAny || own.AddressFamily != peer.AddressFamily ? any : own, Endpoint.Port));
            await socket.ConnectAsync(peer, cancel);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Proven on Linux only; elsewhere a second socket at a port means other things.
    private bool CanShare => OperatingSystem.IsLinux() && Endpoint is not null;

    // A listener is shared only once it holds its port alone: a second node on this machine still finds it taken.
    private static void Share(Socket socket)
    {
        if (OperatingSystem.IsLinux())
        {
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        }
    }

    private bool TryHandOver(Socket socket, IPEndPoint from)
    {
        lock (_gate)
        {
            var peer = new IPEndPoint(ReachableAddresses.Plain(from.Address), from.Port);
            return _expected.TryGetValue(peer, out TaskCompletionSource<Socket>? came) && came.TrySetResult(socket);
        }
    }

    private static async Task DropAsync(Task<Socket> coming, Socket? taken)
    {
        try
        {
            Socket socket = await coming;

            if (socket != taken)
            {
                socket.Dispose();
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException)
        {
            // It came to nothing.
        }
    }
}
