namespace Swarm.Node.Discovery.PortMapping;

/// <summary>Keeps one granted mapping alive: renews it, checks it, and moves it when its protocol dies.</summary>
internal sealed class HeldMapping
{
    private readonly GatewayPorts _ports;
    private readonly NewsBell _bell;
    private readonly TimeProvider _time;
    private readonly Random _random;
    private readonly Action<Grant> _onRenewed;
    private Grant _grant;
    private long _grantedAt;
    private int _failures;
    private TimeSpan? _due;
    private bool _isLost;

    public HeldMapping(
        GatewayPorts ports, Grant grant, Action<Grant> onRenewed, NewsBell bell, TimeProvider time, Random random)
    {
        _ports = ports;
        _bell = bell;
        _time = time;
        _random = random;
        _onRenewed = onRenewed;
        _grant = grant;
        Adopt(grant);
    }

    private TimeSpan Age => _time.GetElapsedTime(_grantedAt);

    /// <summary>
    /// Holds until the mapping is lost, or this device does not stand behind the same gateway any longer; told to stop,
    /// gives it back.
    /// </summary>
    public async Task HoldAsync(Func<bool> standsAtGateway, CancellationToken stop)
    {
        try
        {
            while (!_isLost && Age < _grant.Mapping.Lifetime)
            {
                await WaitAsync(standsAtGateway, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            await _ports.ReleaseAsync(_grant);
            throw;
        }
    }

    private async Task WaitAsync(Func<bool> standsAtGateway, CancellationToken stop)
    {
        TimeSpan left = (_due ?? _grant.Mapping.Lifetime) - Age;
        TimeSpan wait = left < PortMappingLimits.CheckEvery ? left : PortMappingLimits.CheckEvery;

        switch (await _bell.WaitAsync(wait > TimeSpan.Zero ? wait : TimeSpan.Zero, stop))
        {
            case GatewayNews.NetworkChanged:
                await _bell.SettleAsync(PortMappingLimits.ChangeSettle, stop);
                _isLost = !standsAtGateway();

                if (!_isLost)
                {
                    await RenewAsync(stop);
                }

                break;
            case GatewayNews.Announced:
                await _bell.SettleAsync(PortMappingLimits.AnnouncementDelayMax * _random.NextDouble(), stop);
                await CheckAsync(stop);
                break;
            default:
                await (_due is { } due && Age >= due ? RenewAsync(stop) : CheckAsync(stop));
                break;
        }
    }

    private async Task CheckAsync(CancellationToken stop)
    {
        try
        {
            if (await _grant.Protocol.StillHoldsAsync(_grant.Mapping, stop))
            {
                return;
            }
        }
        catch (GatewayException)
        {
            // It does not say: asking for the mapping again does no harm.
        }

        await RenewAsync(stop);
    }

    private async Task RenewAsync(CancellationToken stop)
    {
        try
        {
            Adopt(await _ports.RenewAsync(_grant, stop));
            return;
        }
        catch (GatewayException)
        {
            // By another protocol, then, or by the same at another place.
        }

        try
        {
            Adopt(await _ports.ObtainAsync(GatewayPorts.RenewalOf(_grant.Mapping), stop));
        }
        catch (GatewayException failure)
        {
            _isLost = failure.Fault is GatewayFault.DoubleNat;
            _failures++;
            _due = RenewalSchedule.Next(_grant.Mapping.Lifetime, _failures, _random);
        }
    }

    private void Adopt(Grant grant)
    {
        _grant = grant;
        _grantedAt = _time.GetTimestamp();
        _failures = 0;
        _due = RenewalSchedule.Next(grant.Mapping.Lifetime, _failures, _random);
        _onRenewed(grant);
    }
}
