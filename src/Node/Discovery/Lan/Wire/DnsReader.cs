using System.Buffers.Binary;

namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>
/// Reads a DNS packet (RFC 1035, with the meanings RFC 6762 gives to the top bits of classes). Every packet is either
/// read or refused with a <see cref="DnsException"/>, in time and memory bounded by <see cref="DnsLimits"/>.
/// </summary>
internal ref struct DnsReader
{
    private const ushort ResponseBit = 0x8000;
    private const ushort OpcodeBits = 0x7800;
    private const ushort TruncatedBit = 0x0200;
    private const ushort ErrorBits = 0x000F;
    private const ushort ClassIn = 1;
    private const ushort ClassAny = 255;
    private const ushort TopBit = 0x8000;

    private readonly ReadOnlySpan<byte> _packet;
    private int _at;

    private DnsReader(ReadOnlySpan<byte> packet) => _packet = packet;

    /// <summary>Reads a packet.</summary>
    /// <exception cref="DnsException">It is not one we understand.</exception>
    public static DnsMessage Read(ReadOnlySpan<byte> packet)
    {
        if (packet.Length is < DnsLimits.HeaderBytes or > DnsLimits.PacketBytesMax)
        {
            throw new DnsException("the packet has an impossible size");
        }

        var reader = new DnsReader(packet);
        return reader.ReadMessage();
    }

    private DnsMessage ReadMessage()
    {
        ushort id = ReadNumber();
        ushort flags = ReadNumber();

        // RFC 6762, section 18: packets with an operation or an error are ignored.
        if ((flags & (OpcodeBits | ErrorBits)) != 0)
        {
            throw new DnsException("an operation or an error code");
        }

        int questions = ReadNumber();
        int answers = ReadNumber();
        int authorities = ReadNumber();
        int additionals = ReadNumber();

        if (questions + answers + authorities + additionals > DnsLimits.EntriesMax)
        {
            throw new DnsException("too many records");
        }

        return new DnsMessage
        {
            Id = id,
            IsResponse = (flags & ResponseBit) != 0,
            IsTruncated = (flags & TruncatedBit) != 0,
            Questions = ReadQuestions(questions),
            Answers = ReadRecords(answers),
            Authorities = ReadRecords(authorities),
            Additionals = ReadRecords(additionals),
        };
    }

    private List<DnsQuestion> ReadQuestions(int count)
    {
        var questions = new List<DnsQuestion>();

        for (int i = 0; i < count; i++)
        {
            DnsName name = ReadName();
            var type = (DnsType)ReadNumber();

            // The top bit wishes a unicast answer; with several programs on the port it may reach the wrong one.
            if ((ReadNumber() & ~TopBit) is ClassIn or ClassAny)
            {
                questions.Add(new DnsQuestion(name, type));
            }
        }

        return questions;
    }

    private List<DnsRecord> ReadRecords(int count)
    {
        var records = new List<DnsRecord>();

        for (int i = 0; i < count; i++)
        {
            DnsName name = ReadName();
            var type = (DnsType)ReadNumber();
            ushort classAndBit = ReadNumber();
            uint ttl = ((uint)ReadNumber() << 16) | ReadNumber();
            int length = ReadNumber();

            if (length > _packet.Length - _at)
            {
                throw new DnsException("a record longer than the packet");
            }

            int end = _at + length;
            ReadOnlyMemory<byte> content = ReadContent(type, end);
            _at = end;

            if ((classAndBit & ~TopBit) == ClassIn)
            {
                records.Add(new DnsRecord(name, type, content, ttl, (classAndBit & TopBit) != 0));
            }
        }

        return records;
    }

    private ReadOnlyMemory<byte> ReadContent(DnsType type, int end)
    {
        int length = end - _at;

        switch (type)
        {
            case DnsType.A when length != 4:
            case DnsType.Aaaa when length != 16:
            case DnsType.Srv when length <= DnsRecord.SrvFixedBytes:
                throw new DnsException("a record has another size than its type");
            case DnsType.Ptr:
                return ReadNameUpTo(end).Wire.ToArray();
            case DnsType.Srv:
                ReadOnlySpan<byte> numbers = _packet.Slice(_at, DnsRecord.SrvFixedBytes);
                _at += DnsRecord.SrvFixedBytes;
                return (byte[])[.. numbers, .. ReadNameUpTo(end).Wire];
            case DnsType.Txt:
                CheckStrings(_packet[_at..end]);
                goto default;
            default:
                return _packet[_at..end].ToArray();
        }
    }

    private static void CheckStrings(ReadOnlySpan<byte> text)
    {
        while (text.Length > 0)
        {
            if (text[0] >= text.Length)
            {
                throw new DnsException("a text longer than its record");
            }

            text = text[(1 + text[0])..];
        }
    }

    private DnsName ReadNameUpTo(int end)
    {
        DnsName name = ReadName();
        return _at == end ? name : throw new DnsException("a name does not end with its record");
    }

    private DnsName ReadName()
    {
        Span<byte> wire = stackalloc byte[DnsLimits.NameBytesMax];
        int length = 0;
        int at = _at;
        int segment = _at;
        int jumps = 0;
        int after = -1;

        while (true)
        {
            int labelLength = ByteAt(at);

            if (labelLength >= 0xC0)
            {
                int target = ((labelLength & 0x3F) << 8) | ByteAt(at + 1);
                after = after < 0 ? at + 2 : after;

                // Strictly backwards: whatever the packet holds, this ends.
                if (target < DnsLimits.HeaderBytes || target >= segment || ++jumps > DnsLimits.JumpsMax)
                {
                    throw new DnsException("a name points nowhere it may");
                }

                at = segment = target;
                continue;
            }

            if (labelLength > DnsLimits.LabelBytesMax
                || length + 1 + labelLength + (labelLength > 0 ? 1 : 0) > DnsLimits.NameBytesMax
                || labelLength >= _packet.Length - at)
            {
                throw new DnsException("a name is too long");
            }

            _packet.Slice(at, 1 + labelLength).CopyTo(wire[length..]);
            length += 1 + labelLength;
            at += 1 + labelLength;

            if (labelLength == 0)
            {
                _at = after < 0 ? at : after;
                return DnsName.TryRead(wire[..length], out DnsName? name) ? name : DnsName.Root;
            }
        }
    }

    private readonly int ByteAt(int at)
        => at < _packet.Length ? _packet[at] : throw new DnsException("the packet ends too soon");

    private ushort ReadNumber()
    {
        if (_packet.Length - _at < sizeof(ushort))
        {
            throw new DnsException("the packet ends too soon");
        }

        ushort number = BinaryPrimitives.ReadUInt16BigEndian(_packet[_at..]);
        _at += sizeof(ushort);
        return number;
    }
}
