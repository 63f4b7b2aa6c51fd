using System.Net;
using System.Net.NetworkInformation;
using Swarm.Node.Discovery.PortMapping.Network;

namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Asks the gateway for a port by PCP, NAT-PMP or UPnP, and keeps it through restarts and moves.</summary>
internal sealed class PortMapper(IGatewayNetwork network, TimeProvider time, Random random) : IPortMapper
{
    public async Task KeepAsync(IPEndPoint listener, Action<MappingState> report, CancellationToken stop)
    {
        var bell = new NewsBell(time);
        MappingState? said = null;

        void OnChanged() => bell.Ring(GatewayNews.NetworkChanged);

        void Say(MappingState state)
        {
            if (state.IsNewsAfter(said))
            {
                report(state);
            }

            said = state;
        }

        network.Changed += OnChanged;

        try
        {
            while (true)
            {
                TimeSpan pause = await KeepOnceAsync(listener, Say, bell, stop);

                if (await bell.WaitAsync(pause, stop) is GatewayNews.NetworkChanged)
                {
                    await bell.SettleAsync(PortMappingLimits.ChangeSettle, stop);
                }
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Told to stop; what was held has been given back.
        }
        finally
        {
            network.Changed -= OnChanged;
        }
    }

    /// <summary>Keeps one gateway's mapping while it lasts; answers when to look again.</summary>
    private async Task<TimeSpan> KeepOnceAsync(
        IPEndPoint listener, Action<MappingState> say, NewsBell bell, CancellationToken stop)
    {
        if (Find(listener.Address) is not { } gateway)
        {
            say(MappingState.None("This device has no IPv4 gateway."));
            return PortMappingLimits.Retry;
        }

        if (PublicAddress.Is(gateway.Local))
        {
            say(MappingState.None("This device has a public address of its own."));
            return PortMappingLimits.Retry;
        }

        try
        {
            var ports = new GatewayPorts(network, gateway, time, random);
            Grant grant = await ports.ObtainAsync(new MappingRequest(listener.Port, listener.Port), stop);
            var held = new HeldMapping(ports, grant, one => say(MappingState.Of(one)), bell, time, random);
            await HoldAsync(held, gateway, listener, bell, stop);
            say(MappingState.None("The gateway does not keep the port mapped any longer."));
            return PortMappingLimits.RenewMin;
        }
        catch (GatewayException failure)
        {
            say(MappingState.None(failure.Message));
            return failure.RetryAfter;
        }
    }

    private async Task HoldAsync(
        HeldMapping held, Gateway gateway, IPEndPoint listener, NewsBell bell, CancellationToken stop)
    {
        using var lost = CancellationTokenSource.CreateLinkedTokenSource(stop);
        Task listening = new AnnouncementListener(network, gateway, time)
            .ListenAsync(() => bell.Ring(GatewayNews.Announced), lost.Token);

        try
        {
            await held.HoldAsync(() => gateway.Equals(Find(listener.Address)), stop);
        }
        finally
        {
            lost.Cancel();
            await listening;
        }
    }

    private Gateway? Find(IPAddress listener)
    {
        try
        {
            return network.Find(listener);
        }
        catch (NetworkInformationException)
        {
            return null;
        }
    }
}
