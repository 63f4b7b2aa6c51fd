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

/// <summary>From a connected socket to a link: TLS with both certificates checked, then a Hello each way.</summary>
internal sealed class LinkHandshake(NodeKey key, Hello hello, TimeProvider time)
{
    // TCP gives up on unacknowledged bytes after this long (Linux; RFC 5482).
    private const int TcpLevel = 6;
    private const int TcpUserTimeout = 18;

    private static readonly SslApplicationProtocol Protocol = new("swarm/1");

    // Half a certificate's life, so that none expires while a peer's clock is behind.
    private static readonly TimeSpan RenewEvery = TimeSpan.FromHours(12);

    private readonly Lock _gate = new();
    private SslStreamCertificateContext? _certificate;
    private DateTimeOffset _renewAt;

    internal async Task<Link> DialAsync(Socket socket, NodeId? expected, CancellationToken cancel)
    {
        var verdict = new Verdict();

        return await ShakeAsync(
            socket,
            dials: true,
            verdict,
            (tls, patience) => tls.AuthenticateAsClientAsync(ClientOptions(expected, verdict), patience),
            cancel);
    }

    internal async Task<Link> AcceptAsync(Socket socket, CancellationToken cancel)
    {
        var verdict = new Verdict();

        return await ShakeAsync(
            socket,
            dials: false,
            verdict,
            (tls, patience) => tls.AuthenticateAsServerAsync(ServerOptions(verdict), patience),
            cancel);
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

            var connection = new LinkConnection(socket, tls, new FrameReader(tls, time));
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
                case AuthenticationException:
                    throw new LinkClosedException(verdict.Refusal ?? $"The handshake failed: {e.Message}", e);
                case IOException and not LinkClosedException or SocketException or ObjectDisposedException:
                    throw new LinkClosedException("The peer closed the connection before its Hello.", e);
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
        Hello own = hello.Clone();

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

    private static async Task<Hello> ReadHelloAsync(FrameReader reader, CancellationToken cancel)
    {
        FrameHeader frame = await reader.NextAsync(cancel)
            ?? throw new LinkClosedException("The peer closed the connection before its Hello.");

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

    private SslClientAuthenticationOptions ClientOptions(NodeId? expected, Verdict verdict) => new()
    {
        // No name, no SNI: whoever watches the line learns none.
        TargetHost = string.Empty,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [Protocol],
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateChainPolicy = ChainPolicy(),
        ClientCertificateContext = Certificate(),
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            verdict.Judge(certificate, chain, expected, time),
    };

    private SslServerAuthenticationOptions ServerOptions(Verdict verdict) => new()
    {
        ClientCertificateRequired = true,
        EnabledSslProtocols = SslProtocols.Tls13,
        ApplicationProtocols = [Protocol],
        AllowTlsResume = false,
        AllowRenegotiation = false,
        CertificateChainPolicy = ChainPolicy(),
        ServerCertificateContext = Certificate(),
        RemoteCertificateValidationCallback = (_, certificate, chain, _) =>
            verdict.Judge(certificate, chain, null, time),
    };

    // The platform's own judgement does not count; it must only not go looking for issuers.
    private static X509ChainPolicy ChainPolicy() => new()
    {
        RevocationMode = X509RevocationMode.NoCheck,
        TrustMode = X509ChainTrustMode.CustomRootTrust,
        DisableCertificateDownloads = true,
    };

    private SslStreamCertificateContext Certificate()
    {
        DateTimeOffset now = time.GetUtcNow();

        lock (_gate)
        {
            if (_certificate is null || now >= _renewAt)
            {
                _certificate = SslStreamCertificateContext.Create(
                    LinkCertificate.Create(key, now),
                    additionalCertificates: null,
                    offline: true);
                _renewAt = now + RenewEvery;
            }

            return _certificate;
        }
    }

    /// <summary>What the certificate check found, for whoever must explain a failed handshake.</summary>
    private sealed class Verdict
    {
        internal NodeId Node { get; private set; }

        internal string? Refusal { get; private set; }

        internal bool Judge(X509Certificate? certificate, X509Chain? chain, NodeId? expected, TimeProvider time)
        {
            Refusal = LinkCertificate.Refusal(
                certificate as X509Certificate2,
                chain?.ChainPolicy.ExtraStore,
                expected,
                time.GetUtcNow(),
                out NodeId node);

            Node = node;
            return Refusal is null;
        }
    }
}
