// What a page asks again and again.

/**
 * Acts every so many milliseconds while the page is open and seen, but not while the last time is under way, so that no
 * answer comes after a newer one. Returns what acts out of turn.
 */
/** An answer that takes longer is not waited for. */
export const LongestAnswerMs = 15_000;

export function everyTick(delay, action, signal) {
  let isUnderWay = false;
  const tick = async () => {
    if (document.hidden || isUnderWay) return;
    isUnderWay = true;
    try {
      await action();
    } finally {
      isUnderWay = false;
    }
  };
  const timer = setInterval(tick, delay);
  signal.addEventListener('abort', () => clearInterval(timer));
  return tick;
}
