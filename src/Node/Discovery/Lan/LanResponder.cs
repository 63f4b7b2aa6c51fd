using System.Net;
using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// Announces this node on one interface and answers questions about it (RFC 6762): probes for its name, announces,
/// answers, gives way in a conflict, says goodbye. Packets and times come in, packets go out.
/// </summary>
/// <param name="service">What to announce.</param>
/// <param name="at">The interface.</param>
/// <param name="isOwn">Whether an address is of this device, on whatever interface.</param>
/// <param name="bytesMax">The size of a packet.</param>
/// <param name="random">For delays and suffixes.</param>
internal sealed class LanResponder(
    LanService service, LanInterface at, Func<IPAddress, bool> isOwn, int bytesMax, Random random)
{
    private readonly RateBudget _unicasts = new(
        LanLimits.UnicastAnswersPerSecondMax, LanLimits.UnicastAnswersPerSecondMax);

    private readonly Queue<TimeSpan> _conflicts = new();
    private List<OwnRecord> _records = [];
    private Phase _phase = Phase.Silent;
    private TimeSpan? _phaseDue;
    private int _rounds;

    private enum Phase
    {
        Silent,
        Probing,
        Announced,
        Leaving,
    }

    /// <summary>The label it is known under.</summary>
    public string Label { get; private set; } = LanNames.Label(service.Node);

    /// <summary>When <see cref="Advance"/> has something to do; null when only a packet changes that.</summary>
    public TimeSpan? NextDue => _records.Select(own => own.Due).Append(_phaseDue).Min();

    /// <summary>Begins to probe.</summary>
    public void Start(TimeSpan now) => Probe(now + (LanTimes.ProbeInterval * random.NextDouble()));

    /// <summary>Takes the announcement back, if it was made.</summary>
    public void Withdraw(TimeSpan now)
    {
        if (_phase is Phase.Leaving or Phase.Silent)
        {
            return;
        }

        bool wasSaid = _phase == Phase.Announced;
        (_phase, _rounds, _phaseDue) = (wasSaid ? Phase.Leaving : Phase.Silent, 0, wasSaid ? now : null);
        _records.ForEach(own => own.Cancel());
    }

    /// <summary>What it would answer to a question, once it is announced.</summary>
    public IEnumerable<DnsRecord> Answers(DnsQuestion asked)
        => _phase == Phase.Announced ? _records.Select(own => own.Record).Where(asked.IsAnsweredBy) : [];

    /// <summary>Somebody asks.</summary>
    public void OnQuery(DnsMessage query, IPEndPoint from, TimeSpan now, LanOutbox outbox)
    {
        if (_phase == Phase.Probing && query.Authorities.Any(IsConflict))
        {
            GiveWay(now, outbox);
        }

        if (_phase != Phase.Announced)
        {
            return;
        }

        if (from.Port != LanSocket.Port)
        {
            AnswerOne(query, from, now, outbox);
            return;
        }

        if (query.Questions.Count == 0)
        {
            // The rest of what an asker knows.
            foreach (OwnRecord own in _records.Where(own => from.Address.Equals(own.Asker) && IsKnown(own, query)))
            {
                own.Cancel();
            }

            return;
        }

        bool isProbe = query.Authorities.Count > 0;

        foreach (OwnRecord own in _records.Where(own => query.Questions.Any(asked => asked.IsAnsweredBy(own.Record))))
        {
            if (isProbe || !IsKnown(own, query))
            {
                own.Plan(
                    now + Delay(own, query), isProbe ? LanTimes.DefendMin : LanTimes.RepeatMin, from.Address);
            }
        }
    }

    /// <summary>Somebody answers or announces.</summary>
    public void OnResponse(DnsMessage response, TimeSpan now, LanOutbox outbox)
    {
        if (_phase is not (Phase.Probing or Phase.Announced))
        {
            return;
        }

        if (response.Answers.Concat(response.Additionals).Any(IsConflict))
        {
            GiveWay(now, outbox);
            return;
        }

        // What several devices say alike (that this kind of service exists) one of them says for all.
        foreach (OwnRecord own in _records.Where(own => own.Due is not null && !own.Record.IsUnique))
        {
            if (response.Answers.Any(said => said.IsSameAs(own.Record) && said.TtlSeconds >= own.Record.TtlSeconds))
            {
                own.Cancel();
            }
        }
    }

    /// <summary>Does what is due.</summary>
    public void Advance(TimeSpan now, LanOutbox outbox)
    {
        if (_phaseDue <= now)
        {
            NextRound(now, outbox);
        }

        OwnRecord[] due = [.. _records.Where(own => own.Due <= now)];

        if (due.Length > 0)
        {
            Announce(due, now, outbox);
        }
    }

    private void Probe(TimeSpan first)
    {
        _records = [.. service.Records(Label, at).Select(record => new OwnRecord(record))];
        (_phase, _rounds, _phaseDue) = (Phase.Probing, 0, first);
    }

    private void NextRound(TimeSpan now, LanOutbox outbox)
    {
        _rounds++;

        switch (_phase)
        {
            case Phase.Probing when _rounds <= LanTimes.Probes:
                outbox.Multicast(ProbePacket());
                _phaseDue = now + LanTimes.ProbeInterval;
                break;
            case Phase.Probing:
                (_phase, _rounds) = (Phase.Announced, 1);
                goto case Phase.Announced;
            case Phase.Announced:
                Announce(_records, now, outbox);
                _phaseDue = _rounds < LanTimes.Announcements
                    ? now + (LanTimes.AnnounceInterval * (1 << (_rounds - 1)))
                    : null;
                break;
            case Phase.Leaving:
                SayGoodbye(outbox);
                (_phase, _phaseDue) = _rounds < 2
                    ? (Phase.Leaving, now + LanTimes.GoodbyeInterval)
                    : (Phase.Silent, (TimeSpan?)null);
                break;
            default:
                _phaseDue = null;
                break;
        }
    }

    private byte[] ProbePacket()
    {
        var packet = new DnsWriter(bytesMax, isResponse: false);
        _ = packet.TryAsk(new DnsQuestion(LanNames.Instance(Label), DnsType.Any));
        _ = packet.TryAsk(new DnsQuestion(LanNames.Host(Label), DnsType.Any));

        foreach (OwnRecord own in _records.Where(own => own.Record.IsUnique))
        {
            // Claimed, not yet owned: the bit would flush what its owner said.
            _ = packet.TryClaim(own.Record with { IsUnique = false });
        }

        return packet.ToArray();
    }

    private void Announce(IReadOnlyCollection<OwnRecord> records, TimeSpan now, LanOutbox outbox)
    {
        var packet = new DnsWriter(bytesMax, isResponse: true);

        foreach (OwnRecord own in records)
        {
            if (!packet.TryAnswer(own.Record))
            {
                outbox.Multicast(packet.ToArray());
                packet = new DnsWriter(bytesMax, isResponse: true);
                _ = packet.TryAnswer(own.Record);
            }

            own.Sent(now);
        }

        foreach (OwnRecord own in Related(records))
        {
            _ = packet.TryAddMore(own.Record);
        }

        outbox.Multicast(packet.ToArray());
    }

    // RFC 6762, section 6.7: as a plain DNS server would, to whoever does not speak from the shared port.
    private void AnswerOne(DnsMessage query, IPEndPoint from, TimeSpan now, LanOutbox outbox)
    {
        OwnRecord[] answers = [.. _records
            .Where(own => query.Questions.Any(asked => asked.IsAnsweredBy(own.Record)) && !IsKnown(own, query))];

        if (answers.Length == 0 || !_unicasts.TryTake(now))
        {
            return;
        }

        var packet = new DnsWriter(bytesMax, isResponse: true, query.Id);

        foreach (DnsQuestion asked in query.Questions)
        {
            _ = packet.TryAsk(asked);
        }

        foreach (OwnRecord own in answers)
        {
            _ = packet.TryAnswer(Brief(own.Record));
        }

        foreach (OwnRecord own in Related(answers))
        {
            _ = packet.TryAddMore(Brief(own.Record));
        }

        outbox.Unicast(packet.ToArray(), from);
    }

    private static DnsRecord Brief(DnsRecord record)
        => record with { TtlSeconds = Math.Min(record.TtlSeconds, LanTimes.LegacyTtlSeconds), IsUnique = false };

    private void SayGoodbye(LanOutbox outbox)
    {
        var packet = new DnsWriter(bytesMax, isResponse: true);

        // That the kind of service exists may be true of others still.
        foreach (OwnRecord own in _records.Where(own => !own.Record.Name.Equals(LanNames.Services)))
        {
            _ = packet.TryAnswer(own.Record with { TtlSeconds = 0 });
        }

        outbox.Multicast(packet.ToArray());
    }

    // Who hears of an instance asks next where it is; who hears where, at which address.
    private IEnumerable<OwnRecord> Related(IReadOnlyCollection<OwnRecord> answers)
    {
        bool namesInstance = answers.Any(own => own.Record.TryReadPointer(out DnsName? target)
            && target.Equals(LanNames.Instance(Label)));
        bool namesHost = namesInstance || answers.Any(own => own.Record.Type == DnsType.Srv);

        return _records.Where(own => !answers.Contains(own) && own.Record.Type switch
        {
            DnsType.Srv or DnsType.Txt => namesInstance,
            DnsType.A or DnsType.Aaaa => namesHost,
            _ => false,
        });
    }

    private TimeSpan Delay(OwnRecord own, DnsMessage query)
        => query.IsTruncated ? Between(LanTimes.TruncatedMin, LanTimes.TruncatedMax)
            : own.Record.IsUnique ? TimeSpan.Zero
            : Between(LanTimes.SharedAnswerMin, LanTimes.SharedAnswerMax);

    private TimeSpan Between(TimeSpan least, TimeSpan most) => least + ((most - least) * random.NextDouble());

    private static bool IsKnown(OwnRecord own, DnsMessage query)
        => query.Answers.Any(known => known.IsSameAs(own.Record) && known.TtlSeconds >= own.Record.TtlSeconds / 2);

    // The label is made of the key: who else uses it has the key, or makes mischief.
    private bool IsConflict(DnsRecord said)
        => !said.IsGoodbye
            && (said.Type switch
            {
                DnsType.Srv or DnsType.Txt => said.Name.Equals(LanNames.Instance(Label)),
                DnsType.A or DnsType.Aaaa => said.Name.Equals(LanNames.Host(Label)),
                _ => false,
            })
            && !_records.Any(own => own.Record.IsSameAs(said))
            && !(said.TryReadAddress(out IPAddress? address) && isOwn(address));

    private void GiveWay(TimeSpan now, LanOutbox outbox)
    {
        outbox.Conflict = Label;
        _conflicts.Enqueue(now);

        while (now - _conflicts.Peek() > LanTimes.ConflictWindow || _conflicts.Count > LanTimes.ConflictsMax)
        {
            _ = _conflicts.Dequeue();
        }

        TimeSpan pause = _conflicts.Count < LanTimes.ConflictsMax
            ? LanTimes.ProbeInterval * random.NextDouble()
            : LanTimes.ConflictPause;
        Label = LanNames.OtherLabel(service.Node, random);
        Probe(now + pause);
    }
}
