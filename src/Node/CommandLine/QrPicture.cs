using System.Collections;
using System.Text;
using QRCoder;

namespace Swarm.Node.CommandLine;

/// <summary>A QR code (ISO/IEC 18004) made of letters: two rows of squares in one line of text.</summary>
internal static class QrPicture
{
    /// <summary>Draws the light squares, as a terminal is dark.</summary>
    public static string Draw(string text)
    {
        using var generator = new QRCodeGenerator();
        using QRCodeData code = generator.CreateQrCode(text, QRCodeGenerator.ECCLevel.M);
        List<BitArray> rows = code.ModuleMatrix;
        var picture = new StringBuilder();

        for (int y = 0; y < rows.Count; y += 2)
        {
            for (int x = 0; x < rows[y].Count; x++)
            {
                bool isLowerDark = y + 1 >= rows.Count || rows[y + 1][x];
                _ = picture.Append((rows[y][x], isLowerDark) switch
                {
                    (true, true) => ' ',
                    (true, false) => '▄',
                    (false, true) => '▀',
                    _ => '█',
                });
            }

            _ = picture.AppendLine();
        }

        return picture.ToString();
    }
}
