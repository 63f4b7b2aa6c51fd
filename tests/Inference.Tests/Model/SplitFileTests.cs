using System.Globalization;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Inference.Tests.Model;

[TestFixture]
public sealed class SplitFileTests
{
    private string _folder = "";

    [SetUp]
    public void Make_a_folder() => _folder = Directory.CreateTempSubdirectory("swarm-split-").FullName;

    [TearDown]
    public void Remove_the_folder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void The_parts_are_the_same_model_as_the_whole([Values(2, 3, 5)] int count)
    {
        using ModelFile whole = TinyModel.Open();
        Split(whole, count);
        using var parts = ModelFile.Open(PartPath(1, count));

        Assert.That(parts.Config.Layers, Is.EqualTo(whole.Config.Layers));
        Assert.That(parts.Header.ToArray(), Is.EqualTo(whole.Header.ToArray()));
        Assert.That(parts.ComputeManifest().Hash.ToArray(), Is.EqualTo(whole.ComputeManifest().Hash.ToArray()));
    }

    [Test]
    public void A_missing_part_is_named()
    {
        using ModelFile whole = TinyModel.Open();
        Split(whole, 3);
        File.Delete(PartPath(2, 3));

        Assert.That(
            () => ModelFile.Open(PartPath(1, 3)),
            Throws.InstanceOf<GgufException>().With.Message.Contains("-00002-of-00003.gguf"));
    }

    [Test]
    public void A_later_part_sends_to_the_first()
    {
        using ModelFile whole = TinyModel.Open();
        Split(whole, 3);

        Assert.That(
            () => ModelFile.Open(PartPath(2, 3)),
            Throws.InstanceOf<GgufException>().With.Message.Contains("open the first part"));
    }

    [Test]
    public void A_part_of_another_set_is_refused()
    {
        using ModelFile whole = TinyModel.Open();
        Split(whole, 3);
        File.Copy(PartPath(1, 3), PartPath(2, 3), overwrite: true);

        Assert.That(
            () => ModelFile.Open(PartPath(1, 3)),
            Throws.InstanceOf<GgufException>().With.Property(nameof(GgufException.Field)).EqualTo("split.no"));
    }

    [Test]
    public void A_tensor_count_that_does_not_add_up_is_refused()
    {
        using ModelFile whole = TinyModel.Open();
        Split(whole, 2, declared: 7);

        Assert.That(
            () => ModelFile.Open(PartPath(1, 2)),
            Throws.InstanceOf<GgufException>().With.Property("Field").EqualTo("split.tensors.count"));
    }

    private string PartPath(int part, int count)
        => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"tiny-{part:D5}-of-{count:D5}.gguf"));

    private void Split(ModelFile model, int count, int? declared = null)
    {
        for (int part = 0; part < count; part++)
        {
            var writer = new GgufWriter();

            if (part == 0)
            {
                foreach (string key in model.Metadata.Keys)
                {
                    writer.Add(key, model.Metadata.Require(key));
                }
            }

            writer.Add("split.no", (uint)part);
            writer.Add("split.count", (uint)count);
            writer.Add("split.tensors.count", declared ?? model.Tensors.Count);

            int perPart = (model.Tensors.Count + count - 1) / count;

            foreach (GgufTensor tensor in model.Tensors.Skip(part * perPart).Take(perPart))
            {
                byte[] bytes = new byte[tensor.Bytes];
                model.Read(tensor, 0, bytes);
                writer.AddTensor(tensor.Name, tensor.Type, tensor.Dimensions, bytes);
            }

            writer.Write(PartPath(part + 1, count));
        }
    }
}
