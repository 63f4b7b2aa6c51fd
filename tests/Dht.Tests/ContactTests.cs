using Google.Protobuf;
using NUnit.Framework;
using Swarm.Dht.Routing;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Messages;
using Swarm.Protocol.Transport;
using Contact = Swarm.Dht.Routing.Contact;

namespace Swarm.Dht.Tests;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ContactTests
{
    [Test]
    public void A_contact_survives_the_round_trip()
    {
        var contact = new Contact(
            Ids.Of(3), [new PeerAddress("10.0.0.1", 4000, Ids.Of(3)), new PeerAddress("::1", 65535, Ids.Of(3))]);

        Assert.That(Contact.TryRead(contact.ToMessage().Clone(), out Contact? read));
        Assert.That(read!.Id, Is.EqualTo(contact.Id));
        Assert.That(read.Addresses, Is.EqualTo(contact.Addresses));
    }

    [TestCase("", 1u)]
    [TestCase("a b", 1u)]
    [TestCase("a@b", 1u)]
    [TestCase("0.0.0.0", 1u)]
    [TestCase("::", 1u)]
    [TestCase("[::1]", 1u)]
    [TestCase("10.0.0.1", 0u)]
    [TestCase("10.0.0.1", 65536u)]
    [TestCase("10.0.0.1", uint.MaxValue)]
    [TestCase("host", 1u, TestName = "Threat_23_A_contact_that_is_named_by_DNS_is_none_for_it_is_of_no_network")]
    public void A_contact_that_cannot_be_dialled_is_none(string host, uint port)
    {
        Protocol.Messages.Contact message = Ids.Contact(1).ToMessage().Clone();
        message.Addresses.Clear();
        message.Addresses.Add(new Address { Host = host, Port = port });

        Assert.That(Contact.TryRead(message, out _), Is.False);
    }

    [Test]
    public void Threat_21_Who_claims_many_long_addresses_does_not_make_the_answers_of_others_too_long()
    {
        NodeId id = Ids.Of(3);
        var contact = new Contact(
            id,
            [.. Enumerable.Range(0, DhtLimits.AddressesMax).Select(
                i => new PeerAddress($"{i}{new string('a', DhtLimits.HostCharactersMax - 1)}", 65535, id))]);
        var found = new Found { NowMs = ulong.MaxValue };
        found.Closer.Add(Enumerable.Repeat(contact.ToMessage(), 2 * new LookupOptions().Width));

        Assert.That(contact.ToMessage().Addresses, Is.Not.Empty);
        Assert.That(contact.ToMessage().CalculateSize(), Is.LessThanOrEqualTo(DhtLimits.ContactBytesMax));
        Assert.That(new Envelope { Found = found }.CalculateSize(), Is.LessThan(DhtLimits.MessageBytesMax));
    }

    [Test]
    public void Eight_addresses_of_IPv6_are_all_named()
    {
        NodeId id = Ids.Of(3);
        var contact = new Contact(
            id,
            [.. Enumerable.Range(0, DhtLimits.AddressesMax).Select(
                i => new PeerAddress($"2001:db8:aaaa:bbbb:cccc:dddd:eeee:fff{i}", 65535, id))]);

        Assert.That(contact.ToMessage().Addresses, Has.Count.EqualTo(DhtLimits.AddressesMax));
    }

    [TestCase(0)]
    [TestCase(31)]
    [TestCase(33)]
    public void A_name_of_another_size_is_none(int bytes)
    {
        Protocol.Messages.Contact message = Ids.Contact(1).ToMessage().Clone();
        message.Node = ByteString.CopyFrom(new byte[bytes]);

        Assert.That(Contact.TryRead(message, out _), Is.False);
    }

    [Test]
    public void Of_many_addresses_only_a_few_are_kept()
    {
        Protocol.Messages.Contact message = Ids.Contact(1).ToMessage().Clone();
        message.Addresses.Add(
            Enumerable.Range(1, 1000).Select(port => new Address { Host = "10.0.0.2", Port = (uint)port }));

        Assert.That(Contact.TryRead(message, out Contact? contact));
        Assert.That(contact!.Addresses, Has.Count.EqualTo(DhtLimits.AddressesMax));
    }
}
