namespace Swarm.Inference.Text;

/// <summary>A stretch of a text, and whether control tokens in it count as such: never in what users wrote.</summary>
public readonly record struct TextPiece(string Text, bool ParseSpecial);
