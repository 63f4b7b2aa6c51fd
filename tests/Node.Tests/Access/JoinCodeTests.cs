using FsCheck;
using FsCheck.Fluent;
using NUnit.Framework;
using Swarm.Node.Access;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Node.Tests.Access;

/// <summary>The line one device prints and another one takes.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class JoinCodeTests
{
    private static readonly PeerAddress[] Somewhere =
    [
        new("192.168.1.5", 4747), new("2001:db8::7", 1), new("home.example.org", 65535),
    ];

    [Test]
    public void A_code_says_all_that_it_was_told([Values] bool isPrivate, [Values] bool rotated, [Values] bool withModel)
    {
        using SwarmKeyring? keyring = isPrivate ? SwarmKeyring.Create() : null;

        if (rotated)
        {
            keyring?.Replace([SwarmKey.Create()]);
        }

        JoinCode read = Read(new JoinCode
        {
            Swarm = "Träume",
            Keyring = keyring,
            Addresses = Somewhere,
            Model = withModel ? "fable" : null,
        }.Write());

        Assert.That(read.Swarm, Is.EqualTo("Träume"));
        Assert.That(read.Addresses, Is.EqualTo(Somewhere));
        Assert.That(read.Model, Is.EqualTo(withModel ? "fable" : null));
        Assert.That(read.Keyring?.Primary.Id, Is.EqualTo(keyring?.Primary.Id));
        Assert.That(read.Keyring?.SwarmOf("x"), Is.EqualTo(keyring?.SwarmOf("x")));
        read.Keyring?.Dispose();
    }

    [Test]
    public void An_ordinary_code_is_one_line_of_groups_that_a_QR_code_holds_as_letters()
    {
        using var keyring = SwarmKeyring.Create();
        string code = new JoinCode { Swarm = "main", Keyring = keyring, Addresses = Somewhere[..1] }.Write();

        Assert.That(code, Does.Match("^SWARM(-[0-9A-HJKMNP-TV-Z]{1,5})+$").And.Length.LessThanOrEqualTo(110));
    }

    [Test]
    public void A_code_survives_how_people_hand_it_on()
    {
        using var keyring = SwarmKeyring.Create();
        string code = new JoinCode { Swarm = "main", Keyring = keyring, Addresses = Somewhere }.Write();

        foreach (string heard in (string[])
        [
            code.ToLowerInvariant(), code.Replace('-', ' '), code.Replace("-", "", StringComparison.Ordinal),
            $"  {code}\r\n", code.Replace('0', 'O'), code.Replace('1', 'l'), code.Replace('1', 'I'),
        ])
        {
            using SwarmKeyring? read = Read(heard).Keyring;
            Assert.That(read?.Primary.Id, Is.EqualTo(keyring.Primary.Id), heard);
        }
    }

    [Test]
    public void A_code_with_any_letter_changed_lost_or_added_is_refused_in_plain_words()
    {
        using var keyring = SwarmKeyring.Create();
        string code = new JoinCode { Swarm = "main", Keyring = keyring, Addresses = Somewhere }.Write();

        for (int at = 0; at < code.Length; at++)
        {
            if (code[at] == '-')
            {
                continue;
            }

            char other = code[at] == 'X' ? 'Y' : 'X';
            Refused($"{code[..at]}{other}{code[(at + 1)..]}");
            Refused(code.Remove(at, 1));
            Refused(code.Insert(at, "X"));
        }

        Refused("");
        Refused("SWARM");
        Refused(code + code);
        Refused(new string('S', 100_000));
    }

    [Test]
    public void A_code_of_a_later_version_says_so()
        => Assert.That(
            JoinCode.TryParse(Signed([9, 0, 1, 2, 3]), out _, out string whyNot) ? "" : whyNot,
            Does.Contain("same version"));

    [Test]
    public void Random_bytes_with_a_right_sum_parse_or_are_refused_and_nothing_else()
    {
        int parsed = 0;
        using var keyring = SwarmKeyring.Create();
        string whole = new JoinCode { Swarm = "main", Keyring = keyring, Addresses = Somewhere, Model = "m" }.Write();
        byte[] right = CrockfordBase32.Decode(whole["SWARM".Length..].Replace("-", "", StringComparison.Ordinal))![..^4];
        Gen<byte> any = Gen.Frequency((1, Gen.Choose(0, 7)), (1, Gen.Choose(0, 255))).Select(value => (byte)value);

        // Nearly a code: one byte of it is another, or its end is.
        Gen<byte[]> near =
            from at in Gen.Choose(1, right.Length - 1)
            from one in any
            from end in any.ArrayOf()
            from isCut in Gen.Elements(true, false)
            select (byte[])[.. right[1..at], one, .. isCut ? end : right[(at + 1)..]];
        Prop.ForAll(Gen.OneOf(any.ArrayOf(), near).ToArbitrary(), bytes =>
        {
            if (JoinCode.TryParse(Signed([1, .. bytes]), out JoinCode? code, out _))
            {
                parsed++;
                code.Keyring?.Dispose();
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(20_000));

        Assert.That(parsed, Is.GreaterThan(100));
    }

    [Test]
    public void Base_32_survives_the_round_trip_and_each_value_has_one_text()
    {
        Prop.ForAll<byte[]>(bytes => CrockfordBase32.Decode(CrockfordBase32.Encode(bytes))!.SequenceEqual(bytes))
            .QuickCheckThrowOnFailure();
        Gen<string> letters = Gen.Elements("0123456789ABCDEFGHJKMNPQRSTVWXYZ".ToCharArray()).ArrayOf()
            .Select(text => new string(text));
        Prop.ForAll(letters.ToArbitrary(), text => CrockfordBase32.Decode(text) is not { } bytes || CrockfordBase32.Encode(bytes) == text)
            .QuickCheckThrowOnFailure();
        Assert.That(CrockfordBase32.Decode("U"), Is.Null);
        Assert.That(CrockfordBase32.Decode("Ä0"), Is.Null);
    }

    private static string Signed(byte[] bytes)
    {
        byte[] sum = System.Security.Cryptography.SHA256.HashData([.. "swarm-code/1"u8, .. bytes]);
        return $"SWARM-{CrockfordBase32.Encode([.. bytes, .. sum.AsSpan(0, 4)])}";
    }

    private static JoinCode Read(string text)
    {
        Assert.That(JoinCode.TryParse(text, out JoinCode? code, out string whyNot), whyNot);
        return code!;
    }

    private static void Refused(string text)
    {
        Assert.That(JoinCode.TryParse(text, out _, out string whyNot), Is.False, text);
        Assert.That(whyNot, Does.Contain("swarm invite"));
    }
}
