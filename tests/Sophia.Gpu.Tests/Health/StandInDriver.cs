using System.Runtime.InteropServices;
using Sophia.Gpu.Tests.Devices;

namespace Sophia.Gpu.Tests.Health;

/// <summary>A library with NVML's functions and nvml.h's layouts, compiled from C, with two GPUs: the second reports only its memory.</summary>
internal sealed class StandInDriver : IDisposable
{
    private const string Source = """
        #include <string.h>
        #include <unistd.h>
        typedef unsigned long long u64;
        typedef struct { u64 total, free, used; } memory_t;
        typedef struct { unsigned gpu, memory; } utilization_t;
        typedef struct { void* device; u64 type; u64 data; unsigned gi, ci; } event_t;
        static char gpus[2]; static char set; static volatile int queued; static int listening, lost, init, shutdowns; static volatile int hangs, hanging, sleeps;
        #define FIRST(d) while (hangs) { hanging = 1; usleep(1000); } if (lost) return 15; if ((d) != (void*)&gpus[0]) return 3
        void standin_xid(int n) { queued = n; }
        void standin_lose(int n) { lost = n; }
        void standin_init(int n) { init = n; }
        void standin_hang(int n) { hangs = n; }
        void standin_sleep(int n) { sleeps = n; }
        int standin_hanging(void) { return hanging; }
        int standin_queued(void) { return queued; }
        int standin_shutdowns(void) { return shutdowns; }
        int nvmlInit_v2(void) { while (sleeps) usleep(1000); return init; }
        int nvmlShutdown(void) { shutdowns++; return 0; }
        const char* nvmlErrorString(int e) { return e == 15 ? "GPU is lost" : "other"; }
        int nvmlDeviceGetCount_v2(unsigned* n) { *n = 2; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned i, void** d) { *d = &gpus[i]; return 0; }
        int nvmlDeviceGetUUID(void* d, char* t, unsigned n) { strncpy(t, d == &gpus[0] ? "GPU-a" : "GPU-b", n); return 0; }
        int nvmlDeviceGetName(void* d, char* t, unsigned n) { strncpy(t, "Stand-in", n); return 0; }
        int nvmlDeviceGetMemoryInfo(void* d, memory_t* m) { m->total = 150754820096ULL; m->free = 150754820095ULL; m->used = d == &gpus[0] ? 5368709120ULL : 1; return 0; }
        int nvmlDeviceGetUtilizationRates(void* d, utilization_t* u) { FIRST(d); u->gpu = 75; u->memory = 20; return 0; }
        int nvmlDeviceGetTemperature(void* d, int sensor, unsigned* t) { FIRST(d); *t = sensor == 0 ? 61 : 0; return 0; }
        int nvmlDeviceGetPowerUsage(void* d, unsigned* p) { FIRST(d); *p = 412500; return 0; }
        int nvmlDeviceGetClockInfo(void* d, int type, unsigned* c) { FIRST(d); *c = type == 1 ? 1980 : type == 2 ? 2619 : 0; return 0; }
        int nvmlDeviceGetTotalEccErrors(void* d, int type, int counter, u64* n) { FIRST(d); *n = counter != 0 ? 99 : type == 0 ? 7 : 2; return 0; }
        int nvmlEventSetCreate(void** s) { *s = &set; return 0; }
        int nvmlEventSetFree(void* s) { return 0; }
        int nvmlDeviceRegisterEvents(void* d, u64 types, void* s) { FIRST(d); listening = types == 8 && s == (void*)&set; return 0; }
        int nvmlEventSetWait_v2(void* s, event_t* e, unsigned ms) {
            if (!listening || !queued) return 10;
            e->device = &gpus[0]; e->type = 8; e->data = queued; e->gi = e->ci = 0xffffffff; queued = 0; return 0;
        }
        """;

    private readonly CompiledLibrary _compiled = new("libstandin.so", Source);
    private readonly nint _library;

    public StandInDriver() => _library = NativeLibrary.Load(Path);

    public string Path => _compiled.Path;

    public int Shutdowns => Ask("shutdowns");

    /// <summary>The number of an event that nobody has fetched; 0: there is none.</summary>
    public int Queued => Ask("queued");

    /// <summary>A question has not come back, or had not for a while.</summary>
    public bool IsHanging => Ask("hanging") != 0;

    public unsafe void Set(string what, int value) => ((delegate* unmanaged<int, void>)NativeLibrary.GetExport(_library, $"standin_{what}"))(value);

    public void Dispose() => _compiled.Dispose();

    private unsafe int Ask(string what) => ((delegate* unmanaged<int>)NativeLibrary.GetExport(_library, $"standin_{what}"))();
}
