using System.Net;
using System.Net.Sockets;
using NUnit.Framework;
using Swarm.Inference.Model;
using Swarm.Testing;

namespace Swarm.Localhost.Tests;

/// <summary>Whatever a person gets wrong: one line that says what to do, the right exit code, no stack trace.</summary>
[TestFixture]
public sealed class BadInputTests
{
    private const string Long = "long.txt";

    private static readonly Dictionary<string, Action<string>> Files = new()
    {
        ["empty.gguf"] = path => File.WriteAllBytes(path, []),
        ["text.gguf"] = path => File.WriteAllText(path, "This is no model."),
        ["cut.gguf"] = path => File.WriteAllBytes(path, TinyModel.Bytes()[..^1000]),
        ["header.gguf"] = path => File.WriteAllBytes(path, TinyModel.Bytes()[..100]),
        ["other.gguf"] = path => File.WriteAllBytes(path, Renamed(TinyModel.Bytes(), "llama.", "lemur.", "llama", "lemur")),
        ["mute.gguf"] = path => File.WriteAllBytes(
            path, Renamed(TinyModel.Bytes(), "tokenizer.ggml.model", "tokenizer.ggml.modal")),
        ["tiny.gguf"] = path => TinyModel.Write(path),
        ["tiny8.gguf"] = path => TinyModel.Write(path, type: GgmlType.Q8_0),
        ["pass.key"] = WritePassphrase,
        [Long] = path => File.WriteAllText(path, string.Concat(Enumerable.Repeat("word after word ", 200))),
    };

    private string _folder = "";

    [OneTimeSetUp]
    public void MakeFiles()
    {
        _folder = Directory.CreateTempSubdirectory("swarm-bad-").FullName;

        foreach ((string name, Action<string> write) in Files)
        {
            write(Path.Combine(_folder, name));
        }
    }

    [OneTimeTearDown]
    public void RemoveFiles() => Directory.Delete(_folder, recursive: true);

