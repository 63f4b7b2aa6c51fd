using NUnit.Framework;
using Swarm.Testing;

namespace Swarm.Inference.Tests;

/// <summary>Conformance tests show themselves as not run without a kit, and fail where one is required.</summary>
public abstract class KitFixture
{
    private const string NotHere = "(none here)";

    /// <summary>One case per file of the kit; where there is none, one that shows itself as not run.</summary>
    protected static IEnumerable<TestCaseData<string>> Cases(IEnumerable<string> paths)
        => paths.DefaultIfEmpty(NotHere)
            .Select(path => new TestCaseData<string>(path).SetArgDisplayNames(Path.GetFileNameWithoutExtension(path)));

    /// <summary>Leaves the test unrun when its case is the one that stands for none.</summary>
    protected static void RequireFile(string path)
    {
        if (path == NotHere)
        {
            Assert.Ignore("The kit has no such files.");
        }
    }

    [OneTimeSetUp]
    public void Look_for_the_kit()
    {
        if (Kit.Folder is not null)
        {
            return;
        }

        const string Where = "No conformance kit: set SWARM_KIT to its folder.";

        if (Kit.IsRequired)
        {
            Assert.Fail(Where);
        }

        Assert.Ignore(Where);
    }
}
