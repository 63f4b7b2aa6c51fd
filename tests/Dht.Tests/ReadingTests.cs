using NUnit.Framework;
using Swarm.Dht.Records;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Records;

namespace Swarm.Dht.Tests;

/// <summary>When a reader has heard enough: holders that agree, not holders that are many.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ReadingTests
{
    private static readonly NodeId Key = Ids.Of(7);
    private static readonly DateTimeOffset Now = DateTimeOffset.UnixEpoch + TimeSpan.FromDays(20_000);

    [Test]
    public void A_holder_is_complete_while_nobody_gives_what_it_did_not_know()
    {
        var reading = new Reading(Key);
        Give(reading, 1, Sign(Signers.Alice, 1));
        Give(reading, 2, Sign(Signers.Alice, 1));
        Assert.That(Complete(reading, 1, 2), Is.EqualTo([true, true]));

        Give(reading, 3, Sign(Signers.Alice, 1), Sign(Signers.Bob, 1));
        Assert.That(Complete(reading, 1, 2, 3), Is.EqualTo([false, false, true]));
    }

    [Test]
    public void Who_knows_less_or_something_older_is_not_complete()
    {
        var reading = new Reading(Key);
        Give(reading, 1, Sign(Signers.Alice, 2), Sign(Signers.Bob, 5));
        Give(reading, 2, Sign(Signers.Alice, 2));
        Give(reading, 3, Sign(Signers.Alice, 1), Sign(Signers.Bob, 5));

        Assert.That(Complete(reading, 1, 2, 3), Is.EqualTo([true, false, false]));
        Assert.That(reading.Holders, Is.EqualTo(3));
        Assert.That(reading.HasGiven(Ids.Of(3)) && !reading.HasGiven(Ids.Of(4)), "less is something, too");
    }

    [Test]
    public void Of_many_signers_who_missed_one_is_as_good_as_the_others()
    {
        var reading = new Reading(Key);
        SignedRecord[] many = [.. Enumerable.Range(0, 16).Select(_ => Sign(NodeKey.Create(), 1))];
        Give(reading, 1, many[1..]);
        Give(reading, 2, many[..15]);
        Assert.That(Complete(reading, 1, 2, 3), Is.EqualTo([true, true, false]));
        Assert.That(reading.Newest(), Has.Count.EqualTo(16));

        var few = new Reading(Key);
        Give(few, 1, many[1..15]);
        Give(few, 2, many[..14]);
        Assert.That(Complete(few, 1, 2), Is.EqualTo([false, false]));
    }

    [Test]
    public void Threat_22_The_same_record_twice_does_not_stand_for_two()
    {
        var reading = new Reading(Key);
        Give(reading, 1, Sign(Signers.Alice, 1), Sign(Signers.Bob, 1));
        Give(reading, 2, Sign(Signers.Alice, 1), Sign(Signers.Alice, 1));

        Assert.That(Complete(reading, 1, 2), Is.EqualTo([true, false]));
    }

    [Test]
    public void Threat_15_Who_gives_nothing_valid_is_no_holder()
    {
        var reading = new Reading(Key);
        SignedRecord forged = Sign(Signers.Alice, 1);
        forged.Sequence = 9;
        Give(reading, 1, forged);
        Give(reading, 2);

        Assert.That(reading.Holders, Is.Zero);
        Assert.That(Complete(reading, 1, 2), Is.EqualTo([false, false]));
    }

    private static SignedRecord Sign(NodeKey signer, ulong sequence)
        => SignedRecords.Sign(signer, Key, sequence, Now, TimeSpan.FromSeconds(120), [1]);

    private static void Give(Reading reading, byte holder, params SignedRecord[] records)
        => reading.AddHolder(Ids.Of(holder), records, Now);

    private static IEnumerable<bool> Complete(Reading reading, params byte[] holders)
        => holders.Select(holder => reading.IsComplete(Ids.Of(holder)));
}
