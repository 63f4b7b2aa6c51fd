using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht;

// Joining, and what a node does on its own schedule to keep its table true.
public sealed partial class DhtNode
{
    // One refresh in so many is of our own neighbourhood, where most changes concern us.
    private const int OwnRefreshEvery = 3;

    // Two lookups of ourselves that agree show that we know our neighbours; more than so many are not waited for.
    private const int SelfLookupsMax = 4;

    // A contact that is gone lets others be doubted: so many more are asked in the next round, up to so many times the
    // usual number.
    private const int MorePerFailure = 2;
    private const int RevalidateGrowth = 8;

    // In one round of so many all contacts are held against the links: well before one is too quiet to be named.
    private const int SignsOfLifeEvery = 4;

    // Who has heard from one address waits so long for the others: three cold round trips of 330 ms, so that he begins
    // from all that are alive and not from the fastest alone, who may be a liar, and not until the dead are given up.
    private static readonly TimeSpan OthersMax = TimeSpan.FromSeconds(1);

    // Bucket refreshes at a time when joining.
    private const int JoinParallelism = 4;

    /// <summary>
    /// Joins the swarm through nodes at known addresses, several at once, and remembers the addresses for bad times.
    /// </summary>
    /// <param name="addresses">Empty for the first node of a swarm.</param>
    /// <param name="cancel">Ends the attempt.</param>
    /// <returns>
    /// Whether anybody answered. If not, the node is alone; while <see cref="RunAsync"/> runs it keeps trying.
    /// </returns>
    public async Task<bool> BootstrapAsync(IReadOnlyList<PeerAddress> addresses, CancellationToken cancel)
    {
        lock (_gate)
        {
            foreach (PeerAddress address in addresses)
            {
                _ = _bootstraps.TryAdd(address, null);
            }
        }

        _isJoining = true;

        try
        {
            return await JoinAsync(cancel);
        }
        finally
        {
            _isJoining = false;
        }
    }

    /// <summary>Gets to know a node at an address learnt elsewhere; who knew nobody joins through it.</summary>
    /// <returns>Whether it answered.</returns>
    public async Task<bool> MeetAsync(PeerAddress address, CancellationToken cancel)
    {
        bool isAlone;

        lock (_gate)
        {
            isAlone = _table.Count == 0;
        }

        bool answered = await GreetAsync(address, cancel) is not null;

        if (answered && isAlone)
        {
            await FindPlaceAsync(cancel);
        }

        return answered;
    }

    /// <summary>Keeps the table, the store and the publications alive until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);

