// The calls of one import are all of one caller: with another key the rest would go into another tenant, and delete there.
import { call } from '../core/api.js';
import { Problem } from '../core/problem.js';
import { caller } from '../core/session.js';

/** Returns call() for who is asking now: once somebody else is, it throws a Problem and asks nothing. */
export function callAsNow() {
  const mine = caller();
  return async (path, options) => {
    if (caller() !== mine) throw new Problem({ title: 'Another key', detail: 'The key was changed; drop the files again to import with the new one.' });
    return await call(path, options);
  };
}
