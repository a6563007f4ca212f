using System.Diagnostics;
using Sophia.Bench.Processes;

namespace Sophia.Bench.Load;

/// <summary>
/// One thread that drives many connections. Closed loop: each connection sends again when it has its answer. Open loop:
/// requests are due at times drawn beforehand (Poisson, fixed seed), whatever the answers do, and latency counts from
/// the time at which a request was due, so that a stall is charged to every request that it held up (no coordinated
/// omission; Tene, "How NOT to Measure Latency").
/// </summary>
internal sealed class LoadLoop : IDisposable
{
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(30);
    private readonly IRequests _requests;
    private readonly HttpConnection[] _connections;
    private readonly Epoll _epoll = new();
    private readonly List<double> _latencies = new(1 << 20);
    private readonly Random _random = new(1);
    private long _open;
    private long _close;
    private long _units;
    private long _allUnits;
    private long _nextDue;
    private double _meanGap;
    private int _turn;
    private int _waiting;

    /// <param name="ports">Connections are dealt out to the services in turn.</param>
    public LoadLoop(IRequests requests, int connections, params int[] ports)
    {
        _requests = requests;
        _connections = new HttpConnection[connections];
        for (var i = 0; i < connections; i++)
        {
            _connections[i] = new HttpConnection(ports[i % ports.Length]);
            _epoll.Register(_connections[i].Socket, i);
        }
    }

    public LoadResult RunClosed(TimeSpan warmUp, TimeSpan window, CpuWatch cpu) => Run(warmUp, window, cpu, null);

    /// <param name="perSecond">Requests offered, over all connections.</param>
    public LoadResult RunOpen(double perSecond, TimeSpan warmUp, TimeSpan window, CpuWatch cpu) => Run(warmUp, window, cpu, perSecond);

    public void Dispose()
    {
        foreach (var connection in _connections)
        {
            connection.Dispose();
        }

        _epoll.Dispose();
    }

    private LoadResult Run(TimeSpan warmUp, TimeSpan window, CpuWatch cpu, double? perSecond)
    {
        _open = Stopwatch.GetTimestamp() + TicksOf(warmUp);
        _close = _open + TicksOf(window);
        if (perSecond is { } rate)
        {
            _meanGap = Stopwatch.Frequency / rate;
            _nextDue = Stopwatch.GetTimestamp();
        }
        else
        {
            _nextDue = long.MaxValue;
            for (var i = 0; i < _connections.Length; i++)
            {
                Ask(i, Stopwatch.GetTimestamp());
            }
        }

        var (isOpen, isClosed) = (false, false);
        while (true)
        {
            var now = Stopwatch.GetTimestamp();
            if (!isOpen && now >= _open)
            {
                isOpen = true;
                cpu.Start();
            }

            if (!isClosed && now >= _close)
            {
                isClosed = true;
                cpu.Stop();
            }

            while (_nextDue <= now && _nextDue < _close)
            {
                Offer(_nextDue);
                _nextDue += (long)Math.Max(1, -Math.Log(1 - _random.NextDouble()) * _meanGap);
            }

            if (isClosed && _waiting == 0)
            {
                break;
            }

            if (now > _close + TicksOf(Drain))
            {
                throw new TimeoutException($"{_waiting} requests are not answered {Drain.TotalSeconds} s after the load ended.");
            }

            var until = Math.Min(_nextDue, now < _open ? _open : now < _close ? _close : now + Stopwatch.Frequency);
            Turn(_epoll.Wait(until <= now ? TimeSpan.Zero : Stopwatch.GetElapsedTime(now, until)), perSecond is null);
        }

        var latencies = _latencies.ToArray();
        Array.Sort(latencies);
        return new LoadResult(_units, _allUnits, window, latencies, cpu.Shares(window));
    }

    private void Turn(int ready, bool isClosedLoop)
    {
        for (var i = 0; i < ready; i++)
        {
            var index = _epoll.TagAt(i);
            var connection = _connections[index];
            if (!connection.IsWaiting)
            {
                throw new IOException("A service sent what it was not asked for, or closed a connection.");
            }

            if (connection.GoOnSending())
            {
                _epoll.WatchWriting(connection, index, false);
            }

            if (!connection.Receive())
            {
                continue;
            }

            var now = Stopwatch.GetTimestamp();
            _waiting--;
            var units = _requests.Accept(index, connection.Status, connection.Body);
            _allUnits += units;
            if (now >= _open && now < _close)
            {
                _units += units;
            }

            if (connection.Due >= _open && connection.Due < _close)
            {
                _latencies.Add((now - connection.Due) * 1000.0 / Stopwatch.Frequency);
            }

            if (connection.Overdue.TryDequeue(out var due))
            {
                _waiting--;
                Ask(index, due);
            }
            else if (isClosedLoop && now < _close)
            {
                Ask(index, now);
            }
        }
    }

    private void Offer(long due)
    {
        var index = _turn;
        _turn = (_turn + 1) % _connections.Length;
        if (_connections[index].IsWaiting)
        {
            _connections[index].Overdue.Enqueue(due);
            _waiting++;
        }
        else
        {
            Ask(index, due);
        }
    }

    private void Ask(int index, long due)
    {
        var connection = _connections[index];
        connection.Due = due;
        _waiting++;
        if (!connection.Send(_requests.Next(index)))
        {
            _epoll.WatchWriting(connection, index, true);
        }
    }

    private static long TicksOf(TimeSpan time) => (long)(time.TotalSeconds * Stopwatch.Frequency);
}
