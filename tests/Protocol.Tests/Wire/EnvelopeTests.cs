using Google.Protobuf;
using NUnit.Framework;
using Swarm.Protocol.Messages;

namespace Swarm.Protocol.Tests.Wire;

/// <summary>What an envelope takes on the wire.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class EnvelopeTests
{
    [Test]
    public void What_is_measured_once_is_what_is_written([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        Contact[] contacts = [.. Enumerable.Range(0, 5).Select(_ => Draw(random))];
        var found = new Found { More = random.Next(2) == 0, NowMs = (ulong)random.NextInt64(seed == 0 ? 1 : 1L << 45) };
        found.Closer.Add(Enumerable.Range(0, random.Next(40)).Select(_ => contacts[random.Next(contacts.Length)]));
        found.Records.Add(Enumerable.Range(0, random.Next(5)).Select(_ => new SignedRecord
        {
            Value = ByteString.CopyFrom(new byte[random.Next(400)]),
        }));

        var answer = new Envelope { Found = found };
        var question = new Envelope { Find = new Find { Wide = true } };

        Assert.That(answer.Measure(), Is.EqualTo(answer.ToByteArray().Length));
        Assert.That(question.Measure(), Is.EqualTo(question.ToByteArray().Length));
    }

    private static Contact Draw(Random random)
    {
        var contact = new Contact { Node = ByteString.CopyFrom(new byte[random.Next(33)]) };
        contact.Addresses.Add(Enumerable.Range(0, random.Next(9)).Select(_ => new Address
        {
            Host = new string('a', random.Next(60)),
            Port = (uint)random.Next(65536),
        }));
        return contact;
    }
}
