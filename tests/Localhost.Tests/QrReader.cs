using System.Diagnostics;
using System.Text;
using NUnit.Framework;

namespace Swarm.Localhost.Tests;

/// <summary>Reads a QR code off the letters that a terminal shows, with Debian's <c>zbarimg</c>.</summary>
internal static class QrReader
{
    // Pixels that a square is wide and high.
    private const int Scale = 6;

    /// <summary>Leaves the test unrun where nothing can read the picture.</summary>
    public static void RequireOrIgnore()
    {
        if (!File.Exists("/usr/bin/zbarimg"))
        {
            Assert.Ignore("Not run: 'zbarimg' is not installed (Debian: zbar-tools).");
        }
    }

    /// <summary>The text in a picture that is drawn in light letters on a dark ground, two squares in one letter.</summary>
    public static async Task<string> ReadAsync(IEnumerable<string> lines, string folder, CancellationToken cancel)
    {
        string path = Path.Combine(folder, "code.pgm");
        await File.WriteAllBytesAsync(path, Paint([.. lines]), cancel);
        var info = new ProcessStartInfo("/usr/bin/zbarimg", ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", path])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(info);
        string text = await process!.StandardOutput.ReadToEndAsync(cancel);
        await process.WaitForExitAsync(cancel);
        return text.TrimEnd('\n');
    }

    // A portable grey map, one byte for each pixel.
    private static byte[] Paint(string[] lines)
    {
        int width = lines.Max(line => line.Length);
        var image = new MemoryStream();
        image.Write(Encoding.ASCII.GetBytes($"P5 {width * Scale} {2 * lines.Length * Scale} 255\n"));

        foreach (string line in lines)
        {
            foreach (string light in (string[])["█▀", "█▄"])
            {
                byte[] row = [.. line.PadRight(width)
                    .SelectMany(letter => Enumerable.Repeat(light.Contains(letter) ? (byte)255 : (byte)0, Scale))];

                for (int i = 0; i < Scale; i++)
                {
                    image.Write(row);
                }
            }
        }

        return image.ToArray();
    }
}
