using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Tests;

/// <summary>Which nodes are meant by bootstrap names.</summary>
[TestFixture]
public sealed class DoorNamesTests
{
    [Test]
    public async Task A_name_of_several_records_is_all_of_them_and_stays_one_of_the_doors()
        => Assert.That(
            await ExpandAsync("seeds:4747", "192.0.2.1:1"),
            Is.EqualTo("seeds:4747 192.0.2.1:1 10.0.0.1:4747 10.0.0.2:4747 [2001:db8::1]:4747"));

    [Test]
    public async Task A_name_of_one_record_or_of_none_is_dialled_as_it_is()
        => Assert.That(await ExpandAsync("one:1", "none:2"), Is.EqualTo("one:1 none:2"));

    [Test]
    public async Task A_name_of_very_many_records_is_not_dialled_without_end()
        => Assert.That((await ExpandAsync("many:1")).Split(' '), Has.Length.EqualTo(1 + DoorNames.RecordsMax));

    private static async Task<string> ExpandAsync(params string[] doors)
        => string.Join(' ', await DoorNames.ExpandAsync(
            [.. doors.Select(door => PeerAddress.TryParse(door, out PeerAddress? address) ? address : null!)],
            ResolveAsync,
            CancellationToken.None));

    private static Task<IPAddress[]> ResolveAsync(string name, CancellationToken cancel) => name switch
    {
        "seeds" => Task.FromResult<IPAddress[]>(
            [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.2"), IPAddress.Parse("2001:db8::1")]),
        "one" => Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.3")]),
        "many" => Task.FromResult<IPAddress[]>(
            [.. Enumerable.Range(0, 200).Select(last => IPAddress.Parse($"10.0.1.{last}"))]),
        _ => throw new SocketException((int)SocketError.HostNotFound),
    };
}
