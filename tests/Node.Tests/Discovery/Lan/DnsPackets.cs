using FsCheck;
using FsCheck.Fluent;
using Swarm.Node.Discovery.Lan.Wire;

namespace Swarm.Node.Tests.Discovery.Lan;

/// <summary>Packets by the thousand, and the few ways to write and read them.</summary>
internal static class DnsPackets
{
    private static readonly Gen<string> Label =
        from length in Gen.Frequency((9, Gen.Choose(1, 12)), (1, Gen.Choose(50, DnsLimits.LabelBytesMax)))
        from letters in Gen.Elements("abcdefghijklmnopqrstuvwxyz0123456789_- .\\".ToCharArray()).ArrayOf(length)
        select new string(letters);

    private static readonly Gen<DnsName> Name =
        from labels in Gen.Choose(0, 3).SelectMany(count => Label.ArrayOf(count))
        select DnsName.Of(labels);

    private static readonly Gen<uint> Ttl = Gen.Elements(0u, 1u, 120u, 4500u, uint.MaxValue);

    private static readonly Gen<byte[]> Bytes =
        Gen.Choose(0, 60).SelectMany(count => Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(count));

    private static readonly Gen<DnsRecord> Pointer =
        from name in Name
        from target in Name
        from ttl in Ttl
        select DnsRecord.Pointer(name, target, ttl);

    private static readonly Gen<DnsRecord> Service =
        from name in Name
        from host in Name
        from port in Gen.Choose(0, 65535)
        from ttl in Ttl
        select DnsRecord.Service(name, host, (ushort)port, ttl);

    private static readonly Gen<DnsRecord> Text =
        from name in Name
        from bytes in Bytes
        from ttl in Ttl
        select new DnsRecord(name, DnsType.Txt, (byte[])[(byte)bytes.Length, .. bytes], ttl, IsUnique: true);

    private static readonly Gen<DnsRecord> Address =
        from name in Name
        from ip in Gen.Choose(0, 255).Select(value => (byte)value).ArrayOf(4)
        from ttl in Ttl
        select DnsRecord.Address(name, new System.Net.IPAddress(ip), ttl);

    private static readonly Gen<DnsRecord> Other =
        from name in Name
        from bytes in Bytes
        from ttl in Ttl
        select new DnsRecord(name, (DnsType)47, bytes, ttl, IsUnique: false);

    private static readonly Gen<DnsRecord> Record = Gen.OneOf(Pointer, Service, Text, Address, Other);

    private static readonly Gen<DnsQuestion> Question =
        from name in Name
        from type in Gen.Elements(DnsType.Ptr, DnsType.Srv, DnsType.Txt, DnsType.Any, DnsType.A)
        select new DnsQuestion(name, type);

    /// <summary>Any packet of ours or of others.</summary>
    public static Arbitrary<DnsMessage> Any { get; } = (
        from id in Gen.Choose(0, 65535)
        from isResponse in Gen.Elements(true, false)
        from isTruncated in Gen.Elements(true, false)
        from questions in Few(Question)
        from answers in Few(Record)
        from authorities in Few(Record)
        from additionals in Few(Record)
        select new DnsMessage
        {
            Id = (ushort)id,
            IsResponse = isResponse,
            IsTruncated = isTruncated,
            Questions = questions,
            Answers = answers,
            Authorities = authorities,
            Additionals = additionals,
        }).ToArbitrary();

    public static byte[] Write(DnsMessage message, int bytesMax = DnsLimits.PacketBytesMax)
    {
        var writer = new DnsWriter(bytesMax, message.IsResponse, message.Id);
        _ = message.Questions.All(writer.TryAsk);
        _ = message.Answers.All(writer.TryAnswer);
        _ = message.Authorities.All(writer.TryClaim);
        _ = message.Additionals.All(writer.TryAddMore);

        if (message.IsTruncated)
        {
            writer.SetTruncated();
        }

        return writer.ToArray();
    }

    /// <summary>Everything a message says, letter for letter.</summary>
    public static string Letters(DnsMessage message)
        => string.Join('\n',
        [
            $"{message.Id} {message.IsResponse} {message.IsTruncated}",
            .. message.Questions.Select(asked => $"? {asked.Name} {asked.Type}"),
            .. message.Answers.Select(record => $"! {Letters(record)}"),
            .. message.Authorities.Select(record => $"^ {Letters(record)}"),
            .. message.Additionals.Select(record => $"+ {Letters(record)}"),
        ]);

    /// <summary>Whether a packet is refused with the one exception there is for it.</summary>
    public static bool Refuses(ReadOnlySpan<byte> packet)
    {
        try
        {
            _ = DnsReader.Read(packet);
            return false;
        }
        catch (DnsException)
        {
            return true;
        }
    }

    private static string Letters(DnsRecord record)
        => $"{record.Name} {record.Type} {record.TtlSeconds} {record.IsUnique} {Convert.ToHexString(record.Content.Span)}";

    private static Gen<T[]> Few<T>(Gen<T> one) => Gen.Choose(0, 6).SelectMany(count => one.ArrayOf(count));
}
