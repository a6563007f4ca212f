"""OpenBLAS sgemm (and FAISS, where it is installed) over rows in a file, as a process that is asked round by round.

blas.py ROWS QUERIES DIMENSIONS K THREADS. First line of the answer: the libraries that are really loaded. Then, for each
line "sgemm FROM COUNT", "faiss FROM COUNT" on the input: seconds. sgemm is the product alone, without top-k, into memory
that is there already; of the two orders of the operands the faster one counts. An OpenBLAS that is older than the processor
takes it for one with SSE3 alone; then it is started anew with the kernels for what the processor has.
"""
import ctypes
import os
import re
import sys
import time

rows_file, queries_file, dimensions, k, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ[name] = str(threads)

import numpy as np  # noqa: E402  (the threads are read when it is loaded)

rows = np.fromfile(rows_file, np.float32).reshape(-1, dimensions)
queries = np.fromfile(queries_file, np.float32).reshape(-1, dimensions)
try:
    import faiss

    faiss.omp_set_num_threads(threads)
except ImportError:
    faiss = None

with open("/proc/self/maps") as maps:
    blas = {m[1]: m[0].strip() for m in re.finditer(r"/\S*?/(lib(?:openblas|blas|mkl)[^/\s]*)\n", maps.read())}
openblas = sorted(b for b in blas if "openblas" in b)
kernels = ""
if openblas:
    library = ctypes.CDLL(blas[openblas[0]])
    library.openblas_get_corename.restype = ctypes.c_char_p
    kernels = library.openblas_get_corename().decode()
    with open("/proc/cpuinfo") as info:
        flags = set(re.search(r"^flags\s*:(.*)$", info.read(), re.M)[1].split()) if os.uname().machine == "x86_64" else set()
    known = "SkylakeX" if {"avx512f", "avx512bw"} <= flags else "Haswell" if "avx2" in flags else ""
    if kernels == "Prescott" and known and "OPENBLAS_CORETYPE" not in os.environ:
        os.environ["OPENBLAS_CORETYPE"] = known
        os.execv(sys.executable, [sys.executable, *sys.argv])
print(f"numpy {np.__version__}, {' '.join(openblas) + ' with the kernels for ' + kernels if openblas else 'NO OPENBLAS'}; "
      f"{'FAISS ' + faiss.__version__ + ' as Debian builds it' if faiss else 'no FAISS'}", flush=True)

index = None
out = {}
for line in sys.stdin:
    what, first, count = line.split()
    batch = queries[int(first):int(first) + int(count)]
    if what == "sgemm":
        if len(batch) not in out:
            out[len(batch)] = (np.empty((len(rows), len(batch)), np.float32), np.empty((len(batch), len(rows)), np.float32))
        tall, wide = out[len(batch)]
        started = time.perf_counter()
        np.matmul(rows, batch.T, out=tall)
        between = time.perf_counter()
        np.matmul(batch, rows.T, out=wide)
        ended = time.perf_counter()
        print(min(between - started, ended - between), flush=True)
    else:
        if index is None:
            index = faiss.IndexFlatIP(dimensions)
            index.add(rows)
        started = time.perf_counter()
        index.search(batch, k)
        print(time.perf_counter() - started, flush=True)
