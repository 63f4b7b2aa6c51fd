using Swarm.Inference.Model;

namespace Swarm.Node;

/// <summary>A model whose file lies on this device, and its identity.</summary>
/// <param name="File">The open file.</param>
/// <param name="Manifest">What it consists of; its hash is the model.</param>
internal sealed record HeldModel(ModelFile File, ModelManifest Manifest) : IDisposable
{
    /// <summary>The model, to all of the swarm.</summary>
    public ReadOnlyMemory<byte> Hash => Manifest.Hash;

    /// <summary>Opens a file, and reads all of it for its hashes unless they are known.</summary>
    public static HeldModel Open(string path, ManifestCache manifests, IProgress<double>? progress = null)
    {
        var file = ModelFile.Open(path);

        try
        {
            return new HeldModel(file, manifests.Of(path, file, progress));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public void Dispose() => File.Dispose();
}
