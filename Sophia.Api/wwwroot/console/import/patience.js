// Tries again what the service refuses for the moment: when it does not answer, is busy, or has no store.
const MostTries = 8;

/** Returns what the call answers. onWait(seconds, problem) before each further try. Throws Problem, or the signal's reason. */
export async function patiently(call, { signal, onWait }) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const isPassing = error.status === 0 || error.status === 429 || error.status === 503;
      if (!isPassing || attempt === MostTries) throw error;
      const seconds = error.retryAfter || Math.min(2 ** (attempt - 1), 10);
      onWait(seconds, error);
      await new Promise((done, stopped) => {
        const timer = setTimeout(done, seconds * 1000);
        signal.addEventListener('abort', () => { clearTimeout(timer); stopped(signal.reason); }, { once: true });
      });
    }
  }
}
