using NUnit.Framework;
using Swarm.Testing;

namespace Swarm.Inference.Tests;

/// <summary>Conformance tests show themselves as not run without a kit, and fail where one is required.</summary>
public abstract class KitFixture
{
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
