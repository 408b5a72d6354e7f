/** A request that failed, with what to do about it. */
export class Refused extends Error {
  name = 'Refused';
  constructor(status, {error, cure}) {
    super(error);
    this.status = status;
    this.cure = cure;
  }
}

/** Dispatches `signed-out` when the session has ended. */
export const signedOut = new EventTarget();

async function ask(path, options = {}) {
  const response = await fetch(path, {headers: {accept: 'application/json'}, ...options}).catch(thrown => {
    if (thrown.name === 'AbortError') throw thrown;
    throw new Refused(0, {error: 'Analytics does not answer', cure: 'change a filter to try again'});
  });
  if (response.status === 204) return undefined;
  const answer = await response.json().catch(() => ({error: `answer ${response.status}`}));
  if (response.ok) return answer;
  if (response.status === 401 && !path.endsWith('/sign-in')) signedOut.dispatchEvent(new Event('signed-out'));
  throw new Refused(response.status, answer);
}

const query = parameters =>
  new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')).toString();

/** The address of a question, also for a link to its CSV. */
export const addressOf = (path, parameters) => `${path}?${query(parameters)}`;
export const get = (path, parameters = {}, signal) => ask(addressOf(path, parameters), {signal});
export const remove = path => ask(path, {method: 'DELETE'});
export const post = (path, body = {}) =>
  ask(path, {method: 'POST', headers: {'content-type': 'application/json'}, body: JSON.stringify(body)});
