using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Protocol.Identity;

namespace Swarm.Dht.Tests;

/// <summary>The laws that make XOR a metric on which a search by halving ends.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class MetricTests
{
    private static readonly NodeId Zero = Ids.Of(0);

    [Test]
    public void The_distance_to_oneself_and_only_to_oneself_is_zero()
        => Prop.ForAll(Ids.Any, Ids.Any, (a, b) => a.DistanceTo(a) == Zero && (a == b) == (a.DistanceTo(b) == Zero))
            .QuickCheckThrowOnFailure();

    [Test]
    public void Distance_is_symmetric()
        => Prop.ForAll(Ids.Any, Ids.Any, (a, b) => a.DistanceTo(b) == b.DistanceTo(a)).QuickCheckThrowOnFailure();

    [Test]
    public void A_detour_is_never_shorter()
        => Prop.ForAll(Ids.Any, Ids.Any, Ids.Any, (a, b, c) =>
            Number(a.DistanceTo(c)) <= Number(a.DistanceTo(b)) + Number(b.DistanceTo(c)))
            .QuickCheckThrowOnFailure();

    [Test]
    public void From_one_point_each_distance_leads_to_one_point()
        => Prop.ForAll(Ids.Any, Ids.Any, (a, distance) => a.DistanceTo(a.DistanceTo(distance)) == distance)
            .QuickCheckThrowOnFailure();

    [Test]
    public void Names_are_ordered_as_numbers()
        => Prop.ForAll(Ids.Any, Ids.Any, (a, b) => Math.Sign(a.CompareTo(b)) == Number(a).CompareTo(Number(b)))
            .QuickCheckThrowOnFailure();

    private static System.Numerics.BigInteger Number(NodeId id)
    {
        Span<byte> bytes = stackalloc byte[NodeId.Size];
        id.Write(bytes);
        return new System.Numerics.BigInteger(bytes, isUnsigned: true, isBigEndian: true);
    }
}
