using System.Text;

namespace Swarm.Simulator;

/// <summary>Lines over the swarm's time, one panel each, as SVG.</summary>
public sealed class Chart
{
    private const int Width = 720;
    private const int PanelHeight = 130;
    private const int Margin = 50;

    private readonly Dictionary<string, List<(double X, double Y)>> _lines = [];

    public void Add(string line, double seconds, double value)
    {
        if (!_lines.TryGetValue(line, out List<(double X, double Y)>? points))
        {
            _lines[line] = points = [];
        }

        if (double.IsFinite(value))
        {
            points.Add((seconds, value));
        }
    }

    public string ToSvg(string title)
    {
        var svg = new StringBuilder();
        int height = Margin + (_lines.Count * PanelHeight);
        _ = svg.AppendLine(
            $"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {Width} {height}' font-family='sans-serif'>");
        _ = svg.AppendLine($"<rect width='{Width}' height='{height}' fill='white'/>");
        _ = svg.AppendLine($"<text x='{Margin}' y='24' font-size='15'>{title}</text>");
        int top = Margin;

        foreach ((string name, List<(double X, double Y)> points) in _lines)
        {
            Panel(svg, name, points, top);
            top += PanelHeight;
        }

        return svg.AppendLine("</svg>").ToString();
    }

    private static void Panel(StringBuilder svg, string name, List<(double X, double Y)> points, int top)
    {
        int bottom = top + PanelHeight - 40;
        _ = svg.AppendLine($"<text x='{Margin}' y='{top + 4}' font-size='12' fill='#444'>{name}</text>");
        _ = svg.AppendLine($"<line x1='{Margin}' y1='{bottom}' x2='{Width - 10}' y2='{bottom}' stroke='#999'/>");

        if (points.Count == 0)
        {
            return;
        }

        (double firstX, double lastX) = (points[0].X, points[^1].X);
        (double least, double most) = (points.Min(point => point.Y), points.Max(point => point.Y));
        double spread = most - least < 1e-9 ? 1 : most - least;
        IEnumerable<string> places = points.Select(point =>
            $"{Margin + ((point.X - firstX) / Math.Max(1e-9, lastX - firstX) * (Width - Margin - 10)):F1},"
                + $"{bottom - ((point.Y - least) / spread * (PanelHeight - 56)):F1}");
        _ = svg.AppendLine($"<polyline points='{string.Join(' ', places)}' fill='none' stroke='#0a6' stroke-width='2'/>");
        _ = svg.AppendLine($"<text x='4' y='{bottom}' font-size='11'>{least:G4}</text>");
        _ = svg.AppendLine($"<text x='4' y='{top + 20}' font-size='11'>{most:G4}</text>");
        _ = svg.AppendLine($"<text x='{Width - 60}' y='{bottom + 16}' font-size='11'>{lastX:F0} s</text>");
    }
}
