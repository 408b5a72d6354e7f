import {execFile} from 'node:child_process';
import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {ConnectionOptions} from 'node:tls';
import {promisify} from 'node:util';
import {startRedisBinary, type RedisBinary} from './private-redis.ts';

const run = promisify(execFile);

/** Certificates of an authority of our own, in a temporary folder as `<name>.crt` and `<name>.key`. */
export interface Certificates extends AsyncDisposable {
  readonly folder: string;
  /** The authority's certificate, as text. */
  readonly authority: string;
  /** How a client of ours connects to a server with one of these certificates, whatever its name is. */
  readonly forClients: ConnectionOptions;
}

/** Whether this machine can make certificates. */
export async function hasOpenssl(): Promise<boolean> {
  return run('openssl', ['version']).then(
    () => true,
    () => false,
  );
}

/** Whether this machine can make certificates, and this server was built with TLS. */
export async function hasTls(binary: RedisBinary): Promise<boolean> {
  if (!(await hasOpenssl())) return false;
  const redis = await startRedisBinary(binary, {settings: ['--tls-port', '0']}).catch(() => undefined);
  await redis?.close();
  return redis !== undefined;
}

/** An authority, and two certificates by it: `client`, and `server` for these names, loopback if none are given. */
export async function makeCertificates({server = 'DNS:localhost,IP:127.0.0.1'} = {}): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'voicebridge-tls-'));
  const dispose = () => rm(folder, {recursive: true, force: true});
  const ca = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.crt', '-days', '1'];
  const issue = async (name: string, alternatives: string) => {
    const key = ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`];
    await run('openssl', ['req', ...key, '-out', `${name}.csr`, '-subj', `/CN=${name}`], {cwd: folder});
    await writeFile(join(folder, `${name}.cnf`), `subjectAltName=${alternatives}\n`);
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1', '-extfile', `${name}.cnf`];
    await run('openssl', ['x509', '-req', '-in', `${name}.csr`, '-out', `${name}.crt`, ...by], {cwd: folder});
  };
  try {
    await run('openssl', ['req', ...ca, '-subj', '/CN=our own authority'], {cwd: folder});
    await issue('server', server);
    await issue('client', 'DNS:client');
    const read = (name: string) => readFile(join(folder, name), 'utf8');
    const [authority, cert, key] = [await read('ca.crt'), await read('client.crt'), await read('client.key')];
    const forClients = {ca: authority, cert, key, checkServerIdentity: () => undefined};
    return {folder, authority, forClients, [Symbol.asyncDispose]: dispose};
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
}
