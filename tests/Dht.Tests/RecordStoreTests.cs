using Google.Protobuf;
using NUnit.Framework;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;

namespace Swarm.Dht.Tests;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class RecordStoreTests
{
    private static readonly NodeId Key = Ids.Of(7);
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000);
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(120);

    [Test]
    public void A_record_is_given_out_until_its_lease_ends_and_not_a_moment_longer()
    {
        RecordStore store = New();
        SignedRecord record = Sign(Signers.Alice, 1);
        Assert.That(store.Accept(record, At(0)), Is.Null);

        Assert.That(Held(store, 119.999), Is.EqualTo([record]));
        Assert.That(Held(store, 120), Is.Empty);
    }

    [Test]
    public void A_record_that_arrives_late_lives_until_its_signers_lease_and_the_skew_have_passed()
    {
        RecordStore store = New();
        Assert.That(store.Accept(Sign(Signers.Alice, 1), At(170)), Is.Null);

        Assert.That(Held(store, 179.999), Has.Exactly(1).Items);
        Assert.That(Held(store, 180), Is.Empty);
    }

    [Test]
    public void No_correction_of_the_wall_clock_brings_back_what_has_expired()
    {
        RecordStore store = New();
        _ = store.Accept(Sign(Signers.Alice, 1), At(0));

        Assert.That(store.Page(Key, null, int.MaxValue, new Moment(Lease, Start - Lease), out _), Is.Empty);
    }

    [Test]
    public void A_higher_sequence_replaces_and_a_lower_or_equal_one_does_not()
    {
        RecordStore store = New();
        SignedRecord second = Sign(Signers.Alice, 2, value: 2);
        Assert.That(store.Accept(second, At(0)), Is.Null);

        Assert.That(store.Accept(Sign(Signers.Alice, 1, value: 1), At(1)), Is.Not.Null);
        Assert.That(store.Accept(Sign(Signers.Alice, 2, value: 3), At(1)), Is.Not.Null);
        Assert.That(Held(store, 2), Is.EqualTo([second]));

        SignedRecord third = Sign(Signers.Alice, 3);
        Assert.That(store.Accept(third, At(3)), Is.Null);
        Assert.That(Held(store, 3), Is.EqualTo([third]));
    }

    [Test]
    public void The_same_bytes_again_renew_a_record_but_never_beyond_its_signers_lease_and_the_skew()
    {
        RecordStore store = New();
        SignedRecord record = Sign(Signers.Alice, 1);
        _ = store.Accept(record, At(0));
        Assert.That(store.Accept(record.Clone(), At(100)), Is.Null);

        Assert.That(Held(store, 150), Has.Exactly(1).Items);
        Assert.That(Held(store, 180), Is.Empty);
        Assert.That(store.Accept(record, At(180)), Is.Not.Null);
    }

    [Test]
    public void Threat_16_A_replayed_record_does_not_resurrect_whom_a_tombstone_buried()
    {
        RecordStore store = New();
        SignedRecord old = Sign(Signers.Alice, 1, lease: TimeSpan.FromSeconds(600));
        SignedRecord tombstone = Sign(Signers.Alice, 2, issued: 10, value: 0, lease: TimeSpan.FromSeconds(30));
        _ = store.Accept(old, At(0));
        _ = store.Accept(tombstone, At(10));

        for (double seconds = 10; seconds < 700; seconds += 7)
        {
            Assert.That(store.Accept(old, At(seconds)), Is.Not.Null);
            Assert.That(Held(store, seconds), Has.None.EqualTo(old));
            store.Sweep(At(seconds));
        }
    }

    [Test]
    public void Threat_15_What_is_forged_in_any_field_is_refused_by_holder_and_reader()
    {
        Action<SignedRecord>[] forgeries =
        [
            record => record.Key = Bytes(Ids.Of(8)),
            record => record.Sequence++,
            record => record.IssuedMs++,
            record => record.TtlSeconds--,
            record => record.Value = ByteString.CopyFrom(9),
            record => record.Signature = ByteString.CopyFrom(new byte[64]),
            record => record.Signature = Sign(Signers.Bob, 1).Signature,
            record => record.PublicKey = ByteString.CopyFrom(Signers.Bob.PublicKey),
            record => record.PublicKey = ByteString.Empty,
        ];

        foreach (Action<SignedRecord> forge in forgeries)
        {
            SignedRecord record = Sign(Signers.Alice, 1);
            forge(record);
            RecordStore store = New();

            Assert.That(store.Accept(record, At(1)), Is.Not.Null);
            Assert.That(store.Count, Is.Zero);
            Assert.That(RecordRules.IsReadable(record, Key, At(1).Utc, out _), Is.False);
        }
    }

    [Test]
    public void Threat_15_Nobody_can_write_under_anothers_name()
    {
        // Mallory signs with her own key but claims Alice's: the signature does not fit.
        SignedRecord record = Sign(Signers.Bob, 2);
        record.PublicKey = ByteString.CopyFrom(Signers.Alice.PublicKey);
        RecordStore store = New();
        SignedRecord honest = Sign(Signers.Alice, 1);
        _ = store.Accept(honest, At(0));

        Assert.That(store.Accept(record, At(1)), Is.Not.Null);
        Assert.That(Held(store, 1), Is.EqualTo([honest]));
    }

    [Test]
    public void A_record_of_another_key_is_not_read_under_this_one()
        => Assert.That(RecordRules.IsReadable(Sign(Signers.Alice, 1), Ids.Of(8), At(0).Utc, out _), Is.False);

    [TestCase(0, 0u, 1, false, TestName = "A lease of nothing")]
    [TestCase(0, 601u, 1, false, TestName = "A lease of more than ten minutes")]
    [TestCase(0, uint.MaxValue, 1, false, TestName = "A lease for ever")]
    [TestCase(0, 600u, 1, true, TestName = "The longest lease")]
    [TestCase(0, 120u, 1025, false, TestName = "A value of more than 1 KiB")]
    [TestCase(0, 120u, 1024, true, TestName = "The longest value")]
    [TestCase(61, 120u, 1, false, TestName = "Issued more than a minute from now")]
    [TestCase(60, 120u, 1, true, TestName = "Issued by a clock one minute ahead")]
    [TestCase(-180, 120u, 1, false, TestName = "Expired, skew included")]
    [TestCase(-179, 120u, 1, true, TestName = "Within the skew")]
    public void Threat_19_Bounds_hold_for_holder_and_reader(int issued, uint ttl, int valueBytes, bool accepted)
    {
        SignedRecord record = SignedRecords.Sign(
            Signers.Alice,
            Key,
            1,
            Start + TimeSpan.FromSeconds(issued),
            TimeSpan.FromSeconds(ttl),
            new byte[valueBytes]);

        Assert.That(New().Accept(record, At(0)) is null, Is.EqualTo(accepted));
        Assert.That(RecordRules.IsReadable(record, Key, At(0).Utc, out _), Is.EqualTo(accepted));
    }

    [Test]
    public void Threat_19_Times_at_the_end_of_the_numbers_are_refused_and_do_not_overflow()
    {
        foreach (ulong issued in (ulong[])[ulong.MaxValue, long.MaxValue, (ulong)long.MaxValue + 1, 0])
        {
            SignedRecord record = Sign(Signers.Alice, 1);
            record.IssuedMs = issued;
            Assert.That(New().Accept(record, At(0)), Is.Not.Null);
        }
    }

    [Test]
    public void Pages_give_every_record_once_in_the_order_of_the_names()
    {
        RecordStore store = New();
        NodeKey[] signers = [.. Enumerable.Range(0, 20).Select(_ => NodeKey.Create())];

        foreach (NodeKey signer in signers)
        {
            _ = store.Accept(Sign(signer, 1), At(0));
        }

        var read = new List<NodeId>();
        bool more = true;

        while (more)
        {
            NodeId? after = read.Count == 0 ? null : read[^1];
            IReadOnlyList<SignedRecord> page = store.Page(Key, after, 1000, At(1), out more);
            Assert.That(page.Sum(record => record.CalculateSize()), Is.InRange(1, 1000));
            read.AddRange(page.Select(record => record.Claimed));
        }

        Assert.That(read, Is.EqualTo(signers.Select(signer => signer.Id).Order()));
    }

    [Test]
    public void Under_a_full_key_the_freshest_stay()
    {
        RecordStore store = New();
        NodeKey[] signers = [.. Enumerable.Range(0, DhtLimits.RecordsPerKeyMax).Select(_ => NodeKey.Create())];

        for (int i = 0; i < signers.Length; i++)
        {
            Assert.That(store.Accept(Sign(signers[i], 1, issued: i), At(i)), Is.Null);
        }

        SignedRecord brief = Sign(Signers.Alice, 1, issued: 64, lease: TimeSpan.FromSeconds(10));
        Assert.That(store.Accept(brief, At(64)), Is.Not.Null, "it would expire first");
        Assert.That(store.Accept(Sign(Signers.Bob, 1, issued: 64), At(64)), Is.Null);
        IEnumerable<NodeId> held = Held(store, 64).Select(record => record.Claimed);
        Assert.That(held, Is.EquivalentTo((NodeId[])[Signers.Bob.Id, .. signers.Skip(1).Select(signer => signer.Id)]));
    }

    [Test]
    public void Threat_18_One_signer_cannot_fill_a_store()
    {
        RecordStore store = New();
        int refused = 0;

        for (int i = 0; i < 300; i++)
        {
            byte[] key = new byte[NodeId.Size];
            key[0] = (byte)i;
            key[1] = (byte)(i >> 8);
            SignedRecord record = SignedRecords.Sign(Signers.Alice, NodeId.Read(key), 1, Start, Lease, [1]);
            refused += store.Accept(record, At(0)) is null ? 0 : 1;
        }

        Assert.That(store.Count, Is.EqualTo(DhtLimits.RecordsPerSignerMax));
        Assert.That(refused, Is.EqualTo(300 - DhtLimits.RecordsPerSignerMax));
    }

    [Test]
    public void A_full_store_keeps_the_keys_nearest_to_its_node([Values] bool fullOfBytes)
    {
        var random = new Random(1);
        var store = fullOfBytes
            ? new RecordStore(Ids.Of(0), keysMax: 1000, bytesMax: 40_000)
            : new RecordStore(Ids.Of(0), keysMax: 50, bytesMax: long.MaxValue);
        NodeId[] keys = [.. Enumerable.Range(0, 300).Select(_ => Ids.Draw(random))];

        foreach (NodeId key in keys)
        {
            _ = store.Accept(SignedRecords.Sign(Signers.Alice, key, 1, Start, Lease, new byte[100]), At(0));
            Assert.That(store.Bytes, Is.LessThanOrEqualTo(fullOfBytes ? 40_000 : long.MaxValue));
        }

        Assert.That(store.Count, Is.EqualTo(50).Within(fullOfBytes ? 15 : 0));
        Assert.That(
            store.Keys, Is.EquivalentTo(keys.OrderBy(key => key.DistanceTo(Ids.Of(0))).Take(store.Count)));
    }

    [Test]
    public void The_budget_is_counted_exactly_and_comes_back_whole([Range(0, 9)] int seed)
    {
        var random = new Random(seed);
        RecordStore store = New();
        NodeKey[] signers = [Signers.Alice, Signers.Bob];

        for (int i = 0; i < 100; i++)
        {
            SignedRecord record = SignedRecords.Sign(
                signers[random.Next(2)],
                Ids.Of((byte)random.Next(4)),
                (ulong)random.Next(20),
                Start + TimeSpan.FromSeconds(i),
                TimeSpan.FromSeconds(random.Next(1, 30)),
                new byte[random.Next(100)]);
            _ = store.Accept(record, At(i));
            store.Sweep(At(i));
            Assert.That(store.Bytes, Is.GreaterThanOrEqualTo(store.Count));
        }

        store.Sweep(At(10_000));
        Assert.That((store.Count, store.Bytes, store.Keys.Count), Is.EqualTo((0, 0L, 0)));
    }

    [Test]
    public void The_sequence_a_holder_gives_out_never_goes_back([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        RecordStore store = New();
        ulong highest = 0;

        for (int i = 0; i < 200; i++)
        {
            SignedRecord record = SignedRecords.Sign(
                Signers.Alice,
                Key,
                (ulong)random.Next(50),
                Start + TimeSpan.FromSeconds(i - random.Next(100)),
                TimeSpan.FromSeconds(random.Next(1, 200)),
                [(byte)random.Next(3)]);
            _ = store.Accept(record, At(i));

            if (random.Next(4) == 0)
            {
                store.Sweep(At(i));
            }

            foreach (SignedRecord held in Held(store, i))
            {
                Assert.That(held.Sequence, Is.GreaterThanOrEqualTo(highest));
                highest = held.Sequence;
            }
        }
    }

    [Test]
    public void Threat_20_Signatures_are_checked_only_as_often_as_allowed()
    {
        RecordStore store = New();
        SignedRecord record = Sign(Signers.Alice, 1);

        Assert.That(store.Accept(record, At(0), mayCheck: () => false), Is.Not.Null);
        Assert.That(store.Accept(record, At(0), mayCheck: () => true), Is.Null);
        Assert.That(store.Accept(record, At(1), mayCheck: () => false), Is.Null, "what is held already needs no check");
    }

    private static RecordStore New() => new(Ids.Of(0));

    private static Moment At(double seconds)
        => new(TimeSpan.FromSeconds(seconds), Start + TimeSpan.FromSeconds(seconds));

    private static SignedRecord Sign(
        NodeKey signer, ulong sequence, double issued = 0, byte value = 1, TimeSpan? lease = null)
        => SignedRecords.Sign(
            signer, Key, sequence, Start + TimeSpan.FromSeconds(issued), lease ?? Lease, [value]);

    private static IReadOnlyList<SignedRecord> Held(RecordStore store, double seconds)
        => store.Page(Key, null, int.MaxValue, At(seconds), out _);

    private static ByteString Bytes(NodeId id)
    {
        byte[] bytes = new byte[NodeId.Size];
        id.Write(bytes);
        return ByteString.CopyFrom(bytes);
    }
}
