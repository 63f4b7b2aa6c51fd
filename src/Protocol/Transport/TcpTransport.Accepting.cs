using System.Net;
using System.Net.Sockets;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Transport;

public sealed partial class TcpTransport
{
    private const string NoKey = "It does not show the swarm key of now: a stranger, or a wrong clock.";

    private async Task AcceptAllAsync(Socket listener)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                LetIn(await listener.AcceptAsync(_stop.Token));

                if (_toll.Collect() is { Ticks: > 0 } rest)
                {
                    long began = _time.GetTimestamp();
                    await Task.Delay(rest, _time, _stop.Token);
                    _toll.Rested(began, rest);
                }
            }
            catch (SocketException e)
            {
                // One connection failed before it was taken, or there are too many open files for a while.
                TcpTransportLog.AcceptFailed(_log, e.SocketErrorCode);
                await Task.Delay(TimeSpan.FromMilliseconds(50), _time);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private void LetIn(Socket socket)
    {
        long began = _time.GetTimestamp();
        var from = (IPEndPoint)socket.RemoteEndPoint!;

        if (TryHandOver(socket, from))
        {
            return;
        }

        // Kept for whom this node meets, and for nobody else.
        if (KeepsPort)
        {
            socket.Close(0);
            _toll.Charge(began);
            return;
        }

        var bearer = new SocketBearer(socket);
        byte[]? cookie = _keyring is null ? null : LinkHandshake.TryReadCookie(bearer);

        if (cookie is not null && !_handshake.Admits(cookie))
        {
            Refuse(socket, from, NoKey);
            _toll.Charge(began);
        }
        else if (_strangers.Enter(socket, from.Address, silent: _keyring is not null && cookie is null) is { } stranger)
        {
            _ = WelcomeAsync(bearer, socket, from, stranger, cookie is null ? began : null);
        }
        else
        {
            socket.Dispose();
            _toll.Charge(began);
        }
    }

    // Who has shown nothing yet, in a private swarm, came in at some moment.
    private async Task WelcomeAsync(
        SocketBearer bearer, Socket socket, IPEndPoint from, StrangerGate.Stranger stranger, long? silentSince)
    {
        try
        {
            if (_keyring is not null && silentSince is { } came)
            {
                // Waiting costs nothing.
                Task<byte[]?> coming = _handshake.ReadCookieAsync(bearer, _stop.Token);
                _toll.Charge(came);
                byte[]? cookie = await coming;
                long began = _time.GetTimestamp();

                if (!_handshake.Admits(cookie))
                {
                    Refuse(socket, from, NoKey);
                    _toll.Charge(began);
                    return;
                }

                _strangers.Admit(stranger);
            }

            _ = await WelcomeAsync(bearer, _stop.Token);
        }
        catch (Exception e) when (e is LinkClosedException or FaultException or OperationCanceledException
            or SocketException)
        {
            Refuse(socket, from, e.Message);
        }
        finally
        {
            _strangers.Leave(stranger);
        }
    }

    // At once: a stranger leaves no connection behind that waits for its end.
    private void Refuse(Socket socket, IPEndPoint from, string why)
    {
        socket.Close(0);
        TcpTransportLog.StrangerRefused(_log, from, why);
    }

    // The link that came up; null when none was wanted, or too many wait.
    private async Task<ILink?> WelcomeAsync(Bearer bearer, CancellationToken cancel)
    {
        Link? link = await _handshake.AcceptAsync(bearer, expected: null, DialledBack, cancel);

        if (link is null || _accepted.Writer.TryWrite(Track(link)))
        {
            return link;
        }

        link.Abort(FaultCode.Busy, "Too many links wait to be accepted.");
        return null;
    }
}
