using Sophia.Gpu.Tests.Devices;

namespace Sophia.GpuTier.Tests.Harness;

/// <summary>
/// A library in the place of the NVIDIA driver's, compiled from C, for a process that finds it by <see cref="Folder"/> in LD_LIBRARY_PATH: GPUs with
/// memory that computes nothing, of which the first ones answer one function with an error.
/// <para>
/// Another one than tests/Sophia.Cuda.StandIn, which runs PTX: that one makes the n-th call of a function fail, whichever GPU it is of, and computes right,
/// so that the node becomes well. Here a GPU fails at each call of a function, however often it is asked, beside one that does not; and a compiler of C
/// makes it in a moment.
/// </para>
/// </summary>
internal sealed class CudaStandIn : IDisposable
{
    private const string Source = """
        #include <stdlib.h>
        #include <string.h>
        #include <stdio.h>
        typedef unsigned long long u64;
        static _Thread_local long current;
        static int fails(const char* function, long device) {
            const char* at = getenv("STANDIN_FAILS_AT"); const char* first = getenv("STANDIN_FIRST");
            return at && !strcmp(at, function) && device < (first ? atol(first) : 1000) ? atoi(getenv("STANDIN_ERROR")) : 0;
        }
        int cuInit(unsigned flags) { return fails("cuInit", 0); }
        int cuDriverGetVersion(int* version) { *version = 12040; return 0; }
        int cuDeviceGetCount(int* count) { if (fails("cuInit", 0)) return 3; *count = atoi(getenv("STANDIN_GPUS")); return 0; }
        int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return 0; }
        int cuDeviceGetName(char* name, int length, int device) { snprintf(name, length, "NVIDIA Stand-in %d", device); return 0; }
        int cuDeviceGetUuid(unsigned char* uuid, int device) { memset(uuid, device + 1, 16); return 0; }
        int cuDeviceTotalMem_v2(size_t* bytes, int device) { *bytes = 8ull << 30; return 0; }
        int cuDeviceGetAttribute(int* value, int attribute, int device) {
            *value = attribute == 75 ? 9 : attribute == 76 ? 0 : attribute == 10 ? 32 : attribute == 39 ? 2048 : attribute == 16 ? 4 : attribute == 8 ? 49152
                : attribute == 12 ? 65536 : attribute == 33 ? device : attribute >= 1 && attribute <= 4 ? 1024 : attribute >= 5 && attribute <= 7 ? 65535 : 1;
            return 0;
        }
        int cuCtxCreate_v2(void** context, unsigned flags, int device) { int e = fails("cuCtxCreate", device); if (!e) { current = device + 1; *context = (void*)current; } return e; }
        int cuCtxDestroy_v2(void* context) { return 0; }
        int cuCtxSetCurrent(void* context) { current = (long)context; return 0; }
        int cuCtxSynchronize(void) { return 0; }
        int cuCtxGetCacheConfig(int* config) { *config = 0; return 0; }
        int cuCtxSetCacheConfig(int config) { return 0; }
        int cuCtxGetSharedMemConfig(int* config) { *config = 0; return 0; }
        int cuCtxSetSharedMemConfig(int config) { return 0; }
        int cuDeviceCanAccessPeer(int* can, int device, int peer) { *can = 0; return 0; }
        int cuDeviceGetP2PAttribute(int* value, int attribute, int device, int peer) { *value = 0; return 0; }
        int cuGetErrorString(int error, const char** text) { *text = error == 802 ? "system not yet initialized" : "an error"; return 0; }
        int cuMemAlloc_v2(u64* memory, size_t bytes) { int e = fails("cuMemAlloc", current - 1); if (!e) *memory = (u64)calloc(1, bytes); return e; }
        int cuMemFree_v2(u64 memory) { free((void*)memory); return 0; }
        int cuMemGetInfo_v2(size_t* bytes, size_t* total) { int e = fails("cuMemGetInfo", current - 1); *bytes = getenv("STANDIN_FREE") ? atoll(getenv("STANDIN_FREE")) : 2ull << 30; *total = 8ull << 30; return e; }
        int cuMemAllocHost_v2(void** memory, size_t bytes) { *memory = calloc(1, bytes); return 0; }
        int cuMemFreeHost(void* memory) { free(memory); return 0; }
        int cuMemHostRegister_v2(void* memory, size_t bytes, unsigned flags) { return 0; }
        int cuMemHostUnregister(void* memory) { return 0; }
        int cuMemHostGetDevicePointer_v2(u64* device, void* memory, unsigned flags) { *device = (u64)memory; return 0; }
        int cuMemcpyAsync(u64 target, u64 source, size_t bytes, void* stream) { memcpy((void*)target, (void*)source, bytes); return 0; }
        int cuMemsetD8Async(u64 target, unsigned char value, size_t bytes, void* stream) { return 0; }
        int cuModuleLoadData(void** module, const void* image) { *module = (void*)8; return fails("cuModuleLoad", current - 1); }
        int cuModuleLoadDataEx(void** module, const void* image, unsigned count, void* options, void* values) { *module = (void*)8; return fails("cuModuleLoad", current - 1); }
        int cuModuleUnload(void* module) { return 0; }
        int cuModuleGetFunction(void** function, void* module, const char* name) { *function = (void*)8; return 0; }
        int cuLaunchKernel() { return 0; }
        int cuStreamCreate(void** stream, unsigned flags) { *stream = (void*)8; return 0; }
        int cuStreamCreateWithPriority(void** stream, unsigned flags, int priority) { *stream = (void*)8; return 0; }
        int cuStreamDestroy_v2(void* stream) { return 0; }
        int cuStreamSynchronize(void* stream) { return 0; }
        int cuEventCreate(void** event, unsigned flags) { *event = (void*)8; return 0; }
        int cuEventDestroy_v2(void* event) { return 0; }
        int cuEventRecord(void* event, void* stream) { return 0; }
        int cuEventQuery(void* event) { return 0; }
        int cuEventSynchronize(void* event) { return 0; }
        int cuEventElapsedTime(float* ms, void* a, void* b) { *ms = 1; return 0; }
        int cuOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void* f, int size, size_t bytes) { *blocks = 2; return 0; }
        int cuOccupancyMaxPotentialBlockSize(int* grid, int* block, void* f, void* map, size_t bytes, int limit) { *grid = 4; *block = 128; return 0; }
        int cuPointerGetAttribute(void* value, int attribute, u64 pointer) { return 1; }
        """;

    private readonly CompiledLibrary _library = new("libcuda.so.1", Source);

    public CudaStandIn() => File.CreateSymbolicLink(Path.Combine(Folder, "libcuda.so"), "libcuda.so.1");

    public string Folder => _library.Folder;

    /// <summary>The environment of a process that uses it.</summary>
    /// <param name="function">Without the version in its name.</param>
    /// <param name="first">So many GPUs fail.</param>
    public Dictionary<string, string> Environment(string function, int error, int gpus = 1, int first = 1) => new()
    {
        ["LD_LIBRARY_PATH"] = Folder, ["STANDIN_FAILS_AT"] = function, ["STANDIN_ERROR"] = $"{error}", ["STANDIN_GPUS"] = $"{gpus}", ["STANDIN_FIRST"] = $"{first}",
        ["Sophia__Gpu__Device"] = "cuda", ["Sophia__Gpu__Node"] = "n",
    };

    public void Dispose() => _library.Dispose();
}
