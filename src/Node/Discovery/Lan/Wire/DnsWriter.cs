using System.Buffers.Binary;

namespace Swarm.Node.Discovery.Lan.Wire;

/// <summary>
/// Writes one DNS packet of at most so many bytes; what does not fit is left to the next. Names are compressed.
/// Entries come in the order of their sections.
/// </summary>
internal sealed class DnsWriter
{
    private const ushort ResponseFlags = 0x8400;
    private const ushort TruncatedBit = 0x0200;
    private const ushort ClassIn = 1;
    private const ushort TopBit = 0x8000;
    private const int PointerMax = 0x3FFF;

    private readonly byte[] _packet;
    private readonly Dictionary<DnsName, int> _names = [];
    private readonly ushort[] _counts = new ushort[4];
    private int _at = DnsLimits.HeaderBytes;
    private bool _overflown;

    /// <param name="bytesMax">The packet is never longer.</param>
    /// <param name="isResponse">Whether it answers.</param>
    /// <param name="id">0 in multicast.</param>
    public DnsWriter(int bytesMax, bool isResponse, ushort id = 0)
    {
        _packet = new byte[bytesMax];
        BinaryPrimitives.WriteUInt16BigEndian(_packet, id);
        BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(2), isResponse ? ResponseFlags : (ushort)0);
    }

    /// <summary>Questions and records so far.</summary>
    public int Count => _counts.Sum(count => count);

    /// <summary>Says that more known answers follow in another packet.</summary>
    public void SetTruncated() => _packet[2] |= TruncatedBit >> 8;

    /// <summary>Adds a question if there is room.</summary>
    public bool TryAsk(DnsQuestion question) => TryAdd(0, () =>
    {
        WriteName(question.Name);
        WriteNumber((ushort)question.Type);
        WriteNumber(ClassIn);
    });

    /// <summary>Adds an answer if there is room.</summary>
    public bool TryAnswer(DnsRecord record) => TryAdd(1, () => WriteRecord(record));

    /// <summary>Adds what a prober wants to claim if there is room.</summary>
    public bool TryClaim(DnsRecord record) => TryAdd(2, () => WriteRecord(record));

    /// <summary>Adds what will be asked next if there is room.</summary>
    public bool TryAddMore(DnsRecord record) => TryAdd(3, () => WriteRecord(record));

    /// <summary>The packet.</summary>
    public byte[] ToArray()
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(4 + (2 * i)), _counts[i]);
        }

        return _packet[.._at];
    }

    private bool TryAdd(int section, Action write)
    {
        int before = _at;
        _overflown = Count >= DnsLimits.EntriesMax;
        write();

        if (!_overflown)
        {
            _counts[section]++;
            return true;
        }

        _at = before;

        foreach ((DnsName name, _) in _names.Where(known => known.Value >= before).ToArray())
        {
            _ = _names.Remove(name);
        }

        return false;
    }

    private void WriteRecord(DnsRecord record)
    {
        WriteName(record.Name);
        WriteNumber((ushort)record.Type);
        WriteNumber((ushort)(record.IsUnique ? ClassIn | TopBit : ClassIn));
        WriteNumber((ushort)(record.TtlSeconds >> 16));
        WriteNumber((ushort)record.TtlSeconds);
        int length = _at;
        WriteNumber(0);

        if (record.TryReadPointer(out DnsName? target))
        {
            WriteName(target);
        }
        else if (record.TryReadService(out DnsName? host, out _))
        {
            Write(record.Content.Span[..DnsRecord.SrvFixedBytes]);
            WriteName(host);
        }
        else
        {
            Write(record.Content.Span);
        }

        if (!_overflown)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_packet.AsSpan(length), (ushort)(_at - length - sizeof(ushort)));
        }
    }

    private void WriteName(DnsName name)
    {
        while (!name.IsRoot)
        {
            if (_names.TryGetValue(name, out int known))
            {
                WriteNumber((ushort)(0xC000 | known));
                return;
            }

            if (_at <= PointerMax)
            {
                _names.Add(name, _at);
            }

            Write(name.Wire[..(1 + name.Wire[0])]);
            name = name.Parent;
        }

        Write([0]);
    }

    private void WriteNumber(ushort number) => Write([(byte)(number >> 8), (byte)number]);

    private void Write(ReadOnlySpan<byte> bytes)
    {
        _overflown |= bytes.Length > _packet.Length - _at;

        if (!_overflown)
        {
            bytes.CopyTo(_packet.AsSpan(_at));
            _at += bytes.Length;
        }
    }
}
