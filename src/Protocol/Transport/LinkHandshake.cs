using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Wire;

namespace Swarm.Protocol.Transport;

/// <summary>
/// From a connected socket to a link: in a private swarm a cookie, then TLS with both certificates checked, then a
/// Hello each way.
/// </summary>
internal sealed class LinkHandshake(NodeKey key, TimeProvider time, SwarmKeyring? keyring)
{
    // TCP gives up on unacknowledged bytes after this long (Linux; RFC 5482).
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    private static readonly SslApplicationProtocol Protocol = new("swarm/1");

    // Half a certificate's life, so that none expires while a peer's clock is behind.
    private static readonly TimeSpan RenewEvery = TimeSpan.FromHours(12);

    private readonly LinkCookies _cookies = new(time);
    private readonly Lock _gate = new();
    private OwnCertificate? _certificate;

    /// <summary>What this node says of itself; replaced, never changed.</summary>
    internal required Hello Hello { get; set; }

    /// <summary>Makes what a dial shows, with a key in a private swarm.</summary>
    internal Papers Prepare(SwarmKey? member)
        => new(Certificate(), member is null ? null : LinkCookies.Bake(member, time.GetUtcNow()));

    /// <summary>Dials the node that must answer, if one must.</summary>
    /// <param name="socket">The connection.</param>
    /// <param name="expected">The only node that may answer, or null.</param>
    /// <param name="papers">What this node shows.</param>
    /// <param name="cancel">Ends the attempt.</param>
    internal async Task<Link> DialAsync(Socket socket, NodeId? expected, Papers papers, CancellationToken cancel)
    {
        var verdict = new Verdict(papers.Own, keyring, expected, time);

        return await ShakeAsync(
            socket,
            dials: true,
            verdict,
            async (tls, patience) =>
            {
                if (papers.Cookie is { } cookie)
                {
                    _ = await socket.SendAsync(cookie, patience);
                }

                await tls.AuthenticateAsClientAsync(ClientOptions(verdict), patience);
            },
            cancel);
    }

    /// <summary>Answers a dial whose cookie, in a private swarm, has been read.</summary>
    internal async Task<Link> AcceptAsync(Socket socket, CancellationToken cancel)
    {
        var verdict = new Verdict(Certificate(), keyring, expected: null, time);

        return await ShakeAsync(
            socket,
            dials: false,
            verdict,
            (tls, patience) => tls.AuthenticateAsServerAsync(ServerOptions(verdict), patience),
            cancel);
    }

    /// <summary>
    /// Waits until a connection shows the key of this private swarm; TLS has not seen a byte of it yet.
    /// </summary>
    /// <exception cref="LinkClosedException">It is a stranger.</exception>
    internal async Task AdmitAsync(Socket socket, CancellationToken cancel)
    {
        byte[] cookie = new byte[LinkCookies.Size];

        try
        {
            await WithinAsync(LinkTimes.CookieMax, patience => FillAsync(socket, cookie, patience), cancel);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            throw new LinkClosedException("The connection broke before it showed a key.", e);
        }

        if (keyring is not null && !_cookies.Admits(cookie, keyring.Keys))
        {
            throw new LinkClosedException("It does not show the swarm key of now: a stranger, or a wrong clock.");
        }
    }

    private static async Task FillAsync(Socket socket, Memory<byte> target, CancellationToken cancel)
    {
        while (target.Length > 0)
        {
            int read = await socket.ReceiveAsync(target, cancel);
            target = read > 0
                ? target[read..]
                : throw new LinkClosedException("The connection ended before it showed a key.");
        }
    }

    private async Task<Link> ShakeAsync(
        Socket socket,
        bool dials,
        Verdict verdict,
        Func<SslStream, CancellationToken, Task> authenticate,
        CancellationToken cancel)
    {
        SslStream? tls = null;

        try
        {
            SetOptions(socket);
            tls = new SslStream(new NetworkStream(socket, ownsSocket: true));

            await WithinAsync(LinkTimes.HandshakeMax, patience => authenticate(tls, patience), cancel);

            if (tls.NegotiatedApplicationProtocol != Protocol)
            {
                throw new LinkClosedException("The peer does not speak this protocol.");
            }

            var connection = new LinkConnection(socket, tls, new FrameReader(tls, time), verdict.Membership);
            Hello theirs = new();
            await WithinAsync(
                LinkTimes.HelloMax,
                async patience => theirs = await ExchangeAsync(connection, patience),
                cancel);
            return Link.Start(connection, verdict.Node, theirs, dials, time);
        }
        catch (Exception e)
        {
            await EndAsync(socket, tls);

            switch (e)
            {
                case AuthenticationException when verdict.Refusal is { } refusal:
                    throw new LinkClosedException(refusal, e);
                case AuthenticationException when keyring is null:
                    throw new LinkClosedException($"The handshake failed: {e.Message}", e);
                case AuthenticationException or SocketException or ObjectDisposedException
                    or IOException and not LinkClosedException:
                    throw TurnedAway(e);
                case ProtocolException:
                    throw new LinkClosedException($"The peer broke the protocol: {e.Message}", e);
                default:
                    throw;
            }
        }
    }

    // Both speak at once. A Hello that comes proves that the peer has accepted this node's certificate.
    private async Task<Hello> ExchangeAsync(LinkConnection connection, CancellationToken cancel)
    {
        Hello own = Hello.Clone();

        if (connection.Socket.RemoteEndPoint is IPEndPoint seen)
        {
            own.Observed = new Address { Host = seen.Address.ToString(), Port = (uint)seen.Port };
        }

        await WriteAsync(connection, FrameType.Hello, own, cancel);
        Hello theirs = await ReadHelloAsync(connection.Reader, cancel);

        if (Hellos.Refusal(own, theirs) is { } refusal)
        {
            // The peer finds the same; this is for one that does not.
            await WriteAsync(connection, FrameType.GoAway, refusal, cancel);
            throw new FaultException(refusal);
        }

        return theirs;
    }

