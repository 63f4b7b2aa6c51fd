using NUnit.Framework;
using Swarm.Testing;

namespace Swarm.Node.Tests;

/// <summary>A file is hashed once, and again as soon as anything about it differs.</summary>
[TestFixture]
[Parallelizable]
public sealed class ManifestCacheTests
{
    private static readonly DateTime Written = new(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);

    private string _folder = "";
    private string _path = "";

    private string Entry => new ManifestCache(_folder, TimeProvider.System).EntryOf(_path);

    [SetUp]
    public void MakeFolder()
    {
        _folder = Directory.CreateTempSubdirectory("swarm-test-").FullName;
        _path = Path.Combine(_folder, "tiny.gguf");
        Write(seed: 1, Written);
    }

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void The_second_time_the_weights_are_not_read()
    {
        (byte[] hash, bool read) = Open();
        (byte[] again, bool readAgain) = Open();

        Assert.That((read, readAgain), Is.EqualTo((true, false)));
        Assert.That(again, Is.EqualTo(hash));
    }

    [Test]
    public void Other_bytes_of_the_same_length_at_another_time_are_read()
    {
        (byte[] hash, _) = Open();
        Write(seed: 2, Written.AddSeconds(1));
        (byte[] other, bool read) = Open();

        Assert.That(read, Is.True);
        Assert.That(other, Is.Not.EqualTo(hash));
    }

    [Test]
    public void Another_header_is_noticed_even_with_the_same_stamp()
    {
        _ = Open();
        byte[] bytes = File.ReadAllBytes(_path);
        int at = bytes.AsSpan().IndexOf("general.name"u8);
        bytes[at + "general.name".Length + sizeof(uint) + sizeof(ulong)] ^= 1;
        File.WriteAllBytes(_path, bytes);
        File.SetLastWriteTimeUtc(_path, Written);

        Assert.That(Open().Read, Is.True);
    }

    [Test]
    public void A_file_written_just_now_is_not_trusted_to_stay()
    {
        Write(seed: 1, TimeProvider.System.GetUtcNow().UtcDateTime);
        _ = Open();

        Assert.That(File.Exists(Entry), Is.False);
        Assert.That(Open().Read, Is.True);
    }

    [TestCase(0)]
    [TestCase(40)]
    [TestCase(100)]
    [TestCase(-1)]
    public void A_broken_entry_is_ignored_and_written_again(int at)
    {
        (byte[] hash, _) = Open();
        byte[] good = File.ReadAllBytes(Entry);
        byte[] broken = [.. good];
        broken[at < 0 ? broken.Length + at : at] ^= 1;

        foreach (byte[] entry in (byte[][])[broken, good[..^1], good[..50], []])
        {
            File.WriteAllBytes(Entry, entry);
            (byte[] again, bool read) = Open();

            Assert.That(read, Is.True);
            Assert.That(again, Is.EqualTo(hash));
            Assert.That(File.ReadAllBytes(Entry), Is.EqualTo(good));
        }
    }

    [Test]
    public void A_folder_that_cannot_be_written_costs_only_time()
    {
        File.WriteAllText(Path.Combine(_folder, "manifests"), "in the way");

        Assert.That(Open().Read, Is.True);
        Assert.That(Open().Read, Is.True);
    }

    private void Write(ulong seed, DateTime written)
    {
        _ = TinyModel.Write(_path, seed: seed);
        File.SetLastWriteTimeUtc(_path, written);
    }

    private (byte[] Hash, bool Read) Open()
    {
        var progress = new ReadMark();
        using var model = HeldModel.Open(_path, new ManifestCache(_folder, TimeProvider.System), progress);
        return (model.Hash.ToArray(), progress.IsSet);
    }

    private sealed class ReadMark : IProgress<double>
    {
        public bool IsSet { get; private set; }

        public void Report(double value) => IsSet = true;
    }
}
