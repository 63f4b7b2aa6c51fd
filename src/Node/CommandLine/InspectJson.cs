using System.Buffers;
using System.Text;
using System.Text.Json;
using Swarm.Inference.Model;

namespace Swarm.Node.CommandLine;

/// <summary>What <c>swarm inspect --json</c> says.</summary>
internal static class InspectJson
{
    public static string Write(string path, ModelFile model)
    {
        var buffer = new ArrayBufferWriter<byte>();

        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            WriteModel(json, path, model);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void WriteModel(Utf8JsonWriter json, string path, ModelFile model)
    {
        ModelConfig config = model.Config;
        LayerSpec layer = config.Layers[0];
        var sizes = ModelSizes.Of(model);
        json.WriteStartObject();
        json.WriteString("file", path);
        json.WriteString("name", config.Name);
        json.WriteString("architecture", config.Architecture);
        json.WriteNumber("blocks", config.BlockCount);
        json.WriteNumber("width", config.Width);
        json.WriteNumber("feedForward", layer.FeedForwardSize);
        json.WriteNumber("heads", layer.HeadCount);
        json.WriteNumber("kvHeads", layer.KvHeadCount);
        json.WriteNumber("headSize", layer.KeySize);
        json.WriteNumber("vocabulary", config.VocabularySize);
        json.WriteString("tokenizer", InspectCommand.TokenizerName(model));
        json.WriteNumber("context", config.ContextLength);
        json.WriteNumber("parameters", model.Tensors.Sum(tensor => tensor.Elements));
        json.WriteStartObject("types");

        foreach (IGrouping<GgmlType, GgufTensor> group in model.Tensors.GroupBy(tensor => tensor.Type))
        {
            json.WriteNumber(group.Key.ToString(), group.Sum(tensor => tensor.Bytes));
        }

        json.WriteEndObject();
        json.WriteNumber("bytes", sizes.Total);
        json.WriteNumber("embeddingBytes", sizes.Embedding);
        json.WriteNumber("headBytes", sizes.Head);
        json.WriteStartArray("blockBytes");

        foreach (long bytes in sizes.Blocks)
        {
            json.WriteNumberValue(bytes);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
