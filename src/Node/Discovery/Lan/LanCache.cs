using System.Net;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// What was heard of a swarm's nodes on one interface. Only records that lead from the swarm's name to an address are
/// kept, so few that no stranger fills the memory; when all places are taken, chance decides who goes.
/// </summary>
/// <param name="swarm">Whose nodes; null for those of all swarms.</param>
/// <param name="at">The interface.</param>
/// <param name="isSelf">Whether an instance is this node itself, which hears its own words.</param>
/// <param name="random">For jitter, and for who goes.</param>
internal sealed class LanCache(SwarmId? swarm, LanInterface at, Func<DnsName, bool> isSelf, Random random)
{
    private readonly DnsName _service = LanNames.Of(swarm);
    private readonly Dictionary<DnsName, LanInstance> _instances = [];
    private readonly Dictionary<DnsName, List<CachedRecord>> _hosts = [];

    /// <summary>How many nodes are remembered.</summary>
    public int Count => _instances.Count;

    /// <summary>How many records that are.</summary>
    public int RecordCount => Records().Count();

    /// <summary>
    /// When something may expire or should be asked for; not later, at times earlier, so that a flood costs no search.
    /// </summary>
    public TimeSpan? NextDue { get; private set; }

    /// <summary>Takes in what a packet says.</summary>
    /// <param name="records">Its answers and additional records.</param>
    /// <param name="isBrief">Whether it answers a one-shot question, whose records say less of their life.</param>
    /// <param name="now">The time.</param>
    /// <returns>The nodes that were announced, or whose parts are now complete.</returns>
    public IReadOnlyList<LanHint> Hear(IReadOnlyList<DnsRecord> records, bool isBrief, TimeSpan now)
    {
        var touched = new HashSet<LanInstance>();

        foreach (DnsRecord record in records.Where(record => record.Name.Equals(_service)))
        {
            HearPointer(record, isBrief, now, touched);
        }

        foreach (DnsRecord record in records.Where(record => record.Type is DnsType.Srv or DnsType.Txt))
        {
            HearPart(record, isBrief, now, touched);
        }

        foreach (DnsRecord record in records.Where(record => record.Type is DnsType.A or DnsType.Aaaa))
        {
            HearAddress(record, isBrief, now, touched);
        }

        var hints = new List<LanHint>();

        foreach (LanInstance instance in touched)
        {
            if (Read(instance) is { } hint)
            {
                instance.IsTold = true;
                hints.Add(hint);
            }
        }

        return hints;
    }

    /// <summary>Forgets what has expired.</summary>
    /// <returns>The instances of which nothing can be said any more.</returns>
    public IReadOnlyList<string> Expire(TimeSpan now)
    {
        foreach (List<CachedRecord> addresses in _hosts.Values)
        {
            _ = addresses.RemoveAll(record => record.ExpiresAt <= now);
        }

        var gone = new List<string>();

        foreach (LanInstance instance in _instances.Values.ToArray())
        {
            DnsName? host = instance.Host;
            instance.Service = instance.Service?.ExpiresAt <= now ? null : instance.Service;
            instance.Text = instance.Text?.ExpiresAt <= now ? null : instance.Text;
            bool isOver = instance.Pointer.ExpiresAt <= now;

            if (instance.IsTold && (isOver || !IsWhole(instance)))
            {
                instance.IsTold = false;
                gone.Add(instance.Name.ToString());
            }

            if (isOver)
            {
                Remove(instance);
            }

            ForgetHost(instance.Host is null || isOver ? host : null);
        }

        return gone;
    }

    /// <summary>What to ask, for nothing to expire that still holds and for nothing to lack.</summary>
    public IReadOnlyList<DnsQuestion> TakeQuestions(TimeSpan now)
    {
        var questions = new HashSet<DnsQuestion>();

        foreach (CachedRecord record in Records().Where(record => record.RefreshDue <= now))
        {
            record.Refreshed();
            _ = questions.Add(new DnsQuestion(record.Record.Name, record.Record.Type));
        }

        foreach (LanInstance instance in _instances.Values.Where(one => one.ResolveDue <= now && !IsWhole(one)))
        {
            instance.Resolving(now);
            _ = questions.Add(new DnsQuestion(instance.Name, DnsType.Any));

            if (instance.Host is { } host)
            {
                _ = questions.Add(new DnsQuestion(host, DnsType.Any));
            }
        }

        NextDue = Records()
            .Select(record => record.RefreshDue ?? record.ExpiresAt)
            .Concat(_instances.Values.Where(one => !IsWhole(one)).Select(one => one.ResolveDue).OfType<TimeSpan>())
            .Select(due => (TimeSpan?)due)
            .Min();
        return [.. questions];
    }

    /// <summary>What need not be answered: instances known for at least half of their life to come.</summary>
    public IEnumerable<DnsRecord> KnownAnswers(TimeSpan now)
        => _instances.Values
            .Select(instance => instance.Pointer)
            .Where(pointer => pointer.ExpiresAt - now > pointer.Life / 2)
            .Select(pointer => pointer.Record with { TtlSeconds = (uint)(pointer.ExpiresAt - now).TotalSeconds });

