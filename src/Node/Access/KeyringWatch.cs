using Microsoft.Extensions.Logging;
using Swarm.Protocol.Identity;

namespace Swarm.Node.Access;

/// <summary>Follows a key file, so that keys are replaced while the node runs.</summary>
internal sealed class KeyringWatch : IDisposable
{
    // A dropped key is refused within a second.
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(500);

    private readonly string _file;
    private readonly SwarmKeyring _keyring;
    private readonly ILogger _log;
    private readonly ITimer _timer;
    private readonly Lock _gate = new();

    // The first look reads: the file may have changed since the keyring was.
    private DateTime _seen = DateTime.MinValue;

    /// <summary>Follows the file from which the keyring was read.</summary>
    public KeyringWatch(string file, SwarmKeyring keyring, TimeProvider time, ILogger log)
    {
        _file = file;
        _keyring = keyring;
        _log = log;
        _timer = time.CreateTimer(static watch => ((KeyringWatch)watch!).Look(), this, LookEvery, LookEvery);
    }

    public void Dispose() => _timer.Dispose();

    private void Look()
    {
        lock (_gate)
        {
            DateTime written = File.GetLastWriteTimeUtc(_file);

            if (written == _seen)
            {
                return;
            }

            _seen = written;

            try
            {
                Take(SwarmKeyFile.Load(_file));
            }
            catch (Exception e) when (e is IdentityException or IOException or UnauthorizedAccessException)
            {
                // The node goes on with the keys it has.
                NodeLog.KeysUnreadable(_log, e.Message);
            }
        }
    }

    // The keys are the node's keyring's from now on.
    private void Take(SwarmKeyring read)
    {
        if (read.Origin != _keyring.Origin)
        {
            read.Dispose();
            NodeLog.KeysUnreadable(_log, $"{_file} is of another swarm now.");
            return;
        }

        if (read.Keys.Select(key => key.Id).SequenceEqual(_keyring.Keys.Select(key => key.Id)))
        {
            read.Dispose();
            return;
        }

        _keyring.Replace(read.Keys);
        NodeLog.KeysChanged(_log, _keyring.Primary.ToString(), _keyring.Keys.Count);
    }
}
