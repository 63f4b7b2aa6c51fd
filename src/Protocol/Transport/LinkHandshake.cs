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
    /// <param name="bearer">The connection.</param>
    /// <param name="expected">The only node that may answer, or null.</param>
    /// <param name="papers">What this node shows.</param>
    /// <param name="cancel">Ends the attempt.</param>
    internal async Task<Link> DialAsync(Bearer bearer, NodeId? expected, Papers papers, CancellationToken cancel)
    {
        (LinkConnection connection, NodeId remote, Hello theirs) =
            await DialAsync(bearer, Hello, expected, papers, cancel);
        return Link.Start(connection, remote, theirs, dials: true, time);
    }

    /// <summary>Dials a node only to bring it a nonce.</summary>
    internal async Task DialBackAsync(
        Bearer bearer, NodeId? expected, Papers papers, ReadOnlyMemory<byte> nonce, CancellationToken cancel)
    {
        Hello own = Hello.Clone();
        own.DialBack = ByteString.CopyFrom(nonce.Span);
        (LinkConnection connection, _, _) = await DialAsync(bearer, own, expected, papers, cancel);
        await EndAsync(bearer, connection.Stream);
    }

    /// <summary>
    /// Answers a dial whose cookie, in a private swarm, has been read; null when it only brought a nonce.
    /// </summary>
    /// <param name="bearer">The connection.</param>
    /// <param name="expected">The only node that may have dialled, or null.</param>
    /// <param name="onDialledBack">Hears of a nonce.</param>
    /// <param name="cancel">Ends the attempt.</param>
    internal async Task<Link?> AcceptAsync(
        Bearer bearer, NodeId? expected, DialledBackHandler? onDialledBack, CancellationToken cancel)
    {
        var verdict = new Verdict(Certificate(), keyring, expected, time);
        (LinkConnection connection, NodeId remote, Hello theirs) = await ShakeAsync(
            bearer,
            Hello,
            verdict,
            (tls, patience) => tls.AuthenticateAsServerAsync(ServerOptions(verdict), patience),
            cancel);

        if (theirs.DialBack.IsEmpty)
        {
            return Link.Start(connection, remote, theirs, dials: false, time);
        }

        onDialledBack?.Invoke(remote, theirs.DialBack.Memory);
        await EndAsync(bearer, connection.Stream);
        return null;
    }

    /// <summary>The cookie, if it has arrived with the connection; else null.</summary>
    internal static byte[]? TryReadCookie(Bearer bearer)
    {
        byte[] cookie = new byte[LinkCookies.Size];
        return bearer.TryReceive(cookie) ? cookie : null;
    }

    /// <summary>
    /// Reads what a connection must show first in a private swarm; null when it ends before. TLS has not seen a byte of
    /// it yet, and nothing is thrown for a stranger: there may be thousands a second.
    /// </summary>
    /// <exception cref="LinkClosedException">It shows nothing for too long.</exception>
    internal async Task<byte[]?> ReadCookieAsync(Bearer bearer, CancellationToken cancel)
    {
        if (TryReadCookie(bearer) is { } there)
        {
            return there;
        }

        byte[] cookie = new byte[LinkCookies.Size];
        int read = 0;

        try
        {
            await WithinAsync(
                LinkTimes.CookieMax, async patience => read = await bearer.ReceiveAsync(cookie, patience), cancel);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException
            or IOException and not LinkClosedException)
        {
            return null;
        }

        return read == cookie.Length ? cookie : null;
    }

    /// <summary>Whether a cookie shows the key of this private swarm, now and for the first time.</summary>
    internal bool Admits(byte[]? cookie)
        => cookie is not null && keyring is not null && _cookies.Admits(cookie, keyring.Keys);

    private async Task<(LinkConnection Connection, NodeId Remote, Hello Theirs)> DialAsync(
        Bearer bearer, Hello own, NodeId? expected, Papers papers, CancellationToken cancel)
    {
        var verdict = new Verdict(papers.Own, keyring, expected, time);

        return await ShakeAsync(
            bearer,
            own,
            verdict,
            async (tls, patience) =>
            {
                if (papers.Cookie is { } cookie)
                {
                    await bearer.Stream.WriteAsync(cookie, patience);
                }

                await tls.AuthenticateAsClientAsync(ClientOptions(verdict), patience);
            },
            cancel);
    }

    private async Task<(LinkConnection Connection, NodeId Remote, Hello Theirs)> ShakeAsync(
        Bearer bearer,
        Hello own,
        Verdict verdict,
        Func<SslStream, CancellationToken, Task> authenticate,
        CancellationToken cancel)
    {
        SslStream? tls = null;

        try
        {
            tls = new SslStream(bearer.Stream);

            await WithinAsync(LinkTimes.HandshakeMax, patience => authenticate(tls, patience), cancel);

            if (tls.NegotiatedApplicationProtocol != Protocol)
            {
                throw new LinkClosedException("The peer does not speak this protocol.");
            }

            var reader = new FrameReader(tls, time);
            Hello said = own.Clone();
            said.Observed = bearer.SeenAt is { } seen ? new Address { Host = seen.Host, Port = (uint)seen.Port } : null;
            Hello? theirs = null;
            await WithinAsync(
                LinkTimes.HelloMax,
                async patience => theirs = await HelloExchange.RunAsync(tls, reader, said, patience),
                cancel);

            var connection = new LinkConnection(bearer, tls, reader, verdict.Membership);
            return (connection, verdict.Node, theirs ?? throw TurnedAway());
        }
        catch (Exception e)
        {
            await EndAsync(bearer, tls);

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

    // A node says nothing to strangers, so what it took offence at can only be guessed.
    private LinkClosedException TurnedAway(Exception? inner = null) => new(
        keyring is null
            ? "The peer closed the connection before its Hello."
            : "The peer closed the connection before its Hello: its clock or its swarm key differs.",
        inner)
    {
        IsTurnedAway = true,
    };

    private async Task WithinAsync(TimeSpan most, Func<CancellationToken, Task> work, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(most, time);
        using CancellationTokenRegistration cancelled = cancel.UnsafeRegister(
            static source => ((CancellationTokenSource)source!).Cancel(), patience);

        try
        {
            await work(patience.Token);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new LinkClosedException($"The peer did not finish the handshake within {most.TotalSeconds} s.");
        }
    }

    // What was written last must arrive: no reset while the peer still reads.
    private static async Task EndAsync(Bearer bearer, Stream? tls)
    {
        bearer.EndSending();

        if (tls is not null)
        {
            await tls.DisposeAsync();
        }
        else
        {
            bearer.Sever();
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
