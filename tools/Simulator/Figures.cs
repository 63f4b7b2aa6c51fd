using Swarm.Dht;

namespace Swarm.Simulator;

/// <summary>What was measured over one stretch of a run.</summary>
public sealed class Figures
{
    private int _stretches;

    /// <summary>Lookups that found the true nearest node.</summary>
    public int Nearest { get; set; }

    /// <summary>Of the true nearest twenty, those that were found.</summary>
    public long Found { get; set; }

    /// <summary>The true nearest of all lookups together.</summary>
    public long Wanted { get; set; }

    public Samples Hops { get; } = new();

    public Samples Messages { get; } = new();

    public Samples LookupMs { get; } = new();

    public int Retrievals { get; set; }

    /// <summary>Retrievals that came to less than three live holders, though there were three, or to less than all.</summary>
    public int Lost { get; set; }

    public Samples RetrievalMs { get; } = new();

    public Samples RetrievalMessages { get; } = new();

    public double NearestShare => LookupMs.Count == 0 ? double.NaN : (double)Nearest / LookupMs.Count;

    public double Recall => Wanted == 0 ? double.NaN : (double)Found / Wanted;

    public double RetrievedShare => Retrievals == 0 ? double.NaN : 1 - ((double)Lost / Retrievals);

    /// <summary>Requests per node and minute, by <see cref="DhtPurpose"/>.</summary>
    public double[] Requests { get; } = new double[Enum.GetValues<DhtPurpose>().Length];

    /// <summary>KiB of requests and answers per node and minute, by <see cref="DhtPurpose"/>.</summary>
    public double[] Kib { get; } = new double[Enum.GetValues<DhtPurpose>().Length];

    /// <summary>KiB per node and minute, sent, of everything, frames included.</summary>
    public double KibSent { get; set; }

    /// <summary>All requests but those of searches.</summary>
    public double UpkeepRequests => Requests.Sum() - Requests[(int)DhtPurpose.Search];

    /// <summary>Everything sent but searches and their answers.</summary>
    public double UpkeepKib => KibSent - Kib[(int)DhtPurpose.Search];

    /// <summary>The share of contacts in all tables that are dead.</summary>
    public double Stale { get; set; }

    /// <summary>Joins what another stretch of the same run gave; rates become those of the mean stretch.</summary>
    public void Add(Figures other)
    {
        _stretches++;
        Nearest += other.Nearest;
        Found += other.Found;
        Wanted += other.Wanted;
        Retrievals += other.Retrievals;
        Lost += other.Lost;
        Hops.Add(other.Hops);
        Messages.Add(other.Messages);
        LookupMs.Add(other.LookupMs);
        RetrievalMs.Add(other.RetrievalMs);
        RetrievalMessages.Add(other.RetrievalMessages);

        for (int i = 0; i < Requests.Length; i++)
        {
            Requests[i] += (other.Requests[i] - Requests[i]) / _stretches;
            Kib[i] += (other.Kib[i] - Kib[i]) / _stretches;
        }

        KibSent += (other.KibSent - KibSent) / _stretches;
        Stale += (other.Stale - Stale) / _stretches;
    }
}