    private void HearPointer(DnsRecord record, bool isBrief, TimeSpan now, HashSet<LanInstance> touched)
    {
        if (!record.TryReadPointer(out DnsName? name) || !name.Parent.Equals(LanNames.Service) || isSelf(name))
        {
            return;
        }

        bool isKnown = _instances.TryGetValue(name, out LanInstance? instance);

        if (record.IsGoodbye)
        {
            TakeBack(instance?.Pointer, now);
            return;
        }

        if (!isKnown)
        {
            MakeRoom();
            instance = new LanInstance(name, Cached(record, now), now + LanTimes.ResolveMin);
            WakeBy(instance.ResolveDue);
            _instances.Add(name, instance);
        }

        instance!.Pointer = Newer(instance.Pointer, record, isBrief, now);
        _ = touched.Add(instance);
    }

    private void HearPart(DnsRecord record, bool isBrief, TimeSpan now, HashSet<LanInstance> touched)
    {
        if (!_instances.TryGetValue(record.Name, out LanInstance? instance)
            || record.Content.Length > LanLimits.TextBytesMax)
        {
            return;
        }

        CachedRecord? held = record.Type == DnsType.Srv ? instance.Service : instance.Text;

        if (record.IsGoodbye)
        {
            TakeBack(held, now);
            return;
        }

        CachedRecord heard = Newer(held, record, isBrief, now);

        if (held is null || !held.Record.IsSameAs(record))
        {
            _ = touched.Add(instance);
        }

        if (record.Type == DnsType.Txt)
        {
            instance.Text = heard;
            return;
        }

        DnsName? before = instance.Host;
        instance.Service = heard;

        if (instance.Host is { } host && !host.Equals(before))
        {
            ForgetHost(before);
            _ = _hosts.TryAdd(host, []);
        }
    }

    private void HearAddress(DnsRecord record, bool isBrief, TimeSpan now, HashSet<LanInstance> touched)
    {
        if (!_hosts.TryGetValue(record.Name, out List<CachedRecord>? addresses))
        {
            return;
        }

        int same = addresses.FindIndex(one => one.Record.IsSameAs(record));

        if (record.IsGoodbye)
        {
            TakeBack(addresses.ElementAtOrDefault(same), now);
            return;
        }

        if (record.IsUnique)
        {
            // Not what came with it a moment ago (RFC 6762, section 10.2).
            addresses
                .FindAll(one => one.Record.Type == record.Type && now - one.HeardAt > LanTimes.GoodbyeGrace)
                .ForEach(one => TakeBack(one, now));
        }

        if (same >= 0)
        {
            addresses[same] = Newer(addresses[same], record, isBrief, now);
            return;
        }

        if (addresses.Count == 2 * LanLimits.AddressesMax)
        {
            addresses.RemoveAt(0);
        }

        addresses.Add(Cached(record, now));
        touched.UnionWith(_instances.Values.Where(one => !one.IsTold && record.Name.Equals(one.Host)));
    }

    private CachedRecord Newer(CachedRecord? held, DnsRecord record, bool isBrief, TimeSpan now)
    {
        CachedRecord heard = Cached(record, now);
        return isBrief && held is not null && held.Record.IsSameAs(record) && held.ExpiresAt > heard.ExpiresAt
            ? held
            : heard;
    }

    private CachedRecord Cached(DnsRecord record, TimeSpan now)
    {
        var cached = new CachedRecord(record, now, random.NextDouble());
        WakeBy(cached.RefreshDue ?? cached.ExpiresAt);
        return cached;
    }

    private void TakeBack(CachedRecord? record, TimeSpan now)
    {
        record?.TakeBack(now);
        WakeBy(record?.ExpiresAt);
    }

    private void MakeRoom()
    {
        if (_instances.Count == LanLimits.InstancesMax)
        {
            Remove(_instances.Values.ElementAt(random.Next(_instances.Count)));
        }
    }

    private void Remove(LanInstance instance)
    {
        _ = _instances.Remove(instance.Name);
        ForgetHost(instance.Host);
    }

    // The addresses of a device to which no instance leads any more.
    private void ForgetHost(DnsName? host)
    {
        if (host is not null && !_instances.Values.Any(instance => host.Equals(instance.Host)))
        {
            _ = _hosts.Remove(host);
        }
    }

    private void WakeBy(TimeSpan? due) => NextDue = new[] { NextDue, due }.Min();

    private bool IsWhole(LanInstance instance)
        => instance is { Host: { } host, Text: not null } && _hosts.TryGetValue(host, out List<CachedRecord>? addresses)
            && addresses.Count > 0;

    // Null as long as a part is missing, for another swarm, and when no address is of this network.
    private LanHint? Read(LanInstance instance)
    {
        if (!IsWhole(instance) || instance.Claim is not { } claim || (swarm is { } one && claim.Swarm != one))
        {
            return null;
        }

        PeerAddress[] reachable = [.. _hosts[instance.Host!]
            .Select(record => record.Record.TryReadAddress(out IPAddress? address) ? address : IPAddress.None)
            .Where(address => at.IsOnLink(address) && !IPAddress.IsLoopback(address))
            .OrderBy(address => address.IsIPv6LinkLocal)
            .Take(LanLimits.AddressesMax)
            .Select(address => new PeerAddress(Scoped(address), instance.Port, claim.Node))];

        return reachable.Length > 0
            ? new LanHint(instance.Name.ToString(), claim.Node, claim.Swarm, reachable)
            : null;
    }

    // A link-local address means something only together with the interface.
    private string Scoped(IPAddress address)
        => (address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes(), at.Index) : address).ToString();

    private IEnumerable<CachedRecord> Records()
        => _instances.Values
            .SelectMany(instance => (CachedRecord?[])[instance.Pointer, instance.Service, instance.Text])
            .OfType<CachedRecord>()
            .Concat(_hosts.Values.SelectMany(addresses => addresses));
}
