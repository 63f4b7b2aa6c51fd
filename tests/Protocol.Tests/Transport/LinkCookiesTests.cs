using NUnit.Framework;
using Swarm.Protocol.Identity;
using Swarm.Protocol.Transport;

namespace Swarm.Protocol.Tests.Transport;

/// <summary>The first 48 bytes of a link in a private swarm.</summary>
[TestFixture]
[Parallelizable(ParallelScope.All)]
public sealed class LinkCookiesTests
{
    [Test]
    public void A_cookie_is_pinned_by_a_vector()
    {
        using SwarmKeyring keyring = SwarmKeyFile.Parse(
            "/key/swarm/psk/1.0.0/\n/base16/\n261d420a9b681b1578bbaf3c5895d5207b8397e3362ce609dcf2d172ec5eb87a");
        var cookies = new LinkCookies(new FixedClock { Now = DateTimeOffset.FromUnixTimeSeconds(1780315200) });

        Assert.That(
            cookies.Admits(
                Convert.FromHexString("000000006a1d744000010203040506079a8f4e8926e32132215ffc1845b4793b"
                    + "9c1cae9f53cf9ccd4cd9b4f2177c57c9"),
                keyring.Keys));
    }

    [Test]
    public void Threat_1_A_cookie_of_another_key_or_with_any_bit_changed_is_refused()
    {
        var clock = new FixedClock();
        using var key = SwarmKey.Create();
        using var foreign = SwarmKey.Create();
        var cookies = new LinkCookies(clock);
        byte[] cookie = LinkCookies.Bake(key, clock.Now);

        for (int bit = 0; bit < cookie.Length * 8; bit++)
        {
            byte[] mutant = [.. cookie];
            mutant[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.That(cookies.Admits(mutant, [key]), Is.False, $"bit {bit}");
        }

        Assert.That(cookies.Admits(cookie, [foreign]), Is.False);
        Assert.That(cookies.Admits(new byte[48], [key]), Is.False);
        Assert.That(cookies.Spent, Is.Zero, "a stranger leaves nothing in memory");
        Assert.That(cookies.Admits(cookie, [foreign, key]));
    }

    [Test]
    public void Threat_2_A_cookie_opens_the_door_once_and_only_in_its_minute()
    {
        var clock = new FixedClock();
        using var key = SwarmKey.Create();
        var cookies = new LinkCookies(clock);
        byte[] cookie = LinkCookies.Bake(key, clock.Now);
        Assert.That(cookies.Admits(cookie, [key]));
        Assert.That(cookies.Admits(cookie, [key]), Is.False, "shown twice");

        foreach (int seconds in (int[])[-61, -60, 60, 61])
        {
            byte[] late = LinkCookies.Bake(key, clock.Now.AddSeconds(seconds));
            Assert.That(cookies.Admits(late, [key]), Is.EqualTo(Math.Abs(seconds) == 60), $"{seconds} s");
        }

        clock.Now += TimeSpan.FromSeconds(60);
        Assert.That(cookies.Admits(cookie, [key]), Is.False, "still remembered");
        clock.Now += TimeSpan.FromSeconds(1);
        Assert.That(cookies.Admits(cookie, [key]), Is.False, "too old");
    }

    [Test]
    public void Threat_2_The_memory_of_spent_cookies_is_bounded_and_forgets_the_oldest()
    {
        var clock = new FixedClock();
        using var key = SwarmKey.Create();
        var cookies = new LinkCookies(clock);
        byte[] first = LinkCookies.Bake(key, clock.Now);
        Assert.That(cookies.Admits(first, [key]));

        for (int i = 0; i < LinkCookies.SpentMax; i++)
        {
            _ = cookies.Admits(LinkCookies.Bake(key, clock.Now), [key]);
        }

        Assert.That(cookies.Spent, Is.EqualTo(LinkCookies.SpentMax));
        clock.Now += TimeSpan.FromSeconds(121);
        Assert.That(cookies.Admits(LinkCookies.Bake(key, clock.Now), [key]));
        Assert.That(cookies.Spent, Is.EqualTo(1), "those of the past are forgotten");
    }

    private sealed class FixedClock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 6, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
