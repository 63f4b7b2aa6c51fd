using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;

namespace Swarm.Inference.Model;

/// <summary>Opens a model file, and the other parts when it is the first of a split set.</summary>
internal static partial class GgufParts
{
    private const string NumberKey = "split.no";
    private const string CountKey = "split.count";
    private const string TensorsKey = "split.tensors.count";

    /// <summary>Opens the file at <paramref name="path"/> and all that belongs to it.</summary>
    public static GgufFile Open(string path)
    {
        var open = new List<SafeFileHandle>();

        try
        {
            GgufHeader first = OpenOne(path, open);
            int count = PartCount(path, first);

            return count == 1
                ? new GgufFile(first.Metadata, first.Tensors, first.Bytes, [(open[0], first.DataStart)])
                : OpenRest(path, count, first, open);
        }
        catch
        {
            open.ForEach(file => file.Dispose());
            throw;
        }
    }

    private static GgufFile OpenRest(string path, int count, GgufHeader first, List<SafeFileHandle> open)
    {
        Match name = PartName().Match(path);

        if (!name.Success)
        {
            throw new GgufException(
                CountKey, $"'{path}' is one of {count} parts, but its name does not end in -00001-of-{count:D5}.gguf.");
        }

        var headers = new List<GgufHeader> { first };

        for (int part = 1; part < count; part++)
        {
            string partPath = string.Create(
                CultureInfo.InvariantCulture, $"{name.Groups["stem"].Value}-{part + 1:D5}-of-{count:D5}.gguf");
            GgufHeader header = OpenOne(partPath, open);
            RequirePart(partPath, header, part, count);
            headers.Add(header);
        }

        return Join(headers, open);
    }

    /// <summary>The one file the parts stand for: metadata of the first, tensors of all.</summary>
    private static GgufFile Join(List<GgufHeader> headers, List<SafeFileHandle> open)
    {
        long? declared = headers[0].Metadata.Whole(TensorsKey);
        int found = headers.Sum(header => header.Tensors.Count);

        if (declared is not null && declared != found)
        {
            throw new GgufException(
                TensorsKey, $"the parts hold {found} tensors, not {declared}; download them again.");
        }

        var tensors = new List<GgufTensor>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        GgufWriter writer = Metadata(headers[0]);

        for (int part = 0; part < headers.Count; part++)
        {
            foreach (GgufTensor tensor in headers[part].Tensors)
            {
                if (!names.Add(tensor.Name))
                {
                    throw new GgufException(tensor.Name, "the tensor lies in two parts; download them again.");
                }

                writer.AddTensor(tensor.Name, tensor.Type, tensor.Dimensions, ReadOnlyMemory<byte>.Empty);
                tensors.Add(new GgufTensor(tensor.Name, tensor.Type, tensor.Dimensions, tensor.Offset, part));
            }
        }

        byte[] header = writer.Header();
        GgufHeader joined = GgufReader.Read(new HeaderBytes(header), headerOnly: true);
        return new GgufFile(joined.Metadata, tensors, header, [.. open.Zip(headers, (file, h) => (file, h.DataStart))]);
    }

    private static GgufWriter Metadata(GgufHeader first)
    {
        var writer = new GgufWriter(first.Alignment);

        foreach (string key in first.Metadata.Keys)
        {
            if (key is not (NumberKey or CountKey or TensorsKey or GgufReader.AlignmentKey))
            {
                writer.Add(key, first.Metadata.Require(key));
            }
        }

        return writer;
    }

    private static GgufHeader OpenOne(string path, List<SafeFileHandle> open)
    {
        if (Directory.Exists(path))
        {
            throw new GgufException("file", $"'{path}' is a directory; give the .gguf file in it.");
        }

        try
        {
            SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            open.Add(file);
            return GgufReader.Read(new HeaderBytes(file), headerOnly: false);
        }
        catch (GgufException refusal)
        {
            refusal.Path = path;
            throw;
        }
        catch (Exception cause) when (cause is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new GgufException("file", $"'{path}' does not exist; check the path.", cause);
        }
        catch (Exception cause) when (cause is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            throw new GgufException("file", $"'{path}' cannot be read: {cause.Message}", cause);
        }
    }

    private static int PartCount(string path, GgufHeader first)
    {
        long count = first.Metadata.Whole(CountKey) ?? 1;

        if (count is < 1 or > GgufLimits.PartsMax)
        {
            throw new GgufException(CountKey, $"{count} parts; 1 to {GgufLimits.PartsMax} are allowed.");
        }

        if (count > 1)
        {
            RequirePart(path, first, 0, (int)count);
        }

        return (int)count;
    }

    private static void RequirePart(string path, GgufHeader header, int part, int count)
    {
        if (header.Metadata.Whole(NumberKey) != part)
        {
            throw new GgufException(
                NumberKey,
                $"'{path}' is part {header.Metadata.Whole(NumberKey) + 1}, not {part + 1}; open the first part.");
        }

        if (header.Metadata.Whole(CountKey) != count)
        {
            throw new GgufException(CountKey, $"'{path}' belongs to another set of parts; download them again.");
        }
    }

    [GeneratedRegex(@"^(?<stem>.*)-\d{5}-of-\d{5}\.gguf$", RegexOptions.Singleline)]
    private static partial Regex PartName();
}
