using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Dht.Tests;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class DhtKeysTests
{
    private static readonly SwarmId One = SwarmId.FromName("one");
    private static readonly byte[] Model = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Test]
    public void Swarms_models_and_groups_have_keys_of_their_own()
    {
        var other = SwarmId.FromName("other");
        NodeId[] keys =
        [
            DhtKeys.Blocks(One, Model, 0),
            DhtKeys.Blocks(One, Model, 1),
            DhtKeys.Blocks(One, Model, 256),
            DhtKeys.Blocks(other, Model, 0),
            DhtKeys.Blocks(One, [.. Model.Reverse()], 0),
            DhtKeys.Models(One),
            DhtKeys.Models(other),
        ];

        Assert.That(keys, Is.Unique);
    }

    [Test]
    public void A_key_is_the_hash_of_its_parts_one_after_the_other()
    {
        byte[] parts = [.. "swarm/1/blocks"u8, .. One.ToByteArray(), .. Model, 0x02, 0x01];

        Assert.That(
            DhtKeys.Blocks(One, Model, 0x0102),
            Is.EqualTo(NodeId.Read(System.Security.Cryptography.SHA256.HashData(parts))));
    }

    [TestCase(0, 0)]
    [TestCase(7, 0)]
    [TestCase(8, 1)]
    [TestCase(127, 15)]
    public void Eight_blocks_share_a_key(int block, int group)
        => Assert.That(DhtKeys.GroupOf(block), Is.EqualTo(group));
}
