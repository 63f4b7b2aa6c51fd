namespace Swarm.Localhost.Tests.Lan;

/// <summary>The real avahi-daemon on a host, with a message bus of its own for its tools.</summary>
internal sealed class Avahi : IDisposable
{
    /// <summary>What must be installed.</summary>
    public static readonly string[] Programs = ["avahi-daemon", "avahi-browse", "avahi-publish", "dbus-daemon", "stdbuf"];

    private readonly string _folder = Directory.CreateTempSubdirectory("swarm-avahi-").FullName;
    private readonly List<WatchedProcess> _processes = [];
    private readonly string _space;

    private Avahi(string space) => _space = space;

    private string Bus => $"unix:path={_folder}/bus";

    /// <summary>Starts it, and waits until it knows its own name.</summary>
    public static async Task<Avahi> StartAsync(
        string space, CancellationToken cancel, int version = 4, string host = "neighbour")
    {
        var avahi = new Avahi(space);
        await File.WriteAllTextAsync(Path.Combine(avahi._folder, "dbus.conf"), $"""
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
              "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig>
              <type>system</type>
              <listen>{avahi.Bus}</listen>
              <auth>EXTERNAL</auth>
              <policy context="default">
                <allow user="*"/>
                <allow own="*"/>
                <allow send_destination="*" eavesdrop="true"/>
                <allow receive_sender="*"/>
              </policy>
            </busconfig>
            """, cancel);
        await File.WriteAllTextAsync(Path.Combine(avahi._folder, "avahi.conf"), $"""
            [server]
            host-name={host}
            use-ipv4={(version == 4 ? "yes" : "no")}
            use-ipv6={(version == 6 ? "yes" : "no")}
            allow-interfaces=eth0
            [wide-area]
            enable-wide-area=no
            [publish]
            publish-hinfo=no
            publish-workstation=no
            """, cancel);
        _ = avahi.Run("dbus-daemon", $"--config-file={avahi._folder}/dbus.conf", "--nofork");
        await Swarm.Testing.Waiting.UntilAsync(() => File.Exists(Path.Combine(avahi._folder, "bus")), TimeProvider.System);

        // Its process file lies where another avahi of this machine may have its own.
        WatchedProcess daemon = avahi.Run(
            "sh", "-c",
            "mkdir -p /run/avahi-daemon && mount -t tmpfs none /run/avahi-daemon && exec avahi-daemon --no-drop-root "
                + $"--no-chroot --no-rlimits -f {avahi._folder}/avahi.conf");
        _ = await daemon.WaitForAsync(line => line.Contains("Server startup complete", StringComparison.Ordinal), cancel);
        return avahi;
    }

    /// <summary>Lists what is announced, one line per event: + seen, = resolved, - gone.</summary>
    public WatchedProcess Browse(string type) => Run("stdbuf", "-oL", "avahi-browse", "-rp", type);

    /// <summary>Announces a service until disposed.</summary>
    public WatchedProcess Publish(string name, string type, string subtype, int port, params string[] text)
        => Run([
            "avahi-publish", "-s", name, $"--subtype={subtype}", type,
            port.ToString(System.Globalization.CultureInfo.InvariantCulture), .. text]);

    public void Dispose()
    {
        foreach (WatchedProcess process in Enumerable.Reverse(_processes))
        {
            process.Dispose();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private WatchedProcess Run(params string[] command)
    {
        var process = new WatchedProcess(_space, Bus, command);
        _processes.Add(process);
        return process;
    }
}
