using NUnit.Framework;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Swarm.Testing;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>Which two nodes can talk.</summary>
[TestFixture]
public sealed class HellosTests
{
    [Test]
    public void Threat_14_Two_versions_that_share_none_refuse_each_other_whoever_speaks_first(
        [Range(1u, 4u)] uint least,
        [Range(0u, 3u)] uint more,
        [Range(1u, 4u)] uint theirLeast,
        [Range(0u, 3u)] uint theirMore)
    {
        Hello own = Speaking(least, least + more);
        Hello theirs = Speaking(theirLeast, theirLeast + theirMore);
        bool share = Enumerable.Range(1, 8).Any(version =>
            version >= least && version <= least + more && version >= theirLeast && version <= theirLeast + theirMore);

        Assert.That(Hellos.Refusal(own, theirs)?.Code, share ? Is.Null : Is.EqualTo(FaultCode.Version));
        Assert.That(Hellos.Refusal(theirs, own) is null, Is.EqualTo(share), "both find the same");
    }

    [Test]
    public void Threat_14_A_Hello_that_speaks_no_version_breaks_the_protocol()
        => Assert.That(() => Hellos.Refusal(Speaking(1, 1), Speaking(2, 1)), Throws.TypeOf<ProtocolException>());

    private static Hello Speaking(uint least, uint most)
    {
        Hello hello = TestIdentity.Hello("test");
        hello.ProtocolMin = least;
        hello.ProtocolMax = most;
        return hello;
    }
}
