using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;

namespace Swarm.Node.Discovery.PortMapping.Network;

/// <summary>Plain HTTP to a device on the own network: bounded in time and size, no proxy, no redirect.</summary>
/// <param name="time">The clock of the deadline.</param>
/// <param name="open">Makes the sockets.</param>
internal sealed class GatewayHttp(TimeProvider time, Func<SocketType, ProtocolType, Socket> open)
{
    /// <summary>Asks from the given address of this device, over a connection of its own.</summary>
    /// <exception cref="GatewayException">No answer within the limits.</exception>
    public async Task<HttpAnswer> AskAsync(IPAddress local, HttpQuestion question, CancellationToken cancel)
    {
        using var patience = new CancellationTokenSource(PortMappingLimits.HttpMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        using HttpClient client = Client(local);
        using HttpRequestMessage request = Request(question);

        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, either.Token);
            return new HttpAnswer((int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(either.Token));
        }
        catch (HttpRequestException broken) when (
            broken.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded or HttpRequestError.InvalidResponse)
        {
            throw GatewayException.Malformed(broken.Message, broken);
        }
        catch (Exception silent) when (silent is HttpRequestException or IOException or OperationCanceledException)
        {
            cancel.ThrowIfCancellationRequested();
            throw new GatewayException(
                GatewayFault.Silent, $"No answer from {question.Address.Authority}: {silent.Message}", silent);
        }
    }

    private static HttpRequestMessage Request(HttpQuestion question)
    {
        var request = new HttpRequestMessage(
            question.Action is null ? HttpMethod.Get : HttpMethod.Post, question.Address);
        request.Headers.ConnectionClose = true;

        if (question.Action is { } action)
        {
            // Old devices compare both headers as text.
            request.Headers.Add("SOAPAction", $"\"{action}\"");
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(question.Body));
            request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse("text/xml; charset=\"utf-8\"");
        }

        return request;
    }

    private HttpClient Client(IPAddress local)
    {
        var handler = new SocketsHttpHandler
        {
            ActivityHeadersPropagator = null,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ConnectCallback = (context, cancel) => ConnectAsync(local, context.DnsEndPoint, cancel),
            MaxResponseHeadersLength = PortMappingLimits.HttpHeaderKiB,
            UseCookies = false,
            UseProxy = false,
        };

        return new HttpClient(handler)
        {
            MaxResponseContentBufferSize = PortMappingLimits.HttpBytesMax,
            Timeout = Timeout.InfiniteTimeSpan,
        };
    }

    private async ValueTask<Stream> ConnectAsync(IPAddress local, DnsEndPoint target, CancellationToken cancel)
    {
        Socket socket = open(SocketType.Stream, ProtocolType.Tcp);

        try
        {
            socket.Bind(new IPEndPoint(local, 0));
            await socket.ConnectAsync(IPAddress.Parse(target.Host), target.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
