using System.Text.RegularExpressions;

namespace Swarm.Inference.Text;

/// <summary>The patterns, as the vocabularies' own files have them.</summary>
internal sealed partial record PreTokenizer
{
    // English endings in small letters, and in any.
    private const string Endings = @"'s|'t|'re|'ve|'m|'ll|'d";
    private const string AnyEndings = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";

    private const string Word = @"[^\r\n\p{L}\p{N}]?\p{L}+";
    private const string Signs = @" ?[^\s\p{L}\p{N}]+[\r\n]*";
    private const string SignsOrSlash = @" ?[^\s\p{L}\p{N}]+[\r\n/]*";
    private const string Spaces = @"\s*[\r\n]+|\s+(?!\S)|\s+";

    private const string Upper = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]";
    private const string Lower = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]";
    private const string Before = @"[^\r\n\p{L}\p{N}]?";

    private const string HanLetters
        = @"\u2E80-\u2FDF\u3005\u3007\u3021-\u3029\u3038-\u303B\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF";
    private const string UpperNotHan = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}-[" + HanLetters + "]]";
    private const string LowerNotHan = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}-[" + HanLetters + "]]";

    // Letters that come in two cases, without those that the vocabulary's authors left out of their list.
    private const string Cased
        = @"[\p{Lu}\p{Ll}\p{Lt}-[\u0560-\u0588\u10C7\u10CD\u10D0-\u10FA\u10FD-\u10FF\u1C80-\u1C8A\u2D00-\u2D2D"
            + @"\uA790-\uA7DC\uA7F5-\uA7FA\uAB30-\uAB68]]";

    private const RegexOptions Options = RegexOptions.CultureInvariant;

    [GeneratedRegex(Endings + @"| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)", Options)]
    private static partial Regex Gpt2();

    [GeneratedRegex(AnyEndings + "|" + Word + @"|\p{N}{1,3}|" + Signs + "|" + Spaces, Options)]
    private static partial Regex Llama3();

    [GeneratedRegex(AnyEndings + "|" + Word + @"|\p{N}|" + Signs + "|" + Spaces, Options)]
    private static partial Regex Qwen2();

    [GeneratedRegex(
        AnyEndings + @"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|" + Spaces, Options)]
    private static partial Regex Qwen35();

    [GeneratedRegex(
        Before + Upper + "*" + Lower + "+|" + Before + Upper + "+" + Lower + @"*|\p{N}|" + SignsOrSlash + "|" + Spaces,
        Options)]
    private static partial Regex Tekken();

    [GeneratedRegex(
        Before + Upper + "*" + Lower + "+(?:" + AnyEndings + ")?|" + Before + Upper + "+" + Lower + "*(?:" + AnyEndings
            + @")?|\p{N}{1,3}|" + SignsOrSlash + "|" + Spaces,
        Options)]
    private static partial Regex Gpt4o();

    [GeneratedRegex(
        "[" + HanLetters + "]+|" + Before + UpperNotHan + "*" + LowerNotHan + "+(?:" + AnyEndings + ")?|" + Before
            + UpperNotHan + "+" + LowerNotHan + "*(?:" + AnyEndings + @")?|\p{N}{1,3}|" + Signs + "|" + Spaces,
        Options)]
    private static partial Regex KimiK2();

    [GeneratedRegex(
        @"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"
            + @"| ?[\p{P}\p{S}]+[\r\n]*|" + Spaces,
        Options)]
    private static partial Regex DeepSeek3();

    [GeneratedRegex("[一-龥\u3040-ゟ゠-ヿ]+", Options)]
    private static partial Regex HanAndKana();

    [GeneratedRegex(@"[一-龥\u0800-一가-\uD7FF]+", Options)]
    private static partial Regex EastAsian();

    [GeneratedRegex(@"[\r\n]", Options)]
    private static partial Regex LineEnd();

    [GeneratedRegex(@"[^\n]+|\n+", Options)]
    private static partial Regex Lines();

    [GeneratedRegex(@"\s?\p{L}+", Options)]
    private static partial Regex SpacedLetters();

    [GeneratedRegex(@"\s?" + Cased + "+", Options)]
    private static partial Regex SpacedCased();

    [GeneratedRegex(@"\s?\p{P}+", Options)]
    private static partial Regex SpacedSigns();

    [GeneratedRegex(@"\s?[!-/:-~！-／：-～‘-‟\u3000-。]+", Options)]
    private static partial Regex SpacedAsciiSigns();

    // Only the first of a run can be its start: without the look behind, a long run would be tried from every place.
    [GeneratedRegex(@"(?<!\s)\s+\z", Options)]
    private static partial Regex LastSpace();

    [GeneratedRegex(@"\p{N}", Options)]
    private static partial Regex Digit();

    [GeneratedRegex(@"\p{N}+", Options)]
    private static partial Regex Digits();

    [GeneratedRegex(@"\p{N}{1,3}", Options)]
    private static partial Regex ThreeDigits();

    [GeneratedRegex("[0-9][0-9][0-9]", Options)]
    private static partial Regex ThreeAsciiDigits();

    [GeneratedRegex(@"[\p{P}\$\+<=>\^~\|`]+", Options)]
    private static partial Regex FalconSigns();

    [GeneratedRegex(@"[\p{P}\$\+<=>\^~\|]+", Options)]
    private static partial Regex DefaultSigns();

    [GeneratedRegex(@" ?[^(\s|.,!?…。，、।۔،)]+", Options)]
    private static partial Regex Bloom();

    [GeneratedRegex(AnyEndings + "|" + Word + @"|\p{N}|" + Signs + @"|\s*[\r\n]|\s+(?!\S)|\s+", Options)]
    private static partial Regex Bailing();

    [GeneratedRegex(AnyEndings + "|" + Word + @"|\p{N}| ?[^\s\p{L}\p{N}\r\n]+|" + Spaces, Options)]
    private static partial Regex SeedCoder();

    [GeneratedRegex(
        AnyEndings + @"|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?"
            + @"|\s*[\r\n]|\s+(?!\S)|\s+",
        Options)]
    private static partial Regex ExaoneMoe();

    [GeneratedRegex(AnyEndings + "|" + Word + @"|\p{N}+|" + Signs + "|" + Spaces, Options)]
    private static partial Regex MiniCpm5();
}
