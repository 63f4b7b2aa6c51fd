using Swarm.Node.Discovery.Lan.Wire;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Discovery.Lan;

/// <summary>
/// Looks for a swarm's nodes on one interface: at once by a one-shot question from a port of its own, and for ever, but
/// ever more rarely, from the shared port (RFC 6762, sections 5.1 and 5.2).
/// </summary>
/// <param name="swarm">Whose nodes; null for those of all swarms.</param>
/// <param name="at">The interface.</param>
/// <param name="isSelf">Whether an instance is this node itself.</param>
/// <param name="own">What this node itself answers to a question: it need not tell itself.</param>
/// <param name="isBrief">Whether only one-shot questions are asked, by somebody who stays but a moment.</param>
/// <param name="bytesMax">The size of a packet.</param>
/// <param name="random">For delays.</param>
internal sealed class LanBrowser(
    SwarmId? swarm,
    LanInterface at,
    Func<DnsName, bool> isSelf,
    Func<DnsQuestion, IEnumerable<DnsRecord>> own,
    bool isBrief,
    int bytesMax,
    Random random)
{
    private readonly DnsQuestion _question = new(LanNames.Of(swarm), DnsType.Ptr);
    private readonly ushort _id = (ushort)random.Next(1, ushort.MaxValue + 1);
    private TimeSpan _startedAt;
    private TimeSpan? _queryDue;
    private TimeSpan _queryInterval = LanTimes.QueryMin;
    private TimeSpan? _oneShotDue;
    private TimeSpan? _oneShotAt;
    private int _oneShots;

    /// <summary>What it knows.</summary>
    public LanCache Cache { get; } = new(swarm, at, isSelf, random);

    /// <summary>When <see cref="Advance"/> has something to do.</summary>
    public TimeSpan? NextDue => new[] { _queryDue, _oneShotDue, Cache.NextDue }.Min();

    /// <summary>Begins to ask.</summary>
    public void Start(TimeSpan now)
    {
        _startedAt = now;
        _oneShotDue = now + LanTimes.OneShots[0];
        _queryDue = isBrief
            ? null
            : now + LanTimes.SharedAnswerMin
                + ((LanTimes.SharedAnswerMax - LanTimes.SharedAnswerMin) * random.NextDouble());
    }

    /// <summary>Somebody answers or announces.</summary>
    /// <param name="response">What is said.</param>
    /// <param name="isOneShot">Whether it came to the port of our own.</param>
    /// <param name="now">The time.</param>
    /// <param name="outbox">Takes the news.</param>
    public void OnResponse(DnsMessage response, bool isOneShot, TimeSpan now, LanOutbox outbox)
    {
        if (isOneShot && (response.Id != _id || !(now - _oneShotAt <= LanTimes.OneShotAnswerMax)))
        {
            return;
        }

        foreach (LanHint hint in Cache.Hear([.. response.Answers, .. response.Additionals], isOneShot, now))
        {
            outbox.Found.Enqueue(hint);
        }
    }

    /// <summary>
    /// Somebody asks. Who probes for its names says with them where it listens, a second before it may announce it:
    /// too early to be remembered, good enough for a dial.
    /// </summary>
    public void OnQuery(DnsMessage query, TimeSpan now, LanOutbox outbox)
    {
        IEnumerable<DnsRecord> pointers = query.Authorities
            .Where(claimed => claimed.Type == DnsType.Srv)
            .Select(claimed => DnsRecord.Pointer(_question.Name, claimed.Name, claimed.TtlSeconds));

        foreach (LanHint hint in new LanCache(swarm, at, isSelf, random)
            .Hear([.. pointers, .. query.Authorities], isBrief: false, now))
        {
            outbox.Found.Enqueue(hint);
        }
    }

    /// <summary>Does what is due.</summary>
    public void Advance(TimeSpan now, LanOutbox outbox)
    {
        if (Cache.NextDue <= now)
        {
            foreach (string gone in Cache.Expire(now))
            {
                outbox.Gone.Enqueue(gone);
            }

            Ask(Cache.TakeQuestions(now), isOneShot: isBrief, now, outbox);
        }

        if (_oneShotDue <= now)
        {
            Ask([_question], isOneShot: true, now, outbox);
            _oneShotDue = ++_oneShots < LanTimes.OneShots.Count ? _startedAt + LanTimes.OneShots[_oneShots] : null;
        }

        if (_queryDue <= now)
        {
            Query(now, outbox);
            _queryDue = now + _queryInterval;
            _queryInterval = LanTimes.QueryMax < _queryInterval * 2 ? LanTimes.QueryMax : _queryInterval * 2;
        }
    }

    private void Ask(IReadOnlyList<DnsQuestion> questions, bool isOneShot, TimeSpan now, LanOutbox outbox)
    {
        int asked = 0;

        while (asked < questions.Count)
        {
            var packet = new DnsWriter(bytesMax, isResponse: false, isOneShot ? _id : (ushort)0);

            while (asked < questions.Count && packet.TryAsk(questions[asked]))
            {
                asked++;
            }

            if (isOneShot)
            {
                _oneShotAt = now;
                outbox.OneShot(packet.ToArray());
            }
            else
            {
                outbox.Multicast(packet.ToArray());
            }
        }
    }

    private void Query(TimeSpan now, LanOutbox outbox)
    {
        var packet = new DnsWriter(bytesMax, isResponse: false);
        _ = packet.TryAsk(_question);

        foreach (DnsRecord known in own(_question).Concat(Cache.KnownAnswers(now)))
        {
            if (!packet.TryAnswer(known))
            {
                packet.SetTruncated();
                outbox.Multicast(packet.ToArray());
                packet = new DnsWriter(bytesMax, isResponse: false);
                _ = packet.TryAnswer(known);
            }
        }

        outbox.Multicast(packet.ToArray());
    }
}
