import {z} from 'zod';

/** The URL of one Redis, or of several nodes of one Cluster, separated by commas. */
export const redisUrls = () =>
  z.string().superRefine((text, context) => {
    for (const url of text.split(',')) {
      const problem = serverUrlProblem(url.trim(), ['redis', 'rediss']);
      if (problem !== undefined) return context.addIssue(problem);
    }
  });

/** The URL of one PostgreSQL. */
export const postgresUrl = () =>
  z.string().superRefine((text, context) => {
    const problem = serverUrlProblem(text, ['postgres', 'postgresql']);
    if (problem !== undefined) context.addIssue(problem);
  });

/** Why this is not the URL of a server with a sign-in, in words that do not show it. */
function serverUrlProblem(text: string, schemes: readonly string[]): string | undefined {
  const start = schemes.map(scheme => `${scheme}://`).join(' or ');
  if (!schemes.some(scheme => text.toLowerCase().startsWith(`${scheme}://`)))
    return `must start with ${start}${schemes.includes('redis') ? ', and each of several; a comma in a password is %2C' : ''}`;
  const url = URL.parse(text);
  const signsIn = text.includes('@');
  const cutShort = url === null || `${url.pathname}${url.search}${url.hash}`.includes('@');
  if (signsIn && (cutShort || !isEncoded(url.username) || !isEncoded(url.password)))
    return 'has a sign in its user or password that must be percent-encoded: # is %23, / is %2F, ? is %3F, % is %25';
  if (url === null || (url.hostname === '' && schemes.includes('redis')))
    return `must name a server, as in ${schemes[0]}://127.0.0.1`;
  if (schemes.includes('redis') && !/^\/?\d*$/.test(url.pathname))
    return 'must end in the number of a database, or in none';
  return undefined;
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
