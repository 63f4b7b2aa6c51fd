namespace Swarm.Inference.Chat.Jinja;

/// <summary>How much a template may ask for; more ends the rendering with a <see cref="TemplateException"/>.</summary>
internal static class JinjaLimits
{
    /// <summary>Characters of a template: the longest in use have about 30,000.</summary>
    public const int TemplateCharactersMax = 512 * 1024;

    /// <summary>Brackets and blocks within one another: people nest about 10.</summary>
    public const int NestingMax = 100;

    /// <summary>Expressions, blocks, macro calls and values under evaluation within one another.</summary>
    public const int DepthMax = 500;

    /// <summary>Expressions evaluated and elements copied: a conversation of 1,000 turns takes about 200,000.</summary>
    public const int StepsMax = 10_000_000;

    /// <summary>Characters of all texts that a rendering makes on its way, 128 MiB of memory at most.</summary>
    public const int CharactersMax = 64 * 1024 * 1024;

    /// <summary>Characters of the result: eight times what the longest contexts in use can hold.</summary>
    public const int OutputCharactersMax = 32 * 1024 * 1024;

    /// <summary>Elements of one range, the reference's own limit.</summary>
    public const int RangeMax = 100_000;

    /// <summary>Bits of a whole number; the reference writes none of more than 14,284.</summary>
    public const int IntegerBitsMax = 4_096;

    /// <summary>What one element of a list costs in steps: it stays in memory, a step does not.</summary>
    public const int ElementSteps = 4;
}
