// What went wrong, as the service says it (RFC 9457): title, detail, what to do, code, trace id.
import { h } from './dom.js';

/** A refusal or failure of a call. status is 0 when the service did not answer at all. */
export class Problem extends Error {
  constructor(body, status) {
    super(body.detail ?? body.title ?? `The service answered ${status}.`);
    Object.assign(this, { title: body.title, detail: body.detail, code: body.code, suggestion: body.suggestion, traceId: body.traceId, errors: body.errors ?? [], status });
  }

  static async of(response) {
    const isProblem = response.headers.get('content-type')?.includes('json');
    let body = null;
    if (isProblem) body = await response.json();
    return new Problem(body ?? { title: `Answer ${response.status}`, detail: 'The answer was not from the service itself, maybe from a proxy before it.' }, response.status);
  }

  static unreachable(cause) {
    return new Problem({
      title: 'No answer', code: 'unreachable', detail: `The service did not answer (${cause.message}).`,
      suggestion: 'See whether it runs and the network is there, then try again.',
    }, 0);
  }
}

/** The problem as a box. retry adds a button. */
export function problemBox(problem, retry) {
  const isKnown = problem instanceof Problem;
  return h('section', { class: 'problem', role: 'alert' },
    h('h3', null, isKnown ? problem.title ?? 'Refused' : 'This page failed'),
    h('p', null, isKnown ? problem.detail ?? problem.message : `${problem?.message ?? problem}`),
    isKnown && problem.errors.length > 0 && h('ul', { class: 'problem-fields' }, problem.errors.map((e) => h('li', null, h('code', null, e.path), ' ', e.message))),
    isKnown && problem.suggestion && h('p', { class: 'problem-do' }, problem.suggestion),
    isKnown && h('p', { class: 'problem-ids' },
      problem.code && h('span', null, 'code ', h('code', null, problem.code)),
      problem.status > 0 && h('span', null, 'status ', h('code', null, problem.status)),
      problem.traceId && h('span', null, 'trace ', h('code', null, problem.traceId))),
    retry && h('button', { type: 'button', class: 'button', onclick: retry }, 'Try again'));
}