        try
        {
            await Task.WhenAll(
                RevalidateAsync(either.Token),
                RefreshAsync(either.Token),
                CheckNewcomersAsync(either.Token),
                SeekTheLostAsync(either.Token));
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // Asked to stop.
        }
        finally
        {
            _stop.Cancel();
        }
    }

    private async Task<bool> JoinAsync(CancellationToken cancel)
    {
        PeerAddress[] bootstraps;

        lock (_gate)
        {
            bootstraps = [.. _bootstraps.Keys];
        }

        Task<IReadOnlyList<Contact>?>[] greetings = [.. bootstraps.Select(address => GreetAsync(address, cancel))];
        Task<IReadOnlyList<Contact>?>[] late = await GreetMostAsync(greetings, cancel);

        // Whoever answers while the place is searched for comes too late for that search.
        Array.ForEach(late, greeting => _ = BeginAnewAsync(greeting, cancel));
        await FindPlaceAsync(cancel);
        _isReady |= bootstraps.Length == 0;
        return greetings.Except(late).Any(greeting => greeting.Result is not null);
    }

    // Waits until all are answered or given up, or one is answered and the others have had their time; which are late.
    private async Task<Task<IReadOnlyList<Contact>?>[]> GreetMostAsync(
        IEnumerable<Task<IReadOnlyList<Contact>?>> greetings, CancellationToken cancel)
    {
        List<Task<IReadOnlyList<Contact>?>> open = [.. greetings];

        for (bool isAnswered = false; open.Count > 0 && !isAnswered;)
        {
            Task<IReadOnlyList<Contact>?> done = await Task.WhenAny(open);
            _ = open.Remove(done);
            isAnswered = await done is not null;
        }

        try
        {
            _ = await Task.WhenAll(open).WaitAsync(OthersMax, _time, cancel);
            return [];
        }
        catch (TimeoutException)
        {
            return [.. open.Where(greeting => !greeting.IsCompleted)];
        }
    }

    // Whoever answered first may have been a liar, whose friends fill the table: who answers late, and those it names,
    // are a beginning of their own.
    private async Task BeginAnewAsync(Task<IReadOnlyList<Contact>?> late, CancellationToken cancel)
    {
        try
        {
            if (await late is not { } named)
            {
                return;
            }

            if (!_isReady)
            {
                await FindPlaceAsync(cancel);
            }

            var own = new Lookup(Id, named, _options.Lookup, PatienceFor);
            _ = await SearchAsync(own, Id, reading: null, DhtPurpose.Join, cancel);
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    private async Task FindPlaceAsync(CancellationToken cancel)
    {
        if (_table.Count > 0)
        {
            await FindNeighboursAsync(cancel);
            await FindFarRegionsAsync(cancel);
            _isReady |= _table.Count > 0;
        }
    }

    // Dials an address of which it is not known who answers there: whom it names near to us, or null without an answer.
    private async Task<IReadOnlyList<Contact>?> GreetAsync(PeerAddress address, CancellationToken cancel)
    {
        using var deadline = new CancellationTokenSource(_options.BootstrapTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancel);

        try
        {
            ILink link = await _links.GetAsync(address, either.Token);

            lock (_gate)
            {
                if (_bootstraps.ContainsKey(address))
                {
                    _bootstraps[address] = link.Remote;
                }
            }

            if (link.Remote == Id)
            {
                return null;
            }

            var question = new Envelope { Find = new Find { Target = BytesOf(Id) } };
            TimeSpan askedAt = OnAsking(DhtPurpose.Join);
            Envelope answer = await AskAsync(link, question, either.Token);
            _ = OnAnswer(link, [address], question, answer, DhtPurpose.Join, askedAt);
            return answer.Found is { } found ? ReadCloser(found.Closer) : [];
        }
        catch (Exception error) when (IsOfThePeer(error))
        {
            cancel.ThrowIfCancellationRequested();
            return null;
        }
    }

    // Along paths that share no node, for all a node knows is what its bootstraps say; then what they found together is
    // searched on, which asks nobody twice. Where the two do not agree, until two searches of all do.
    private async Task FindNeighboursAsync(CancellationToken cancel)
    {
        IReadOnlyList<Lookup> paths = await SearchApartAsync(
            Id, reading: null, _neighboursApart, DhtPurpose.Join, cancel);
        var whole = new Lookup(Id, paths.SelectMany(path => path.Unasked), _options.Lookup, PatienceFor);
        Contact[] answered = [.. paths.SelectMany(path => path.Answerers)];
        whole.Resume(answered);
        _ = await SearchAsync(whole, Id, reading: null, DhtPurpose.Join, cancel);
        NodeId[] before = Neighbours(answered.OrderBy(contact => contact.Id.DistanceTo(Id)));
        NodeId[] neighbours = Neighbours(whole.Closest());

        for (int i = 2; i < SelfLookupsMax && !neighbours.SequenceEqual(before); i++)
        {
            before = neighbours;
            neighbours = Neighbours(
                (await LookUpAsync(Id, reading: null, cancel, _options.Lookup, DhtPurpose.Join)).Closest);
        }
    }

    private NodeId[] Neighbours(IEnumerable<Contact> nearest)
        => [.. nearest.Take(_placement.Width).Select(contact => contact.Id)];

    // Of each region a few are enough to begin with, and some were met on the way: more come in by what is searched and
    // who calls.
    private async Task FindFarRegionsAsync(CancellationToken cancel)
    {
        int[] unknown;

        lock (_gate)
        {
            int far = _table.FarBuckets(_options.Lookup.Width);
            unknown = [
                .. Enumerable.Range(0, far).Where(bucket => _table.CountIn(bucket) < _options.FirstSurvey.Width)];
        }

        foreach (int[] some in unknown.Chunk(JoinParallelism))
        {
            _ = await Task.WhenAll(some.Select(
                bucket => RefreshBucketAsync(bucket, _options.FirstSurvey, DhtPurpose.Join, cancel)));
        }
    }

    private Task<LookupOutcome> RefreshBucketAsync(
        int bucket, LookupOptions survey, DhtPurpose purpose, CancellationToken cancel)
    {
        NodeId point;

        lock (_gate)
        {
            point = _table.PointIn(bucket, _random);
        }

        // To hear who is there, it need not find the very nearest twenty.
        return LookUpAsync(point, reading: null, cancel, survey, purpose);
    }

    // Looks whether those not heard of for longest are there, and lets go of what has expired. A link that comes up
    // shows it, and one that is open has pings of its own; where many are gone, more are looked for the next time. Our
    // neighbours are asked in any case before they are too quiet to be named: who but us would name them?
    private async Task RevalidateAsync(CancellationToken cancel)
    {
        int failed = 0;

        for (int round = 1; ; round++)
        {
            await Task.Delay(Jittered(_options.RevalidateInterval), _time, cancel);
            IReadOnlyList<Contact> asked;

            lock (_gate)
            {
                Moment now = Now;
                _store.Sweep(now);
                int wanted = _options.RevalidateCount + (MorePerFailure * failed);

                if (round % SignsOfLifeEvery == 0)
                {
                    _table.OnSignsOfLife(_links.Has, now.Elapsed);
                }

                IReadOnlyList<Contact> quiet = _table.TakeQuietNeighbours(
                    _options.Lookup.Width, now.Elapsed, _links.Has);
                int others = Math.Clamp(wanted - quiet.Count, 0, RevalidateGrowth * _options.RevalidateCount);
                asked = [.. quiet, .. _table.TakeStalest(others, now.Elapsed, _links.Has)];
            }

            Envelope?[] answers = await Task.WhenAll(asked.Select(contact => PingAsync(contact, cancel)));
            failed = answers.Count(answer => answer is null);
        }
    }

    // It may have left as well as its link.
    private void OnLinkLost(ILink link)
    {
        lock (_gate)
        {
            _table.Doubt(link.Remote);
        }
    }

    private async Task RefreshAsync(CancellationToken cancel)
    {
        for (int round = 1; ; round++)
        {
            await Task.Delay(Jittered(_options.RefreshInterval), _time, cancel);
            int? bucket;
            bool isOwn;

            lock (_gate)
            {
                isOwn = round % OwnRefreshEvery == 0 || _table.FarBuckets(_options.Lookup.Width) == 0;
                bucket = isOwn ? null : _table.TakeStalestBucket(_options.Lookup.Width, Elapsed);
            }

            if (isOwn)
            {
                _ = await LookUpAsync(Id, reading: null, cancel, _placement, DhtPurpose.Table);
            }
            else if (bucket is { } stalest)
            {
                _ = await RefreshBucketAsync(stalest, _options.Survey, DhtPurpose.Table, cancel);
            }
        }
    }

    // Peers that contacted us, one at a time and never faster than our own pace.
    private async Task CheckNewcomersAsync(CancellationToken cancel)
    {
        while (await _checks.Reader.WaitToReadAsync(cancel))
        {
            while (_checks.Reader.TryRead(out Contact? newcomer))
            {
                bool hasRoom;

                lock (_gate)
                {
                    _ = _awaitingCheck.Remove(newcomer.Id);
                    hasRoom = _table.HasRoomFor(newcomer.Id);
                }

                if (hasRoom)
                {
                    _ = await PingAsync(newcomer, cancel);
                    await Task.Delay(_options.CheckInterval, _time, cancel);
                }
            }
        }
    }

    private Task<Envelope?> PingAsync(Contact contact, CancellationToken cancel)
        => QueryAsync(
            contact,
            new Envelope { Find = new Find { Target = BytesOf(Id), Ping = true } },
            DhtPurpose.Table,
            cancel);

    private TimeSpan Jittered(TimeSpan interval)
    {
        lock (_gate)
        {
            return interval * (1 + (Jitter * ((2 * _random.NextDouble()) - 1)));
        }
    }
}
