using Sophia.Gpu.Devices;

namespace Sophia.Gpu.DeviceVectors;

/// <summary>Who waits for a pass, and who goes along with whom.</summary>
internal sealed partial class DevicePasses
{
    /// <summary>Searches in one pass: a tile of the kernels for many queries, or two of codes.</summary>
    private const int MostInTiles = 64;

    /// <summary>Of rows that each query reads for itself nobody gains by waiting for more.</summary>
    private const int MostApart = 8;

    private readonly List<ScanRequest> _waiting = [];
    private readonly int _mostTogether = units.Shape.Kind == RowKind.Floats ? MostApart : MostInTiles;

    /// <summary>Searches that wait for their turn.</summary>
    public int Waiting
    {
        get
        {
            lock (_waiting)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>They are done in their turn.</summary>
    public void Ask(IReadOnlyList<ScanRequest> requests)
    {
        lock (_waiting)
        {
            _waiting.AddRange(requests);
        }

        ObjectDisposedException.ThrowIf(!device.Thread.TryPost(() => Answer(requests)), this);
    }

    /// <summary>Nobody waits for them any more.</summary>
    public void Leave(IReadOnlyList<ScanRequest> requests)
    {
        lock (_waiting)
        {
            _waiting.RemoveAll(requests.Contains);
        }
    }

    private void Answer(IReadOnlyList<ScanRequest> requests)
    {
        foreach (var request in requests)
        {
            // Or it went along with another, or has left.
            if (NextBatch(request) is { } batch)
            {
                Answer(batch);
            }
        }
    }

    private void Answer(List<ScanRequest> batch)
    {
        IReadOnlyList<BestRows>? found = null;
        Exception? error = null;
        try
        {
            found = Scan(batch);
        }
        catch (Exception e)
        {
            // Whatever it is, it is thrown where the searches wait; that may be nowhere any more.
            error = e;
            if (e is DeviceFailedException failed)
            {
                device.Gate.Close(failed);
            }
        }

        for (var i = 0; i < batch.Count; i++)
        {
            batch[i].Set(found?[i], error);
        }
    }

    /// <summary>
    /// The request, and of those that wait as many as go with it: those for whom this device scans the same units. Each has room for as many
    /// candidates as the one that wants the most. Null when the request does not wait any more.
    /// </summary>
    private List<ScanRequest>? NextBatch(ScanRequest request)
    {
        lock (_waiting)
        {
            if (!_waiting.Remove(request))
            {
                return null;
            }

            var (batch, candidates) = (new List<ScanRequest> { request }, request.Candidates);
            for (var i = 0; i < _waiting.Count && batch.Count < _mostTogether;)
            {
                var most = Math.Max(candidates, _waiting[i].Candidates);
                if (_waiting[i].Shares == request.Shares && (batch.Count + 1L) * most <= device.MostCandidates)
                {
                    candidates = most;
                    batch.Add(_waiting[i]);
                    _waiting.RemoveAt(i);
                }
                else
                {
                    i++;
                }
            }

            return batch;
        }
    }
}
