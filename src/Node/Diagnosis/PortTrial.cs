using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Swarm.Node.Discovery.PortMapping;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Diagnosis;

/// <summary>What the gateway says to a request for a port.</summary>
/// <param name="HasGateway">Whether there is an IPv4 gateway at all.</param>
/// <param name="IsPublic">Whether this device needs none: its own address is public.</param>
/// <param name="State">What became of the request; null when there was none.</param>
internal sealed record PortTrial(bool HasGateway, bool IsPublic, MappingState? State)
{
    // Three protocols in parallel, each with its own retries, end well before.
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(12);

    /// <summary>Asks for a port of its own, which no node uses, and gives it back.</summary>
    public static async Task<PortTrial> RunAsync(TimeProvider time, CancellationToken cancel)
    {
        using var network = new SystemGatewayNetwork(time);
        Gateway? gateway = Find(network);

        if (gateway is null || PublicAddress.Is(gateway.Local))
        {
            return new PortTrial(gateway is not null, gateway is not null, State: null);
        }

        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(gateway.Local, 0));
        using var patience = new CancellationTokenSource(AnswerMax, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancel);
        var said = new TaskCompletionSource<MappingState>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task keeping = new PortMapper(network, time, new EntropyRandom()).KeepAsync(
            (IPEndPoint)listener.LocalEndPoint!, state => said.TrySetResult(state), stop.Token);

        try
        {
            return new PortTrial(HasGateway: true, IsPublic: false, await said.Task.WaitAsync(stop.Token));
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return new PortTrial(
                HasGateway: true, IsPublic: false, MappingState.None("The gateway did not answer in time."));
        }
        finally
        {
            await stop.CancelAsync();
            await keeping;
        }
    }

    private static Gateway? Find(SystemGatewayNetwork network)
    {
        try
        {
            return network.Find(IPAddress.Any);
        }
        catch (NetworkInformationException)
        {
            return null;
        }
    }
}
