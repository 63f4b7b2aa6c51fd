using NUnit.Framework;

namespace Swarm.Node.Tests.CommandLine;

/// <summary>Amounts of memory as people write them.</summary>
[TestFixture]
[Parallelizable]
public sealed class ByteSizeTests
{
    [TestCase("4GiB", 4L << 30)]
    [TestCase("4G", 4L << 30)]
    [TestCase("4gb", 4_000_000_000L)]
    [TestCase("1.5 MiB", 3L << 19)]
    [TestCase("512k", 512L << 10)]
    [TestCase("1048576", 1L << 20)]
    public void Amounts_are_read_in_every_usual_form(string text, long bytes)
        => Assert.That(ByteSize.TryParse(text, out long read) ? read : -1, Is.EqualTo(bytes));

    [TestCase("")]
    [TestCase("GiB")]
    [TestCase("-4GiB")]
    [TestCase("0")]
    [TestCase("4 elephants")]
    [TestCase("99999999999TiB")]
    [TestCase("NaN")]
    public void Anything_else_is_refused(string text)
        => Assert.That(ByteSize.TryParse(text, out _), Is.False);

    [TestCase(512L, "512 B")]
    [TestCase(1536L, "1.5 KiB")]
    [TestCase(4L << 30, "4 GiB")]
    public void Amounts_are_written_short(long bytes, string text)
        => Assert.That(ByteSize.Format(bytes), Is.EqualTo(text));
}
