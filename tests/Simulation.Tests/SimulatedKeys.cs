using System.Security.Cryptography;
using System.Text;
using Swarm.Protocol.Identity;

namespace Swarm.Simulation.Tests;

/// <summary>Identities by number, the same in every run: without them one seed would not give one history.</summary>
internal static class SimulatedKeys
{
    private static readonly Dictionary<int, NodeKey> Keys = [];
    private static readonly Lock Gate = new();

    /// <summary>One key at a time: tests run side by side, and a key passes through a file of its number.</summary>
    internal static NodeKey Get(int number)
    {
        lock (Gate)
        {
            if (!Keys.TryGetValue(number, out NodeKey? key))
            {
                key = Create(number);
                Keys.Add(number, key);
            }

            return key;
        }
    }

    private static NodeKey Create(int number)
    {
        byte[] secret = SHA256.HashData(Encoding.UTF8.GetBytes($"simulated key {number}"));
        using var key = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, D = secret });
        string path = Path.Combine(Path.GetTempPath(), $"swarm-simulated-{Environment.ProcessId}-{number}.pem");
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };

        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        try
        {
            using (var writer = new StreamWriter(path, options))
            {
                writer.WriteLine(key.ExportPkcs8PrivateKeyPem());
            }

            return NodeKey.LoadOrCreate(path);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