    [TestCase("join --model {dir}/none.gguf", 2, "there is no file", TestName = "Missing file")]
    [TestCase("join --model {dir}", 2, "is a directory", TestName = "Directory")]
    [TestCase("join --model {dir}/empty.gguf", 2, "is an empty file", TestName = "Empty file")]
    [TestCase("join --model {dir}/text.gguf", 2, "GGUF", TestName = "Wrong magic")]
    [TestCase("join --model {dir}/cut.gguf", 2, "copy it again", TestName = "Truncated weights")]
    [TestCase("inspect {dir}/header.gguf", 2, "", TestName = "Truncated header")]
    [TestCase("inspect {dir}/other.gguf", 2, "supported", TestName = "Unknown architecture")]
    [TestCase("join --model {dir}/tiny.gguf --listen 127.0.0.1:{port}", 1, "in use", TestName = "Port in use")]
    [TestCase("join --model {dir}/tiny.gguf --listen nowhere", 2, "--listen", TestName = "Bad listen address")]
    [TestCase("join --model {dir}/tiny.gguf --listen 127.0.0.1", 2, "IP:PORT", TestName = "Listen address without a port")]
    [TestCase("join --model {dir}/tiny.gguf --bootstrap 1.2.3.4", 2, "HOST:PORT", TestName = "Bad bootstrap address")]
    [TestCase("join --model {dir}/tiny.gguf --bootstrap 127.0.0.1:1 --public", 1, "no node answers", TestName = "Nobody at the address")]
    [TestCase("join --model {dir}/tiny.gguf --blocks 3", 2, "block range", TestName = "Bad block range")]
    [TestCase("join --model {dir}/tiny.gguf --blocks 3:3", 2, "block range", TestName = "Empty block range")]
    [TestCase("join --model {dir}/tiny.gguf --blocks 3:99", 2, "0:6", TestName = "Blocks beyond the model")]
    [TestCase("join --model {dir}/tiny.gguf --memory lots", 2, "--memory", TestName = "Bad amount of memory")]
    [TestCase("join --model {dir}/tiny.gguf --memory 1KiB", 2, "smallest needs", TestName = "No block in memory")]
    [TestCase("join --model {dir}/tiny.gguf --blocks 0:6 --memory 200KiB", 2, "take fewer blocks", TestName = "Blocks beyond memory")]
    [TestCase("generate --model {dir}/tiny.gguf --local -f {dir}/empty.gguf", 2, "prompt is empty", TestName = "Empty prompt")]
    [TestCase("generate --model {dir}/tiny.gguf --local", 2, "prompt is empty", TestName = "No prompt")]
    [TestCase("generate --model {dir}/tiny.gguf --local -f {dir}/long.txt", 2, "shorten the prompt", TestName = "Prompt longer than the context")]
    [TestCase("generate --model {dir}/tiny.gguf --local -f {dir}/none.txt", 2, "no prompt file", TestName = "Missing prompt file")]
    [TestCase("generate --model {dir}/mute.gguf --local hello", 2, "mute.gguf': tokenizer.ggml.model: the file holds no tokenizer", TestName = "No tokenizer")]
    [TestCase("generate --model nosuch --local hello", 2, "there is no file", TestName = "Unknown model")]
    [TestCase("generate --model {dir}/tiny.gguf --kv q4_0 hello", 2, "q8_0", TestName = "Unknown cache type")]
    [TestCase("generate --model {dir}/tiny.gguf --temp -1 hello", 2, "--temp", TestName = "Bad temperature")]
    [TestCase("generate --model {dir}/tiny.gguf -n none hello", 2, "none", TestName = "Bad number")]
    [TestCase("generate --model {dir}/tiny.gguf --seed -1 hello", 2, "--seed: '-1' is no number", TestName = "Bad seed")]
    [TestCase("generate --model {dir}/tiny.gguf --local --greedy", 2, "no option", TestName = "Option taken for a prompt")]
    [TestCase("generate --model {dir}/tiny.gguf --local -f {dir}/long.txt hello", 2, "not both", TestName = "Two prompts")]
    [TestCase("join --model {dir}/tiny.gguf --data-dir {dir}/long.txt", 1, "another with --data-dir", TestName = "Folder that is a file")]
    [TestCase("generate hello", 2, "--model", TestName = "No model")]
    [TestCase("status --data-dir {dir}/none", 1, "swarm join", TestName = "Status without a node")]
    [TestCase("leave --data-dir {dir}/none", 1, "no node runs", TestName = "Leave without a node")]
    [TestCase("join SWARM-12345 --model {dir}/tiny.gguf", 2, "cut or mistyped", TestName = "Join code cut")]
    [TestCase("join hello --model {dir}/tiny.gguf", 2, "no join code", TestName = "No join code")]
    [TestCase("join --model {dir}/tiny.gguf --public --swarm-key {dir}/long.txt", 2, "no key", TestName = "Public with a key")]
    [TestCase("join --model {dir}/tiny.gguf --swarm-key {dir}/no.key", 1, "no swarm key at", TestName = "Missing swarm key")]
    [TestCase("join --model {dir}/tiny.gguf --swarm-key {dir}/pass.key", 1, "passphrase", TestName = "Passphrase")]
    [TestCase("join --model {dir}/tiny.gguf --bootstrap 127.0.0.1:1 --data-dir {dir}/new", 1, "swarm join CODE", TestName = "Address without a key")]
    [TestCase("invite --data-dir {dir}/none", 1, "no node runs", TestName = "Invite without a node")]
    [TestCase("key list --data-dir {dir}/none", 1, "no swarm key", TestName = "Keys of no swarm")]
    [TestCase("key add hello --data-dir {dir}/none", 2, "no join code", TestName = "Key of no code")]
    [TestCase("make-model --shape tiny {dir}/no/where.gguf", 2, "cannot be written", TestName = "Output in no directory")]
    [TestCase("make-model --shape tiny --type q9_9 {dir}/new.gguf", 2, "q4_k_m", TestName = "Unknown type to make")]
    [TestCase("quantize {dir}/none.gguf {dir}/new.gguf q4_k_m", 2, "there is no file", TestName = "Nothing to quantize")]
    [TestCase("quantize {dir}/text.gguf {dir}/new.gguf q4_k_m", 2, "GGUF", TestName = "No model to quantize")]
    [TestCase("quantize {dir}/other.gguf {dir}/new.gguf q4_k_m", 2, "'lemur' are not supported; supported are llama,", TestName = "Unknown architecture to quantize")]
    [TestCase("quantize {dir}/tiny.gguf {dir}/new.gguf q9_9", 2, "'q9_9' is no type to quantize to: give one of", TestName = "Unknown type to quantize to")]
    [TestCase("quantize {dir}/tiny.gguf {dir}/no/where.gguf q4_k_m", 2, "cannot be written", TestName = "Quantized into no directory")]
    [TestCase("quantize {dir}/tiny.gguf {dir}/tiny.gguf q4_k_m", 2, "the file to read", TestName = "Quantized onto itself")]
    [TestCase("quantize {dir}/tiny8.gguf {dir}/new.gguf q4_0", 2, "--allow-requantize", TestName = "Quantized twice")]
    [TestCase("perplexity -m {dir}/tiny.gguf -f {dir}/none.txt", 2, "no text file", TestName = "Missing text")]
    [TestCase("perplexity -m {dir}/none.gguf -f {dir}/long.txt", 2, "there is no file", TestName = "Missing model to measure")]
    [TestCase("perplexity -m {dir}/tiny.gguf -f {dir}/empty.gguf", 2, "longer text", TestName = "Text shorter than a chunk")]
    [TestCase("perplexity -m {dir}/tiny.gguf -f {dir}/long.txt --ctx 4096", 2, "smaller --ctx", TestName = "Chunk longer than the context")]
    [TestCase("perplexity -m {dir}/tiny.gguf -f {dir}/long.txt --ctx 2", 2, "at least 4", TestName = "Chunk of nothing")]
    [TestCase("bench -m {dir}/none.gguf", 2, "there is no file", TestName = "Missing model to bench")]
    [TestCase("bench -m {dir}/tiny.gguf -p 0 -n 0", 2, "nothing to measure", TestName = "Nothing to bench")]
    [TestCase("bench -m {dir}/tiny.gguf -p 100000", 2, "takes 512", TestName = "Prompt to bench beyond the context")]
    [TestCase("bench -m {dir}/tiny.gguf -p 100000 -n 1", 2, "takes 512", TestName = "Prompt to bench that is too long with too few tokens")]
    [TestCase("bench -m {dir}/tiny.gguf -n 1", 2, "too few", TestName = "One token to bench")]
    [TestCase("bench -m {dir}/tiny.gguf -t 1,none", 2, "no list of numbers", TestName = "Bad list of threads")]
    [TestCase("bench -m {dir}/tiny.gguf -r 0", 2, "at least 1", TestName = "No run to bench")]
    [TestCase("dance", 2, "dance", TestName = "Unknown verb")]
    public async Task One_line_says_what_to_do(string command, int exitCode, string says)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var taken = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        string[] arguments = [.. command.Split(' ').Select(argument => argument
            .Replace("{dir}", _folder, StringComparison.Ordinal)
            .Replace("{port}", $"{((IPEndPoint)taken.LocalEndPoint!).Port}", StringComparison.Ordinal))];

