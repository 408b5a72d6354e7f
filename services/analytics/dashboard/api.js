/** A request that failed, with what to do about it. */
export class Refused extends Error {
  name = 'Refused';
  constructor(status, {detail, cure, field, isAway = false}) {
    super(detail);
    this.status = status;
    this.cure = cure;
    this.field = field;
    /** Whether nothing can be asked now: analytics or its database is away. */
    this.isAway = isAway;
  }
}

/** Dispatches `signed-out` when the session has ended, and `away` when analytics or its database does not answer. */
export const connection = new EventTarget();

function refused(status, answer) {
  const problem = new Refused(status, answer);
  if (problem.isAway) connection.dispatchEvent(new CustomEvent('away', {detail: problem}));
  return problem;
}

async function ask(path, options = {}) {
  const response = await fetch(path, {headers: {accept: 'application/json'}, ...options}).catch(thrown => {
    if (thrown.name === 'AbortError') throw thrown;
    throw refused(0, {detail: 'Analytics does not answer', isAway: true});
  });
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => ({detail: `answer ${response.status}`}));
  if (response.ok) return answer;
  if (response.status === 401 && !path.endsWith('/sign-in')) connection.dispatchEvent(new Event('signed-out'));
  throw refused(response.status, {...answer, isAway: response.headers.has('retry-after') && response.status === 503});
}

const query = parameters =>
  new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')).toString();

/** The address of a question, also for a link to its CSV. */
export const addressOf = (path, parameters) => `${path}?${query(parameters)}`;
export const get = (path, parameters = {}, signal) => ask(addressOf(path, parameters), {signal});
export const remove = path => ask(path, {method: 'DELETE'});
export const post = (path, body = {}) =>
  ask(path, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)});
