using System.Security.Cryptography;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class ModelManifestTests
{
    [Test]
    public void A_manifest_survives_the_round_trip_and_names_every_tensor()
    {
        using ModelFile model = TinyModel.Open();
        ModelManifest manifest = model.ComputeManifest();
        var read = ModelManifest.Parse(manifest.Serialize());

        Assert.That(read.Hash.ToArray(), Is.EqualTo(manifest.Hash.ToArray()));
        Assert.That(read.Hash.ToArray(), Is.EqualTo(SHA256.HashData(manifest.Serialize().Span)));
        Assert.That(read.IsHeader(model.Header.Span), Is.True);
        Assert.That(read.IsHeader(model.Header.Span[1..]), Is.False);

        foreach (GgufTensor tensor in model.Tensors)
        {
            byte[] bytes = new byte[tensor.Bytes];
            model.Read(tensor, 0, bytes);
            ManifestEntry entry = read.Find(tensor.Name)!;
            Assert.That(entry.Hash.ToArray(), Is.EqualTo(SHA256.HashData(bytes)));
            Assert.That(entry.Type, Is.EqualTo(tensor.Type));
            Assert.That(entry.Dimensions, Is.EqualTo(tensor.Dimensions));
            Assert.That((entry.Offset, entry.Bytes), Is.EqualTo((tensor.Offset, tensor.Bytes)));
        }
    }

    [Test]
    public void One_changed_bit_is_another_model()
    {
        byte[] bytes = [.. TinyModel.Bytes()];
        byte[] first = HashOf(bytes);
        bytes[^100] ^= 1;

        Assert.That(HashOf(bytes), Is.Not.EqualTo(first));
    }

    [Test]
    public void No_prefix_and_no_addition_parses()
    {
        using ModelFile model = TinyModel.Open();
        byte[] bytes = model.ComputeManifest().Serialize().ToArray();

        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.That(() => ModelManifest.Parse(bytes.AsMemory(0, length)), Throws.InstanceOf<GgufException>());
        }

        Assert.That(() => ModelManifest.Parse((byte[])[.. bytes, 0]), Throws.InstanceOf<GgufException>());
    }

    [Test]
    public void A_changed_manifest_is_an_error_or_has_another_hash([Range(1, 4)] int seed)
    {
        using ModelFile model = TinyModel.Open();
        ModelManifest manifest = model.ComputeManifest();
        var random = new Random(seed);

        for (int round = 0; round < 500; round++)
        {
            byte[] bytes = manifest.Serialize().ToArray();
            bytes[random.Next(bytes.Length)] ^= (byte)random.Next(1, 256);

            try
            {
                Assert.That(ModelManifest.Parse(bytes).Hash.ToArray(), Is.Not.EqualTo(manifest.Hash.ToArray()));
            }
            catch (GgufException)
            {
            }
        }
    }

    private static byte[] HashOf(byte[] bytes)
    {
        string path = Path.GetTempFileName();

        try
        {
            File.WriteAllBytes(path, bytes);
            using var model = ModelFile.Open(path);
            return model.ComputeManifest().Hash.ToArray();
        }
        finally
        {
            File.Delete(path);
        }
    }
}