        if (arguments[0] == "join" && !arguments.Contains("--data-dir"))
        {
            arguments = [.. arguments, "--data-dir", Path.Combine(_folder, "node"), "--swarm", "bad-input"];
        }

        SwarmResult result = await SwarmProcess.RunAsync(deadline.Token, arguments);

        Assert.That(result.ExitCode, Is.EqualTo(exitCode), result.Errors);
        Assert.That(result.ErrorLines.Where(line => line.StartsWith("swarm: ", StringComparison.Ordinal)), Has.Exactly(1).Items);
        Assert.That(result.Errors, Does.Contain(says));
        Assert.That(result.Errors, Does.Not.Contain("   at ").And.Not.Contain("Exception").And.Not.Contain("defect"));
    }

    [Test]
    [Platform("Linux")]
    public async Task A_place_that_takes_no_file_is_named_with_what_to_do()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        SwarmResult result = await SwarmProcess.RunAsync(
            deadline.Token, "make-model", "--shape", "tiny", "/proc/new.gguf");
        Assert.That(result.ExitCode, Is.EqualTo(1), result.Errors);
        Assert.That(result.Errors, Does.StartWith("swarm: '/proc/new.gguf' cannot be written: make room there"));
        Assert.That(result.ErrorLines, Has.Exactly(1).Items);
    }

    [Test]
    [Platform(Exclude = "Win")]
    public async Task What_is_no_file_is_not_replaced_by_one([Values("pipe", "socket", "link")] string kind)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        string place = Path.Combine(_folder, kind);

        switch (kind)
        {
            case "pipe":
                await System.Diagnostics.Process.Start("mkfifo", [place]).WaitForExitAsync(deadline.Token);
                break;
            case "socket":
                socket.Bind(new UnixDomainSocketEndPoint(place));
                break;
            default:
                _ = File.CreateSymbolicLink(place, Path.Combine(_folder, Long));
                break;
        }

        FileAttributes before = File.GetAttributes(place);
        string[][] commands =
        [
            ["make-model", "--shape", "tiny", place],
            ["quantize", Path.Combine(_folder, "tiny.gguf"), place, "q4_0"],
        ];

        foreach (string[] command in commands)
        {
            SwarmResult result = await SwarmProcess.RunAsync(deadline.Token, command);
            Assert.That(result.ExitCode, Is.EqualTo(2), result.Errors);
            Assert.That(result.ErrorLines, Is.EqualTo((string[])
                [$"swarm: '{place}' is no file that can be overwritten (a link, a pipe, a device?): give another one."]));
        }

        Assert.That(File.GetAttributes(place), Is.EqualTo(before));
        Assert.That(new FileInfo(place), Has.Property("Length").Zero.Or.Property("LinkTarget").Not.Null);
    }

    [Test]
    public async Task An_empty_file_is_overwritten()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        string place = Path.GetTempFileName();
        SwarmResult result = await SwarmProcess.RunAsync(deadline.Token, "make-model", "--shape", "tiny", place);
        long length = new FileInfo(place).Length;
        File.Delete(place);
        Assert.That(result.ExitCode, Is.Zero, result.Errors);
        Assert.That(length, Is.Positive);
    }

    [Test]
    public async Task Help_of_every_verb_shows_an_example(
        [Values("", "join", "generate", "status", "leave", "invite", "key", "key rotate", "inspect", "demo", "make-model",
            "quantize", "perplexity", "bench", "doctor")] string verb)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        SwarmResult help = await SwarmProcess.RunAsync(
            deadline.Token, [.. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.That(help.ExitCode, Is.Zero);
        Assert.That(help.Output, Does.Contain("Example").And.Contain($"  swarm {verb}".TrimEnd()));
        Assert.That(help.Output.Split('\n'), Has.All.Length.LessThanOrEqualTo(120));
        Assert.That(help.Output, Does.Not.Contain("2147483647").And.Not.Contain("Q4_0"));
    }

    private static void WritePassphrase(string path)
    {
        File.WriteAllText(path, "/key/swarm/psk/1.0.0/\n/base16/\ncorrect horse battery staple");

        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
    }

    // Same length, so that everything else in the file stays where it is.
    private static byte[] Renamed(byte[] bytes, params string[] pairs)
    {
        string text = System.Text.Encoding.Latin1.GetString(bytes);

        for (int at = 0; at < pairs.Length; at += 2)
        {
            text = text.Replace(pairs[at], pairs[at + 1], StringComparison.Ordinal);
        }

        return System.Text.Encoding.Latin1.GetBytes(text);
    }
}