    private static async Task WriteAsync(
        LinkConnection connection,
        FrameType type,
        IMessage message,
        CancellationToken cancel)
    {
        int size = message.CalculateSize();
        byte[] frame = new byte[FrameHeader.Size + size];
        new FrameHeader(type, FrameFlags.None, 0, size, 0).Write(frame);
        message.WriteTo(frame.AsSpan(FrameHeader.Size));
        await connection.Stream.WriteAsync(frame, cancel);
    }

    // A node says nothing to strangers, so what it took offence at can only be guessed.
    private LinkClosedException TurnedAway(Exception? inner = null) => new(
        keyring is null
            ? "The peer closed the connection before its Hello."
            : "The peer closed the connection before its Hello: its clock or its swarm key differs.",
        inner)
    {
        IsTurnedAway = true,
    };

    private async Task<Hello> ReadHelloAsync(FrameReader reader, CancellationToken cancel)
    {
        FrameHeader frame = await reader.NextAsync(cancel)
            ?? throw TurnedAway();

        if (frame.Type is not (FrameType.Hello or FrameType.GoAway))
        {
            throw new ProtocolException($"A {frame.Type} frame came before the Hello.");
        }

        ReadOnlyMemory<byte> bytes = await reader.PeekAsync(frame.Header, cancel);

        return frame.Type == FrameType.Hello
            ? Protobuf.Parse(Hello.Parser, bytes.Span)
            : throw new FaultException(Protobuf.Parse(Fault.Parser, bytes.Span));
    }

    private async Task WithinAsync(TimeSpan most, Func<CancellationToken, Task> work, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);

        try
        {
            await work(either.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LinkClosedException($"The peer did not finish the handshake within {most.TotalSeconds} s.");
        }
    }

    // What was written last must arrive: no reset while the peer still reads.
    private static async Task EndAsync(Socket socket, SslStream? tls)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }

        if (tls is not null)
        {
            await tls.DisposeAsync();
        }

        socket.Dispose();
    }

    private static void SetOptions(Socket socket)
    {
        socket.NoDelay = true;

        if (OperatingSystem.IsLinux())
        {
            byte[] milliseconds = BitConverter.GetBytes((int)LinkTimes.SilenceMax.TotalMilliseconds);
            socket.SetRawSocketOption(TcpLevel, TcpUserTimeout, milliseconds);
        }
    }

    private static SslClientAuthenticationOptions ClientOptions(Verdict verdict) => new()
    {
        // No name, no SNI: whoever watches the line learns none.
        TargetHost = string.Empty,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [Protocol],
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateChainPolicy = ChainPolicy(),
        ClientCertificateContext = verdict.Own.Context,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => verdict.Judge(certificate, chain),
    };

    private static SslServerAuthenticationOptions ServerOptions(Verdict verdict) => new()
    {
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [Protocol],
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateChainPolicy = ChainPolicy(),
        ServerCertificateContext = verdict.Own.Context,
        RemoteCertificateValidationCallback = (_, certificate, chain, _) => verdict.Judge(certificate, chain),
    };

    // The platform's own judgement does not count; it must only not go looking for issuers.
    private static X509ChainPolicy ChainPolicy() => new()
    {
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        DisableCertificateDownloads = true,
    };

    private OwnCertificate Certificate()
    {
        DateTimeOffset now = time.GetUtcNow();
        IReadOnlyList<SwarmKey>? keys = keyring?.Keys;

        lock (_gate)
        {
            if (_certificate is null || now >= _certificate.RenewAt || _certificate.Keys != keys)
            {
                X509Certificate2 certificate = LinkCertificate.Create(key, now, keys);
                _certificate = new OwnCertificate(
                    SslStreamCertificateContext.Create(certificate, additionalCertificates: null, offline: true),
                    MembershipProof.Claim(certificate, key.Id),
                    keys,
                    now + RenewEvery);
            }

            return _certificate;
        }
    }

    /// <summary>What a dialler shows: its certificate and, in a private swarm, a cookie.</summary>
    internal sealed record Papers(OwnCertificate Own, byte[]? Cookie);

    /// <summary>A certificate of this node, and with which keys it was made.</summary>
    internal sealed record OwnCertificate(
        SslStreamCertificateContext Context, byte[] Claim, IReadOnlyList<SwarmKey>? Keys, DateTimeOffset RenewAt);

    /// <summary>What the certificate check found, for whoever must explain a failed handshake.</summary>
    private sealed class Verdict(OwnCertificate own, SwarmKeyring? keyring, NodeId? expected, TimeProvider time)
    {
        internal OwnCertificate Own { get; } = own;

        internal NodeId Node { get; private set; }

        internal string? Refusal { get; private set; }

        internal LinkMembership? Membership { get; private set; }

        internal bool Judge(X509Certificate? certificate, X509Chain? chain)
        {
            Refusal = LinkCertificate.Refusal(
                certificate as X509Certificate2,
                chain?.ChainPolicy.ExtraStore,
                expected,
                time.GetUtcNow(),
                out NodeId node);
            Node = node;

            if (Refusal is null && keyring is not null)
            {
                var theirs = (X509Certificate2)certificate!;
                Membership = new LinkMembership(
                    keyring, Own.Claim, MembershipProof.Claim(theirs, node), MembershipProof.Read(theirs));
                Refusal = Membership.Holds ? null : "The peer's certificate proves no key of this swarm.";
            }

            return Refusal is null;
        }
    }
}
